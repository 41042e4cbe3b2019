/* SPDX-License-Identifier: MIT */
/*
 * The list of mounts. Each but the first covers a directory of another: that directory points to it,
 * and it holds a reference there, so that what is covered cannot go.
 */
#include <errno.h>
#include <string.h>

#include "internal.h"
#include "lib/base/printk.h"
#include "lib/mm/heap.h"

static struct list mounts = LIST_INIT(mounts);
static uint64_t last_device_number;

static struct mount *mount_at(struct list *link)
{
    return container_of(link, struct mount, link);
}

struct node *vfs_root(void)
{
    struct list *first = list_first(&mounts);

    return first != NULL ? vfs_shown(node_get(mount_at(first)->root)) : NULL;
}

static void report_missing(const char *source, const char *path)
{
    char names[128] = "";
    size_t end = 0;
    struct block_device *device;
    unsigned int i;

    for (i = 0; (device = block_at(i)) != NULL && end < sizeof(names); i++)
        end += (size_t)ksnprintf(names + end, sizeof(names) - end, " %s", device->name);
    printk("mount: no disk %s for %s; disks here:%s", source, path, i == 0 ? " none" : names);
}

/* Try one type, or each that takes a device. */
static int attach(struct mount *mount, const struct filesystem_type *type,
                  struct block_device *device)
{
    unsigned int i;
    int result = -ENODEV;

    if (type != NULL) {
        mount->type = type->name;
        return type->needs_device && device == NULL ? -ENODEV : type->mount(mount, device);
    }
    for (i = 0; result != 0 && (type = filesystem_type_at(i)) != NULL; i++) {
        mount->type = type->name;
        if (type->needs_device && device != NULL)
            result = type->mount(mount, device);
    }
    return result;
}

/* What goes wrong with a device's contents, its filesystem has told. */
static void report_failure(const char *path, const struct block_device *device, int result)
{
    if (device == NULL)
        printk("mount: %s: error %d", path, result);
    else if (result == -ENODEV)
        printk("mount: %s on %s: this image has no filesystem for disks", device->name, path);
}

/* Lay the mount on a directory, whose reference it takes over, and which nothing covers. */
static void cover(struct mount *mount, struct node *point)
{
    mount->covered = point;
    point->covered_by = mount;
}

static void uncover(struct mount *mount)
{
    struct node *point = mount->covered;

    if (point == NULL)
        return;
    point->covered_by = NULL;
    mount->covered = NULL;
    mount_point_leave(point);
}

/* What lies on the old root lies on the new one, at the same path. */
static void take_along(struct mount *root)
{
    struct list *link, *next;
    char path[VFS_PATH_MAX];
    size_t start;

    list_for_each (link, next, &mounts) {
        struct mount *mount = mount_at(link);
        struct node *point = mount->covered;

        if (mount == root || point == NULL || point->mount != root->covered->mount ||
            vfs_node_path(point, path, &start) != 0 || mount_point_make(path + start, &point) != 0)
            continue;
        uncover(mount);
        cover(mount, point);
    }
}

static int add_mount(const char *path, struct mount *mount)
{
    struct node *point = NULL;
    int result = list_empty(&mounts) ? 0 : mount_point_make(path, &point);

    if (result != 0)
        return result;
    list_append(&mounts, &mount->link);
    if (point == NULL)
        return 0;
    cover(mount, point);
    if (point == point->mount->root)
        take_along(mount);
    return 0;
}

static void destroy(struct mount *mount)
{
    if (mount->root != NULL)
        node_put(mount->root);
    if (mount->operations != NULL && mount->operations->unmount != NULL)
        mount->operations->unmount(mount);
    kernel_free(mount);
}

static int make_mount(const char *path, const struct filesystem_type *type,
                      struct block_device *device)
{
    struct mount *mount = kernel_alloc_zeroed(1, sizeof(*mount));
    int result;

    if (mount == NULL)
        return -ENOMEM;
    mutex_init(&mount->changing);
    list_init(&mount->link);
    mount->device_number = ++last_device_number;
    strcpy(mount->source, device != NULL ? device->name : "");
    result = attach(mount, type, device);
    if (result == 0)
        result = add_mount(path, mount);
    if (result != 0)
        destroy(mount);
    return result;
}

int vfs_mount(const char *path, const char *source, const char *type)
{
    const struct filesystem_type *found = type != NULL ? filesystem_type_find(type) : NULL;
    struct block_device *device = source != NULL ? block_find(source) : NULL;
    int result;

    if (path[0] != '/') {
        printk("mount: %s is no absolute path", path);
        return -EINVAL;
    }
    if (type != NULL && found == NULL) {
        printk("mount: this image has no filesystem %s, asked for on %s", type, path);
        return -ENODEV;
    }
    if (source != NULL && device == NULL) {
        report_missing(source, path);
        return -ENODEV;
    }
    result = make_mount(path, found, device);
    if (result != 0)
        report_failure(path, device, result);
    return result;
}

int vfs_unmount(const char *path)
{
    struct mount *mount;
    struct node *node;
    int result = vfs_find(NULL, path, VFS_FOLLOW, &node);

    if (result != 0)
        return result;
    mount = node->mount;
    if (node != mount->root)
        result = -EINVAL;
    else
        name_cache_forget_mount(mount); /* may sleep: our reference keeps the mount */
    if (result == 0 && mount->references > 2)
        result = -EBUSY;
    node_put(node);
    if (result != 0)
        return result;
    list_remove(&mount->link);
    uncover(mount);
    destroy(mount);
    return 0;
}

/* A mount whose sync() sleeps is held, so that it is still in the list when that is over. */
int vfs_sync(void)
{
    struct list *link;
    int first = 0;

    for (link = mounts.next; link != &mounts; link = link->next) {
        struct mount *mount = mount_at(link);
        int result = 0;

        mount->references++;
        if (mount->operations->sync != NULL)
            result = mount->operations->sync(mount);
        mount->references--;
        if (first == 0)
            first = result;
    }
    return first;
}
