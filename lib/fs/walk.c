/* SPDX-License-Identifier: MIT */
/*
 * The walk along a path: from a directory, by one component, to a node, and on.
 *
 * A symbolic link puts its text in the place of the path up to it, and the walk goes on from the
 * directory that holds the link, or from the root.
 */
#include <errno.h>
#include <string.h>

#include "internal.h"
#include "lib/mm/heap.h"

static const struct name parent_name = { "..", 2 };

bool name_is_dots(const struct name *name)
{
    return name->text[0] == '.' &&
           (name->length == 1 || (name->length == 2 && name->text[1] == '.'));
}

struct node *vfs_shown(struct node *node)
{
    while (node->covered_by != NULL) {
        struct node *root = node_get(node->covered_by->root);

        node_put(node);
        node = root;
    }
    return node;
}

struct node *vfs_below(struct node *node)
{
    while (node == node->mount->root && node->mount->covered != NULL)
        node = node->mount->covered;
    return node;
}

int vfs_parent(struct node *directory, struct node **parent)
{
    int result = 0;

    directory = vfs_below(directory);
    if (directory == directory->mount->root)
        *parent = node_get(directory);
    else
        result = directory->operations->lookup(directory, &parent_name, parent);
    if (result == 0)
        *parent = vfs_shown(*parent);
    return result;
}

int vfs_child(struct node *directory, const struct name *name, struct node **node)
{
    struct mount *mount = directory->mount;
    unsigned int changes = mount->changes;
    int result;

    if (mount->cached_names > 0 && name_cache_find(directory, name, node))
        return *node != NULL ? 0 : -ENOENT;
    result = directory->operations->lookup(directory, name, node);
    if (mount->quick_names || mount->changes != changes || (result != 0 && result != -ENOENT))
        return result;
    name_cache_add(directory, name, result == 0 ? *node : NULL, false);
    return result;
}

/* One step: 0, or -errno. Through what is mounted there. */
static int step(struct walk *walk, const struct name *name, struct node **node)
{
    struct node *directory = walk->directory;
    int result;

    if (name->length > VFS_NAME_MAX)
        return -ENAMETOOLONG;
    if (!name_is_dots(name)) {
        result = vfs_child(directory, name, node);
        if (result == 0)
            *node = vfs_shown(*node);
        return result;
    }
    if (name->length == 2 && !(name->text < walk->confined && directory == walk->confined_to))
        return vfs_parent(directory, node);
    *node = node_get(directory);
    return 0;
}

/* Go on from another directory; takes over the reference. */
static void move_to(struct walk *walk, struct node *directory)
{
    node_put(walk->directory);
    walk->directory = directory;
}

/* `target` and what follows in the path, as a new text. */
static char *joined(const char *target, const char *rest)
{
    size_t length = strlen(target), rest_length = strlen(rest);
    char *text = kernel_alloc(length + rest_length + 1);

    if (text == NULL)
        return NULL;
    memcpy(text, target, length);
    memcpy(text + length, rest, rest_length + 1);
    return text;
}

/* Go on at the target of `link`, then at *rest; *rest becomes the path to go on with. */
static int follow(struct walk *walk, struct node *link, const char **rest)
{
    struct mount *mount = link->mount;
    size_t confined = walk->confined > *rest ? (size_t)(walk->confined - *rest) : 0;
    char *target, *text;
    int result = walk->links++ < VFS_LINKS_MAX ? node_target(link, &target) : -ELOOP;

    if (result != 0)
        return result;
    text = target[0] != '\0' ? joined(target, *rest) : NULL;
    if (text == NULL) {
        result = target[0] != '\0' ? -ENOMEM : -ENOENT;
    } else if (target[0] == '/') {
        move_to(walk, mount->confined ? node_get(mount->root) : vfs_root());
    }
    if (text != NULL) {
        kernel_free(walk->text);
        *rest = walk->text = text;
        walk->confined = mount->confined ? text + strlen(target) + confined : NULL;
        walk->confined_to = mount->root;
    }
    kernel_free(target);
    return result;
}

/* Take the next component off the path. */
static const char *next_component(const char *path, struct name *name, bool *slash)
{
    path += strspn(path, "/");
    name->text = path;
    name->length = strcspn(path, "/");
    path += name->length;
    *slash = *path == '/';
    if (name->length == 0)
        *name = (struct name){ ".", 1 };
    return path;
}

static bool is_last(const char *rest)
{
    return rest[strspn(rest, "/")] == '\0';
}

/*
 * The component walk->last, whose end is at *path: 1 when the walk ends there, else 0 and the walk
 * is ready for the next.
 */
static int take(struct walk *walk, const char **path, enum walk_end end)
{
    bool last = is_last(*path);
    struct node *node = NULL;
    int result;

    if (last && end == WALK_PARENT)
        return walk->last.length > VFS_NAME_MAX ? -ENAMETOOLONG : 1;
    result = step(walk, &walk->last, &node);
    if (result == -ENOENT && last)
        return 1;
    if (result != 0)
        return result;
    if (node_is(node, FILE_LINK) && (!last || walk->slash || end == WALK_FOLLOW)) {
        result = follow(walk, node, path);
        node_put(node);
        return result;
    }
    if (!node_is(node, FILE_DIRECTORY) && (!last || walk->slash)) {
        node_put(node);
        return -ENOTDIR;
    }
    if (!last) {
        move_to(walk, node);
        return 0;
    }
    walk->node = node;
    return 1;
}

static int start(struct walk *walk, struct node *at, const char *path)
{
    if (path == NULL)
        return -EFAULT;
    if (path[0] == '\0')
        return -ENOENT;
    if (strnlen(path, VFS_PATH_MAX) == VFS_PATH_MAX)
        return -ENAMETOOLONG;
    memset(walk, 0, sizeof(*walk));
    if (path[0] == '/')
        walk->directory = vfs_root();
    else
        walk->directory = at != NULL ? node_get(at) : vfs_working_directory();
    return walk->directory != NULL ? 0 : -ENOENT;
}

int walk_path(struct walk *walk, struct node *at, const char *path, enum walk_end end)
{
    int result = start(walk, at, path);

    if (result != 0)
        return result;
    if (!node_is(walk->directory, FILE_DIRECTORY))
        result = -ENOTDIR;
    while (result == 0) {
        path = next_component(path, &walk->last, &walk->slash);
        result = take(walk, &path, end);
    }
    if (result > 0)
        return 0;
    walk_finish(walk);
    return result;
}

void walk_finish(struct walk *walk)
{
    if (walk->node != NULL)
        node_put(walk->node);
    node_put(walk->directory);
    kernel_free(walk->text);
}

int vfs_find(struct node *at, const char *path, enum vfs_links links, struct node **node)
{
    struct walk walk;
    int result = walk_path(&walk, at, path, links == VFS_FOLLOW ? WALK_FOLLOW : WALK_NOFOLLOW);

    if (result != 0)
        return result;
    *node = walk.node;
    walk.node = NULL;
    walk_finish(&walk);
    return *node != NULL ? 0 : -ENOENT;
}
