/* SPDX-License-Identifier: MIT */
/*
 * pax extended headers: records "LENGTH KEY=VALUE\n", where LENGTH counts the whole record, itself
 * and the newline included. Keys that matter here: path, linkpath, size, mtime, and those of GNU's
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
#define BAD_NAME  "a name that cannot be"
#define BAD_MAP   "a sparse file whose map is damaged"

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

/* Whole seconds, rounded down; what is no time is 0. */
static int take_mtime(struct record *record)
{
    const char *text = record->value;
    bool negative = text < record->end && *text == '-', fraction;
    uint64_t seconds;

    text += negative;
    if (!digits(&text, record->end, &seconds) || seconds > INT64_MAX - 1
        || (text < record->end && *text != '.'))
        seconds = 0;
    fraction = text < record->end && strspn(text + 1, "0") < (size_t)(record->end - text - 1);
    record->extension->has_mtime = true;
    record->extension->mtime = negative ? -(int64_t)seconds - fraction : (int64_t)seconds;
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
        if (!digits(&text, record->end, &offset) || text == record->end || *text++ != ','
            || !digits(&text, record->end, &length) || (text < record->end && *text != ','))
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
        if (!digits(&space, end, &size) || space == end || *space != ' '
            || size > (uint64_t)(end - records) || size < (uint64_t)(space - records) + 3)
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
