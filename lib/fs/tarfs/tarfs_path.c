/* SPDX-License-Identifier: MIT */
/*
 * Paths as an archive writes them: doubled slashes and "." count for nothing, "/" at the start
 * neither, and ".." is no name. A member lands where GNU tar would put it when it unpacks the
 * archive in order:
 *
 *   - a symbolic link on the way is followed, from the directory that it lies in, when it leads to
 *     what is there already;
 *   - but not one whose target is absolute or has a "..": GNU tar makes these last of all, and
 *     until then an empty file stands in their place;
 *   - a link that is the path's last name is not followed: the member takes its place.
 *
 * Members of one directory stand together, so the last one's directory is kept: most paths cost one
 * comparison and one look-up.
 */
#include <errno.h>
#include <string.h>

#include "tarfs.h"

#define SYMBOLIC_LINKS_MAXIMUM 40u

/* A walk along a path. What is left of it lies in the caller's text, or in path->through_links. */
struct walk {
    struct tar_path *path;
    struct tar_index *index;
    struct tar_entry *entry;
    const char *rest;
    const char *link_end; /* up to here the rest came from a link: all of it must be there */
    unsigned int links;
    bool make;
    bool made; /* the entry is new: it is to be a directory if the path goes on */
};

/* The next component of a path: its length; *path moves behind it and its slash. */
static size_t path_component(const char **path, const char **name)
{
    size_t length = strcspn(*path, "/");

    *name = *path;
    *path += length;
    if (**path == '/')
        (*path)++;
    return length;
}

static size_t archive_component(const char **path, const char **name)
{
    size_t length;

    do {
        length = path_component(path, name);
    } while (**path != '\0' && (length == 0 || (length == 1 && **name == '.')));
    return length == 1 && **name == '.' ? 0 : length;
}

static int check_component(const char *name, size_t length)
{
    if (length > VFS_NAME_MAX)
        return -ENAMETOOLONG;
    return length == 2 && name[0] == '.' && name[1] == '.' ? -EINVAL : 0;
}

/* Is there a further name in the path? */
static bool goes_on(const char *path)
{
    const char *name;

    return archive_component(&path, &name) > 0;
}

static bool may_lead_out(const char *target)
{
    const char *name;

    if (*target == '/' || *target == '\0')
        return true;
    while (*target != '\0') {
        size_t length = path_component(&target, &name);

        if (length == 2 && name[0] == '.' && name[1] == '.')
            return true;
    }
    return false;
}

/* Go on from the link's directory, along its target and then the rest. */
static int follow(struct walk *walk)
{
    const char *target = walk->entry->target;
    size_t length = strlen(target), rest = strlen(walk->rest);
    char *text = walk->path->through_links;

    if (may_lead_out(target))
        return -ENOTDIR;
    if (++walk->links > SYMBOLIC_LINKS_MAXIMUM)
        return -ELOOP;
    if (length + 1 + rest >= VFS_PATH_MAX)
        return -ENAMETOOLONG;
    /* What is to be there behind this link may reach further than the link itself. */
    walk->link_end = walk->link_end > walk->rest ? text + length + 1 + (walk->link_end - walk->rest)
                                                 : text + length;
    memmove(text + length + 1, walk->rest, rest + 1);
    memcpy(text, target, length);
    text[length] = '/';
    walk->rest = text;
    walk->entry = walk->entry->parent;
    return 0;
}

/* One name further. */
static int step(struct walk *walk, const char *name, size_t length)
{
    struct tar_entry *next;
    int result = check_component(name, length);

    if (result != 0)
        return result;
    if ((walk->entry->mode & FILE_TYPE) != FILE_DIRECTORY)
        return -ENOTDIR;
    next = tar_index_child(walk->index, walk->entry, name, length);
    walk->made = next == NULL;
    if (next == NULL && (!walk->make || name < walk->link_end))
        return -ENOENT;
    if (next == NULL)
        next = tar_index_add(walk->index, walk->entry, name, length);
    if (next == NULL)
        return -ENOMEM;
    walk->entry = next;
    if (!goes_on(walk->rest))
        return 0;
    if (walk->made)
        tar_entry_set_directory(next);
    return (next->mode & FILE_TYPE) == FILE_LINK ? follow(walk) : 0;
}

static int go(struct walk *walk)
{
    const char *name;
    int result = 0;

    while (result == 0 && *walk->rest != '\0') {
        size_t length = archive_component(&walk->rest, &name);

        if (length > 0)
            result = step(walk, name, length);
    }
    return result;
}

/*
 * The path up to its last name, and the length of that name, when this is one of some length, and
 * something else than "." or ".." (which the last step refuses): else 0.
 */
static size_t directory_length(const char *text, size_t *name_length)
{
    const char *last;
    size_t length = strlen(text);

    while (length > 0 && text[length - 1] == '/')
        length--;
    last = memrchr(text, '/', length);
    if (last == NULL || (last[1] == '.' && length - (size_t)(last - text) == 2))
        return 0;
    *name_length = length - (size_t)(last - text) - 1;
    return length - *name_length;
}

/* Names that lead nowhere must not leave directories behind: look at all before the first step. */
static int check_path(const char *text)
{
    const char *name;
    int result = *text == '\0' ? -EINVAL : 0;

    while (result == 0 && *text != '\0') {
        size_t length = path_component(&text, &name);

        result = check_component(name, length);
    }
    return result;
}

static bool in_last_directory(const struct tar_path *path, const char *text, size_t length)
{
    return path->directory != NULL && length > 0 && length == path->directory_length &&
           memcmp(text, path->directory_path, length) == 0;
}

static void remember(struct tar_path *path, const char *text, size_t length,
                     struct tar_entry *directory)
{
    if (length == 0 || length >= VFS_PATH_MAX)
        return;
    memcpy(path->directory_path, text, length);
    path->directory_length = length;
    path->directory = directory;
}

int tar_path_make(struct tar_path *path, struct tar_index *index, const char *text,
                  struct tar_entry **entry)
{
    struct walk walk = {
        .path = path, .index = index, .entry = index->root, .rest = text, .make = true
    };
    size_t name_length, length = directory_length(text, &name_length);
    int result;

    if (in_last_directory(path, text, length)) {
        walk.entry = path->directory;
        walk.rest = "";
        result = step(&walk, text + length, name_length);
    } else {
        result = check_path(text);
        if (result == 0)
            result = go(&walk);
        if (result == 0)
            remember(path, text, length, walk.entry->parent);
    }
    *entry = walk.entry;
    return result;
}

struct tar_entry *tar_path_find(struct tar_path *path, struct tar_index *index, const char *text)
{
    struct walk walk = { .path = path, .index = index, .entry = index->root, .rest = text };

    return go(&walk) == 0 ? walk.entry : NULL;
}

void tar_path_forget(struct tar_path *path)
{
    path->directory = NULL;
}
