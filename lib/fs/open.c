/* SPDX-License-Identifier: MIT */
/* Opening by path. */
#include <errno.h>
#include <fcntl.h>

#include "internal.h"

static bool writes(int flags)
{
    return (flags & O_ACCMODE) != O_RDONLY;
}

/* May this node be opened so? */
static int check_open(const struct node *node, int flags)
{
    switch (node->attributes.mode & FILE_TYPE) {
    case FILE_LINK:
        return -ELOOP;
    case FILE_DIRECTORY:
        return writes(flags) || (flags & (O_CREAT | O_TRUNC)) != 0 ? -EISDIR : 0;
    default:
        if ((flags & O_DIRECTORY) != 0)
            return -ENOTDIR;
        return writes(flags) && node_is_read_only(node) ? -EROFS : 0;
    }
}

/* Make the file that was not there. -EEXIST: somebody else has, meanwhile. */
static int make(struct walk *walk, uint32_t mode)
{
    struct mutex *changing = &walk->directory->mount->changing;
    struct node_wish wish = { .mode = FILE_REGULAR | (mode & FILE_PERMISSIONS) };
    int result;

    if (walk->slash)
        return -EISDIR;
    mutex_lock(changing);
    result = vfs_make(walk->directory, &walk->last, &wish, &walk->node);
    mutex_unlock(changing);
    if (result != 0)
        walk->node = NULL;
    return result;
}

/* How often it may happen that a file is there when it is to be made, and was not a moment before. */
#define TRIES 8u

/* The node that is to be opened, in walk->node; *made: it is new. */
static int find_or_make(struct walk *walk, struct node *at, const char *path, int flags,
                        uint32_t mode, bool *made)
{
    bool exclusive = (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL);
    bool follow = !exclusive && (flags & O_NOFOLLOW) == 0;
    unsigned int tries = 0;
    int result;

    do {
        result = walk_path(walk, at, path, follow ? WALK_FOLLOW : WALK_NOFOLLOW);
        if (result != 0)
            return result;
        *made = walk->node == NULL;
        if (walk->node == NULL)
            result = (flags & O_CREAT) != 0 ? make(walk, mode) : -ENOENT;
        else if (exclusive)
            result = -EEXIST;
        if (result != 0)
            walk_finish(walk);
    } while (result == -EEXIST && !exclusive && ++tries < TRIES);
    return result;
}

static int cut(struct node *node)
{
    static const struct file_attributes empty;

    return node_set_attributes(node, &empty, ATTRIBUTE_SIZE);
}

/* Takes over the node's reference. */
static int open_node(struct node *node, int flags, bool made, struct file **file)
{
    int result = node->operations->refresh != NULL ? node->operations->refresh(node) : 0;

    if (result == 0 && !made)
        result = check_open(node, flags);
    if (result == 0 && (flags & O_TRUNC) != 0 && writes(flags) && node_is(node, FILE_REGULAR) &&
        node->attributes.size > 0)
        result = cut(node);
    if (result == 0)
        result = node->operations->open != NULL ? node->operations->open(node, flags, file)
                                                : -ENOTSUP;
    if (result == -ENOTSUP)
        result = vfs_file_create(node, flags, file);
    else if (result == 0)
        node_put(node);
    if (result != 0)
        node_put(node);
    return result;
}

int vfs_open(struct node *at, const char *path, int flags, uint32_t mode, struct file **file)
{
    struct walk walk;
    bool made;
    int result = find_or_make(&walk, at, path, flags, mode, &made);

    if (result != 0)
        return result;
    result = open_node(node_get(walk.node), flags, made, file);
    walk_finish(&walk);
    return result;
}
