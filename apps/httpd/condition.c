/* SPDX-License-Identifier: MIT */
/*
 * Fields that cannot be read are ignored where that leads to a full answer. A list of entity tags
 * is walked strictly, so that a quote or comma inside a tag cannot be taken for the end of one.
 */
#include <string.h>

#include "condition.h"
#include "date.h"

static size_t skip_separators(const char *list, size_t len, size_t at)
{
    while (at < len && (list[at] == ' ' || list[at] == '\t' || list[at] == ','))
        at++;
    return at;
}

/* True if "*" or one tag of the list matches; strong comparison refuses weak tags on both sides. */
static bool list_matches(const char *list, size_t len, const struct validators *file, bool strong)
{
    if (len == 1 && list[0] == '*')
        return true;
    for (size_t at = skip_separators(list, len, 0); at < len; at = skip_separators(list, len, at)) {
        bool weak = len - at > 2 && list[at] == 'W' && list[at + 1] == '/';

        if (weak)
            at += 2;

        const char *end = list[at] == '"' ? memchr(list + at + 1, '"', len - at - 1) : NULL;

        if (!end)
            return false;

        size_t tag_len = (size_t)(end + 1 - (list + at));

        if (tag_len == file->etag_len && memcmp(list + at, file->etag, tag_len) == 0 &&
            !(strong && (weak || file->weak)))
            return true;
        at += tag_len;
    }
    return false;
}

/* True if the field holds a date and the file has not changed since. */
static bool unmodified_since(const char *head, struct slice field, int64_t modified, bool *valid)
{
    int64_t date;

    *valid = date_parse(head + field.at, field.len, &date) == 0;
    return *valid && modified <= date;
}

enum condition_verdict condition_check(const struct request *request, const char *head,
                                       const struct validators *file)
{
    struct slice match = request->kept[FIELD_IF_MATCH];
    struct slice none_match = request->kept[FIELD_IF_NONE_MATCH];
    struct slice since = request->kept[FIELD_IF_MODIFIED_SINCE];
    struct slice not_since = request->kept[FIELD_IF_UNMODIFIED_SINCE];
    bool valid;

    if (match.at != 0) {
        if (!list_matches(head + match.at, match.len, file, true))
            return CONDITION_FAILED;
    } else if (not_since.at != 0) {
        if (!unmodified_since(head, not_since, file->modified, &valid) && valid)
            return CONDITION_FAILED;
    }
    if (none_match.at != 0) {
        if (list_matches(head + none_match.at, none_match.len, file, false))
            return CONDITION_NOT_MODIFIED;
    } else if (since.at != 0) {
        if (unmodified_since(head, since, file->modified, &valid))
            return CONDITION_NOT_MODIFIED;
    }
    return CONDITION_HOLDS;
}

bool condition_range_allowed(const struct request *request, const char *head,
                             const struct validators *file)
{
    struct slice field = request->kept[FIELD_IF_RANGE];
    const char *value = head + field.at;
    int64_t date;

    if (field.at == 0)
        return true;
    if (file->weak || field.len == 0)
        return false;
    if (value[0] == '"')
        return field.len == file->etag_len && memcmp(value, file->etag, field.len) == 0;
    return date_parse(value, field.len, &date) == 0 && date == file->modified;
}
