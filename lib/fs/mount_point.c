/* SPDX-License-Identifier: MIT */
/*
 * The directory that a mount lies on. Where it cannot be made, since the file system is read-only or
 * full, an empty directory of our own takes its place: it is in the cache of names, where the walk
 * finds it, and in no listing.
 */
#include <errno.h>
#include <string.h>

#include "internal.h"
#include "lib/mm/heap.h"

struct stand_in {
    struct node node;
    struct node *parent; /* with a reference */
    unsigned int holds;  /* mounts and other stand-ins that lie on it */
    struct name name;
    char text[];
};

static struct stand_in *stand_in_of(struct node *node)
{
    return container_of(node, struct stand_in, node);
}

static int stand_in_lookup(struct node *directory, const struct name *name, struct node **node)
{
    if (!name_is_dots(name))
        return -ENOENT;
    *node = node_get(stand_in_of(directory)->parent);
    return 0;
}

static int stand_in_readdir(struct node *directory, struct directory_position *position,
                            struct directory_entry *entry)
{
    return directory_entry_dots(position, entry, directory->attributes.inode,
                                stand_in_of(directory)->parent->attributes.inode);
}

static int stand_in_name_of(struct node *directory, char *name)
{
    const struct name *own = &stand_in_of(directory)->name;

    memcpy(name, own->text, own->length);
    name[own->length] = '\0';
    return 0;
}

static void stand_in_release(struct node *node)
{
    node_put(stand_in_of(node)->parent);
    kernel_free(stand_in_of(node));
}

static const struct node_operations stand_in_operations = {
    .lookup = stand_in_lookup,
    .readdir = stand_in_readdir,
    .name_of = stand_in_name_of,
    .release = stand_in_release,
};

/* One more lies on this node, if it is a stand-in. */
static void hold(struct node *node)
{
    if (node->operations == &stand_in_operations)
        stand_in_of(node)->holds++;
}

static int stand_in_make(struct node *parent, const struct name *name)
{
    struct stand_in *made = kernel_alloc(sizeof(*made) + name->length);
    int result;

    if (made == NULL)
        return -ENOMEM;
    node_init(&made->node, parent->mount, &stand_in_operations);
    made->node.attributes.mode = FILE_DIRECTORY | 0555;
    made->node.attributes.links = 2;
    made->node.attributes.inode = made->node.serial;
    made->parent = node_get(parent);
    made->holds = 0;
    made->name = (struct name){ made->text, name->length };
    memcpy(made->text, name->text, name->length);
    name_cache_forget(parent, name);
    result = name_cache_add(parent, name, &made->node, true);
    if (result == 0)
        hold(parent);
    node_put(&made->node);
    return result;
}

/* See to it that this path leads somewhere. */
static int make_directory(const char *path)
{
    struct node_wish wish = { .mode = FILE_DIRECTORY | 0755 };
    int result = vfs_create(NULL, path, &wish);
    struct walk walk;

    if (result == 0 || result == -EEXIST)
        return 0;
    result = walk_path(&walk, NULL, path, WALK_PARENT);
    if (result != 0)
        return result;
    result = stand_in_make(walk.directory, &walk.last);
    walk_finish(&walk);
    return result;
}

int mount_point_make(const char *path, struct node **point)
{
    char prefix[VFS_PATH_MAX];
    int result = strlen(path) < sizeof(prefix) ? 0 : -ENAMETOOLONG;

    for (size_t i = 1; result == 0 && path[i - 1] != '\0'; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        memcpy(prefix, path, i);
        prefix[i] = '\0';
        result = make_directory(prefix);
    }
    if (result == 0)
        result = vfs_find(NULL, path, VFS_FOLLOW, point);
    if (result == 0 && !node_is(*point, FILE_DIRECTORY)) {
        node_put(*point);
        result = -ENOTDIR;
    }
    if (result == 0)
        hold(*point);
    return result;
}

void mount_point_leave(struct node *point)
{
    while (point->operations == &stand_in_operations && --stand_in_of(point)->holds == 0) {
        struct node *parent = node_get(stand_in_of(point)->parent);

        name_cache_forget(parent, &stand_in_of(point)->name);
        node_put(point);
        point = parent;
    }
    node_put(point);
}
