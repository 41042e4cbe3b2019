/* SPDX-License-Identifier: MIT */
/*
 * Calls that change names: create, unlink, rmdir, link, rename.
 *
 * Each walks to the directory that holds the name, takes the mount's lock, and only then looks at
 * what the name leads to: that may have changed while the walk slept.
 */
#include <errno.h>

#include "internal.h"

int vfs_may_change(const struct node *directory, const void *operation)
{
    if (directory->mount->read_only || operation == NULL)
        return -EROFS;
    return directory->attributes.links == 0 ? -ENOENT : 0;
}

void vfs_changed(struct node *directory, const struct name *name)
{
    directory->mount->changes++;
    if (directory->mount->cached_names > 0)
        name_cache_forget(directory, name);
}

/* Walk to the directory that holds the last component, and lock its mount. */
static int begin(struct walk *walk, struct node *at, const char *path)
{
    int result = walk_path(walk, at, path, WALK_PARENT);

    if (result == 0)
        mutex_lock(&walk->directory->mount->changing);
    return result;
}

static int end(struct walk *walk, int result)
{
    mutex_unlock(&walk->directory->mount->changing);
    walk_finish(walk);
    return result;
}

int vfs_make(struct node *directory, const struct name *name, const struct node_wish *wish,
             struct node **node)
{
    int result = name_is_dots(name) ? -EEXIST : vfs_child(directory, name, node);

    if (result == 0) {
        node_put(*node);
        return -EEXIST;
    }
    if (result == -ENOENT)
        result = vfs_may_change(directory, directory->operations->create);
    if (result == 0)
        result = directory->operations->create(directory, name, wish, node);
    if (result == 0)
        vfs_changed(directory, name);
    return result;
}

int vfs_create(struct node *at, const char *path, const struct node_wish *wish)
{
    struct walk walk;
    int result = begin(&walk, at, path);

    if (result != 0)
        return result;
    if (walk.slash && (wish->mode & FILE_TYPE) != FILE_DIRECTORY)
        result = -ENOENT;
    else
        result = vfs_make(walk.directory, &walk.last, wish, &walk.node);
    if (result != 0)
        walk.node = NULL;
    return end(&walk, result);
}

/* What a name that is to vanish leads to: nothing is mounted on it. */
static int find_leaving(struct walk *walk, struct node **node)
{
    int result = vfs_child(walk->directory, &walk->last, node);

    if (result != 0)
        return result;
    if (walk->slash && !node_is(*node, FILE_DIRECTORY))
        result = -ENOTDIR;
    else if ((*node)->covered_by != NULL)
        result = -EBUSY;
    if (result != 0)
        node_put(*node);
    return result;
}

static int remove_name(struct walk *walk, bool is_directory)
{
    struct node *directory = walk->directory, *node;
    int result = find_leaving(walk, &node);

    if (result != 0)
        return result;
    if (node_is(node, FILE_DIRECTORY) != is_directory)
        result = is_directory ? -ENOTDIR : -EPERM;
    else
        result = vfs_may_change(directory, directory->operations->remove);
    if (result == 0)
        result = directory->operations->remove(directory, &walk->last, node);
    if (result == 0)
        vfs_changed(directory, &walk->last);
    node_put(node);
    return result;
}

int vfs_unlink(struct node *at, const char *path)
{
    struct walk walk;
    int result = begin(&walk, at, path);

    if (result != 0)
        return result;
    return end(&walk, name_is_dots(&walk.last) ? -EPERM : remove_name(&walk, false));
}

/* "/" has no name; "." stands for a directory whose name is another. */
static int dots_error(const struct walk *walk, const char *path)
{
    if (path[0] == '/' && walk->last.length == 1 && walk->directory == walk->directory->mount->root)
        return -EBUSY;
    return -EINVAL;
}

int vfs_rmdir(struct node *at, const char *path)
{
    struct walk walk;
    int result = begin(&walk, at, path);

    if (result != 0)
        return result;
    if (!name_is_dots(&walk.last))
        result = remove_name(&walk, true);
    else
        result = walk.last.length == 2 ? -ENOTEMPTY : dots_error(&walk, path);
    return end(&walk, result);
}

static int link_name(struct walk *walk, struct node *node)
{
    struct node *directory = walk->directory, *old;
    int result = name_is_dots(&walk->last) ? -EEXIST : vfs_child(directory, &walk->last, &old);

    if (result == 0) {
        node_put(old);
        return -EEXIST;
    }
    if (result != -ENOENT)
        return result;
    if (walk->slash || node->attributes.links == 0)
        return -ENOENT;
    if (node->mount != directory->mount)
        return -EXDEV;
    result = vfs_may_change(directory, directory->operations->link);
    if (result == 0)
        result = directory->operations->link(directory, &walk->last, node);
    if (result == 0)
        vfs_changed(directory, &walk->last);
    return result;
}

int vfs_link(struct node *node, struct node *at, const char *path)
{
    struct walk walk;
    int result = node_is(node, FILE_DIRECTORY) ? -EPERM : begin(&walk, at, path);

    return result != 0 ? result : end(&walk, link_name(&walk, node));
}

/* Is `node` the directory itself, or does it lie above it? 1, 0 or -errno. */
static int is_above(struct node *node, struct node *directory)
{
    int result = 0;

    node_get(directory);
    while (result == 0 && directory != node && directory != directory->mount->root) {
        struct node *parent;

        result = vfs_parent(directory, &parent);
        if (result == 0) {
            node_put(directory);
            directory = parent;
        }
    }
    if (result == 0)
        result = directory == node;
    node_put(directory);
    return result;
}

/* POSIX' table of what may replace what. */
static int check_rename(struct node *node, struct node *victim, const struct walk *to)
{
    bool is_directory = node_is(node, FILE_DIRECTORY);
    int result;

    if (to->slash && !is_directory)
        return -ENOTDIR;
    if (victim != NULL && node_is(victim, FILE_DIRECTORY) != is_directory)
        return is_directory ? -ENOTDIR : -EISDIR;
    if (victim != NULL && victim->covered_by != NULL)
        return -EBUSY;
    result = is_directory ? is_above(node, to->directory) : 0;
    return result > 0 ? -EINVAL : result;
}

static int rename_node(struct walk *from, struct walk *to, struct node *node, struct node *victim)
{
    struct node *directory = from->directory;
    int result = check_rename(node, victim, to);

    if (result != 0 || node == victim)
        return result;
    result = vfs_may_change(to->directory, directory->operations->rename);
    if (result == 0)
        result = directory->operations->rename(directory, &from->last, to->directory, &to->last,
                                               node, victim);
    if (result == 0) {
        vfs_changed(directory, &from->last);
        vfs_changed(to->directory, &to->last);
    }
    return result;
}

/* The mount is locked: see what both names lead to. */
static int rename_locked(struct walk *from, struct walk *to)
{
    struct node *node, *victim = NULL;
    int result = find_leaving(from, &node);

    if (result != 0)
        return result;
    result = vfs_child(to->directory, &to->last, &victim);
    if (result == -ENOENT) {
        victim = NULL;
        result = 0;
    }
    if (result == 0)
        result = rename_node(from, to, node, victim);
    if (victim != NULL)
        node_put(victim);
    node_put(node);
    return result;
}

static int rename_walks(struct walk *from, const char *old, struct walk *to, const char *new)
{
    struct mutex *changing = &from->directory->mount->changing;
    int result;

    if (name_is_dots(&from->last))
        return dots_error(from, old);
    if (name_is_dots(&to->last))
        return dots_error(to, new);
    if (from->directory->mount != to->directory->mount)
        return -EXDEV;
    mutex_lock(changing);
    result = rename_locked(from, to);
    mutex_unlock(changing);
    return result;
}

int vfs_rename(struct node *from_at, const char *from, struct node *to_at, const char *to)
{
    struct walk old, new;
    int result = walk_path(&old, from_at, from, WALK_PARENT);

    if (result != 0)
        return result;
    result = walk_path(&new, to_at, to, WALK_PARENT);
    if (result == 0) {
        result = rename_walks(&old, from, &new, to);
        walk_finish(&new);
    }
    walk_finish(&old);
    return result;
}
