/* SPDX-License-Identifier: MIT */
/*
 * pax extended headers: records "LENGTH KEY=VALUE\n", where LENGTH counts the whole record, itself
 * and the newline included. Keys that matter here: path, linkpath, size, mtime, uid, gid, and those of GNU's
 * sparse files, whose map has three forms:
 *
 *   0.0   GNU.sparse.offset and GNU.sparse.numbytes, in turn, once for each segment
 *   0.1   GNU.sparse.map: OFFSET,LENGTH,OFFSET,LENGTH,...
 *   1.0   GNU.sparse.major and minor say so; the map stands before the data
 *
 * GNU.sparse.size or .realsize is the file's size, and GNU.sparse.name its name.
 */
#include <errno.h>
#include <string.h>

#include "lib/mm/heap.h"
#include "tarfs.h"

#define MALFORMED "malformed pax record"
#define BAD_NAME "a name that cannot be"
#define NS_IN_SECOND 1000000000u
#define BAD_MAP "a sparse file whose map is damaged"

/* One record, and where what it says goes. */
struct record {
    const struct tar_index *index;
    struct tar_extension *extension;
    const char *value, *end;
    const char *problem;
};

int tar_copy_name(char *to, const char *name, size_t length)
{
    if (length >= VFS_PATH_MAX)
        return -ENAMETOOLONG;
    if (memchr(name, '\0', length) != NULL)
        return -EINVAL;
    memcpy(to, name, length);
    to[length] = '\0';
    return 0;
}

void tar_extension_clear(struct tar_extension *extension)
{
    kernel_free(extension->map);
    memset(extension, 0, offsetof(struct tar_extension, name));
}

/* Decimal digits, up to `end` or one of `stop`; *text moves behind them. False: none or too many. */
static bool digits(const char **text, const char *end, uint64_t *value)
{
    const char *start = *text;
    uint64_t number = 0;

    for (; *text < end && **text >= '0' && **text <= '9'; (*text)++) {
        if (number > UINT64_MAX / 20)
            return false;
        number = number * 10 + (uint64_t)(**text - '0');
    }
    *value = number;
    return *text > start;
}

/* A value that is one number. */
static bool whole_number(const struct record *record, uint64_t *value)
{
    const char *text = record->value;

    return digits(&text, record->end, value) && text == record->end;
}

static void set_name(struct record *record, char *name, bool *has)
{
    if (tar_copy_name(name, record->value, (size_t)(record->end - record->value)) == 0)
        *has = true;
    else
        record->extension->unusable = BAD_NAME;
}

static int take_path(struct record *record)
{
    if (!record->extension->sparse_name)
        set_name(record, record->extension->name, &record->extension->has_name);
    return 0;
}

static int take_linkpath(struct record *record)
{
    set_name(record, record->extension->link, &record->extension->has_link);
    return 0;
}

static int take_size(struct record *record)
{
    record->extension->has_size = whole_number(record, &record->extension->size);
    if (record->extension->has_size)
        return 0;
    record->problem = "bad size in a pax record";
    return -EINVAL;
}

/* What follows the point: digits of a second, as nanoseconds. */
static uint32_t fraction(const char *text, const char *end)
{
    uint32_t unit = NS_IN_SECOND / 10, ns = 0;

    for (; text < end && *text >= '0' && *text <= '9'; text++, unit /= 10)
        ns += unit * (uint32_t)(*text - '0');
    return ns;
}

/* Seconds and nanoseconds, rounded down; what is no time is 0. */
static int take_mtime(struct record *record)
{
    struct tar_extension *extension = record->extension;
    const char *text = record->value;
    bool negative = text < record->end && *text == '-';
    uint64_t seconds;
    uint32_t ns = 0;

    text += negative;
    if (!digits(&text, record->end, &seconds) || seconds > INT64_MAX - 1 ||
        (text < record->end && *text != '.'))
        seconds = 0;
    else if (text < record->end)
        ns = fraction(text + 1, record->end);
    extension->has_mtime = true;
    extension->mtime = negative ? -(int64_t)seconds - (ns != 0) : (int64_t)seconds;
    extension->mtime_ns = negative && ns != 0 ? NS_IN_SECOND - ns : ns;
    return 0;
}

static void take_owner(struct record *record, uint32_t *number, bool *has)
{
    uint64_t value;

    *has = whole_number(record, &value) && value <= UINT32_MAX;
    if (*has)
        *number = (uint32_t)value;
}

static int take_uid(struct record *record)
{
    take_owner(record, &record->extension->uid, &record->extension->has_uid);
    return 0;
}

static int take_gid(struct record *record)
{
    take_owner(record, &record->extension->gid, &record->extension->has_gid);
    return 0;
}

static int take_sparse_name(struct record *record)
{
    record->extension->sparse_name = true;
    set_name(record, record->extension->name, &record->extension->has_name);
    return 0;
}

/* The map is not what it should be: the member is left out. Lack of memory is the scan's end. */
static int add_segment(struct record *record, uint64_t offset, uint64_t length)
{
    int result = tar_map_add(record->index, &record->extension->map, offset, length);

    if (result != -EINVAL)
        return result;
    record->extension->unusable = BAD_MAP;
    return 0;
}

static int take_sparse_size(struct record *record)
{
    record->extension->sparse = true;
    if (!whole_number(record, &record->extension->real_size))
        record->extension->unusable = BAD_MAP;
    return 0;
}

static int take_sparse_offset(struct record *record)
{
    if (!whole_number(record, &record->extension->segment_offset))
        record->extension->unusable = BAD_MAP;
    return 0;
}

static int take_sparse_length(struct record *record)
{
    uint64_t length;

    if (whole_number(record, &length))
        return add_segment(record, record->extension->segment_offset, length);
    record->extension->unusable = BAD_MAP;
    return 0;
}

static int take_sparse_map(struct record *record)
{
    const char *text = record->value;
    uint64_t offset, length;
    int result = 0;

    while (result == 0 && record->extension->unusable == NULL) {
        if (!digits(&text, record->end, &offset) || text == record->end || *text++ != ',' ||
            !digits(&text, record->end, &length) || (text < record->end && *text != ','))
            record->extension->unusable = BAD_MAP;
        else
            result = add_segment(record, offset, length);
        if (text++ == record->end)
            break;
    }
    return result;
}

static int take_sparse_major(struct record *record)
{
    uint64_t major;

    record->extension->sparse = record->extension->map_in_data = true;
    if (!whole_number(record, &major) || major != 1)
        record->extension->unusable = "a sparse file of an unknown form";
    return 0;
}

static const struct {
    const char *key;
    int (*take)(struct record *record);
    bool of_one; /* says nothing in a header for all members */
} keys[] = {
    { "path", take_path, false },
    { "linkpath", take_linkpath, false },
    { "size", take_size, false },
    { "mtime", take_mtime, false },
    { "uid", take_uid, false },
    { "gid", take_gid, false },
    { "GNU.sparse.name", take_sparse_name, true },
    { "GNU.sparse.size", take_sparse_size, true },
    { "GNU.sparse.realsize", take_sparse_size, true },
    { "GNU.sparse.offset", take_sparse_offset, true },
    { "GNU.sparse.numbytes", take_sparse_length, true },
    { "GNU.sparse.map", take_sparse_map, true },
    { "GNU.sparse.major", take_sparse_major, true },
};

static int apply_record(struct record *record, const char *key, size_t length)
{
    size_t i;

    for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (strlen(keys[i].key) == length && memcmp(keys[i].key, key, length) == 0)
            return keys[i].of_one && record->extension->of_all ? 0 : keys[i].take(record);
    return 0;
}

int tar_pax_apply(const struct tar_index *index, const char *records, size_t length,
                  struct tar_extension *extension, const char **problem)
{
    struct record record = { .index = index, .extension = extension, .problem = MALFORMED };
    const char *end = records + length;
    int result = 0;

    while (result == 0 && records < end && *records != '\0') {
        const char *space = records, *equals;
        uint64_t size;

        *problem = MALFORMED;
        if (!digits(&space, end, &size) || space == end || *space != ' ' ||
            size > (uint64_t)(end - records) || size < (uint64_t)(space - records) + 3)
            return -EINVAL;
        record.end = records + size - 1;
        equals = memchr(space, '=', (size_t)(record.end - space));
        if (equals == NULL || *record.end != '\n')
            return -EINVAL;
        record.value = equals + 1;
        result = apply_record(&record, space + 1, (size_t)(equals - space - 1));
        *problem = record.problem;
        records = record.end + 1;
    }
    return result;
}
