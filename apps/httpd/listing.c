/* SPDX-License-Identifier: MIT */
/*
 * Names are collected first, bounded in number and bytes, then sorted, directories first, and
 * written as a table. Everything works in one piece of the budget that is given back, but for the
 * page itself, before the call returns.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "budget.h"
#include "date.h"
#include "listing.h"
#include "path.h"

enum { FILE_PATH_MAX = 2048 };

struct entry {
    const char *name;
    size_t len;
    int64_t size;
    int64_t modified;
    bool directory;
};

struct workspace {
    struct entry entries[LISTING_ENTRIES_MAX];
    unsigned count;
    unsigned left_out;
    size_t names_used;
    size_t path_len;
    char path[FILE_PATH_MAX];
    char names[LISTING_NAMES_MAX];
    char page[LISTING_PAGE_MAX];
};

static const char page_start[] =
    "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width\">\n<style>"
    "body{font:16px/1.5 system-ui,sans-serif;max-width:50em;margin:2em auto;padding:0 1em}"
    "td{padding:.1em 1.5em .1em 0}td+td{text-align:right;color:#666;white-space:nowrap}"
    "</style>\n<title>Index of ";

static int by_kind_and_name(const void *left, const void *right)
{
    const struct entry *a = left;
    const struct entry *b = right;

    if (a->directory != b->directory)
        return a->directory ? -1 : 1;
    return strcmp(a->name, b->name);
}

/* Fills in what stat knows; false if the entry should not be shown. */
static bool look_at(struct workspace *w, struct entry *entry)
{
    struct stat status;

    if (w->path_len + entry->len + 1 > sizeof(w->path))
        return false;
    memcpy(w->path + w->path_len, entry->name, entry->len + 1);
    if (stat(w->path, &status) < 0)
        return false;
    entry->directory = S_ISDIR(status.st_mode);
    entry->size = status.st_size;
    entry->modified = status.st_mtime;
    return entry->directory || S_ISREG(status.st_mode);
}

static void collect(struct workspace *w, const char *name)
{
    size_t len = strlen(name);
    struct entry *entry = &w->entries[w->count];

    if (!path_can_name(name, len))
        return;
    if (w->count == LISTING_ENTRIES_MAX || len + 1 > sizeof(w->names) - w->names_used) {
        w->left_out++;
        return;
    }
    entry->name = memcpy(w->names + w->names_used, name, len + 1);
    entry->len = len;
    if (!look_at(w, entry))
        return;
    w->names_used += len + 1;
    w->count++;
}

static int read_directory(struct workspace *w, const char *path)
{
    DIR *directory;
    struct dirent *found;

    w->path_len = strlen(path);
    if (w->path_len >= sizeof(w->path))
        return -ENAMETOOLONG;
    memcpy(w->path, path, w->path_len);
    directory = opendir(path);
    if (!directory)
        return errno > 0 ? -errno : -EIO;
    for (errno = 0; (found = readdir(directory)) != NULL; errno = 0)
        collect(w, found->d_name);

    int error = -errno;

    closedir(directory);
    return error;
}

/* Writes one row, or nothing if it does not fit. */
static bool put_row(struct text *t, const struct entry *entry)
{
    size_t start = t->len;
    char date[DATE_LIST_LENGTH];
    const char *slash = entry->directory ? "/" : "";

    text_literal(t, "<tr><td><a href=\"");
    text_uri(t, entry->name, entry->len);
    text_string(t, slash);
    text_literal(t, "\">");
    text_html(t, entry->name, entry->len);
    text_string(t, slash);
    text_literal(t, "</a><td>");
    if (!entry->directory)
        text_number(t, (uint64_t)entry->size);
    text_literal(t, "<td>");
    date_format_list(entry->modified, date);
    text_put(t, date, sizeof(date));
    text_literal(t, "\n");
    if (t->overflow)
        t->len = start;
    return !t->overflow;
}

static size_t write_page(struct workspace *w, const char *shown, size_t shown_len)
{
    /* Room for the last lines is kept back, so that they always fit. */
    struct text t = { .data = w->page, .cap = sizeof(w->page) - 128 };
    unsigned rows = 0;

    text_string(&t, page_start);
    text_html(&t, shown, shown_len);
    text_literal(&t, "</title></head><body>\n<h1>Index of ");
    text_html(&t, shown, shown_len);
    text_literal(&t, "</h1>\n<table>\n");
    if (shown_len > 1)
        text_literal(&t, "<tr><td><a href=\"../\">../</a><td><td>\n");
    while (rows < w->count && put_row(&t, &w->entries[rows]))
        rows++;
    t.cap = sizeof(w->page);
    text_literal(&t, "</table>\n");
    if (rows < w->count || w->left_out > 0) {
        text_literal(&t, "<p>and ");
        text_number(&t, w->count - rows + w->left_out);
        text_literal(&t, " more</p>\n");
    }
    text_literal(&t, "</body></html>\n");
    return t.len;
}

int listing_make(const char *path, const char *shown, size_t shown_len, struct body *body)
{
    struct workspace *w = budget_take(sizeof(*w));
    char *page = NULL;
    size_t len = 0;

    if (!w)
        return -ENOMEM;
    w->count = w->left_out = 0;
    w->names_used = 0;

    int error = read_directory(w, path);

    if (error == 0) {
        qsort(w->entries, w->count, sizeof(w->entries[0]), by_kind_and_name);
        len = write_page(w, shown, shown_len);
        page = budget_take(len);
        error = page ? 0 : -ENOMEM;
    }
    if (error == 0) {
        memcpy(page, w->page, len);
        *body = (struct body){ .memory = page, .memory_size = len, .left = (int64_t)len };
    }
    budget_give(w, sizeof(*w));
    return error;
}
