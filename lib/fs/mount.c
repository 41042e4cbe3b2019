/* SPDX-License-Identifier: MIT */
/*
 * The table of mounts: a list, longest path first (and newest first among equals), so that the
 * first match is the right one.
 */
#include <errno.h>
#include <string.h>

#include "internal.h"
#include "lib/base/printk.h"
#include "lib/mm/heap.h"

static struct list mounts = LIST_INIT(mounts);
static dev_t last_device_number;

static struct mount *mount_at(struct list *node)
{
    return container_of(node, struct mount, link);
}

/* Is `path` the directory `prefix` or below it? Both are normal. Returns the rest, or NULL. */
static const char *below(const char *path, const char *prefix)
{
    size_t length = strlen(prefix);

    if (length == 1)
        return path + 1;
    if (strncmp(path, prefix, length) != 0)
        return NULL;
    if (path[length] == '/')
        return path + length + 1;
    return path[length] == '\0' ? path + length : NULL;
}

struct mount *mount_of(const char *path, const char **relative)
{
    struct list *node, *next;

    list_for_each(node, next, &mounts) {
        *relative = below(path, mount_at(node)->path);
        if (*relative != NULL)
            return mount_at(node);
    }
    return NULL;
}

bool mount_below(const char *path)
{
    struct list *node, *next;

    list_for_each(node, next, &mounts) {
        const char *rest = below(mount_at(node)->path, path);

        if (rest != NULL && *rest != '\0')
            return true;
    }
    return false;
}

static void insert(struct mount *mount)
{
    struct list *node, *next;
    size_t length = strlen(mount->path);

    list_for_each(node, next, &mounts) {
        if (strlen(mount_at(node)->path) <= length)
            break;
    }
    list_insert_before(node, &mount->link);
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

/* mkdir -p, where the filesystems below can; without it the mount works all the same. */
static void make_directories(const char *path)
{
    char prefix[VFS_PATH_MAX];
    size_t i;

    for (i = 1; path[i - 1] != '\0'; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        memcpy(prefix, path, i);
        prefix[i] = '\0';
        vfs_mkdir(prefix, 0755);
    }
}

/* What goes wrong with a device's contents, its filesystem has told. */
static void report_failure(const char *path, const struct block_device *device, int result)
{
    if (device == NULL)
        printk("mount: %s: error %d", path, result);
    else if (result == -ENODEV)
        printk("mount: %s on %s: this image has no filesystem for disks", device->name, path);
}

static int add_mount(const char *path, const struct filesystem_type *type,
                     struct block_device *device)
{
    struct mount *mount = kernel_alloc_zeroed(1, sizeof(*mount));
    int result = -ENOMEM;

    if (mount == NULL)
        return -ENOMEM;
    mount->path = kernel_copy_text(path, strlen(path));
    strcpy(mount->source, device != NULL ? device->name : "");
    if (mount->path != NULL)
        result = attach(mount, type, device);
    if (result != 0) {
        report_failure(path, device, result);
        kernel_free(mount->path);
        kernel_free(mount);
        return result;
    }
    mount->device_number = ++last_device_number;
    make_directories(path);
    insert(mount);
    return 0;
}

int vfs_mount(const char *path, const char *source, const char *type)
{
    const struct filesystem_type *found = type != NULL ? filesystem_type_find(type) : NULL;
    struct block_device *device = source != NULL ? block_find(source) : NULL;
    char normal[VFS_PATH_MAX];
    bool directory;
    int result = path_normalise("/", path, normal, &directory, NULL);

    if (result != 0 || path[0] != '/') {
        printk("mount: %s is no absolute path", path);
        return result != 0 ? result : -EINVAL;
    }
    if (type != NULL && found == NULL) {
        printk("mount: this image has no filesystem %s, asked for on %s", type, normal);
        return -ENODEV;
    }
    if (source != NULL && device == NULL) {
        report_missing(source, normal);
        return -ENODEV;
    }
    return add_mount(normal, found, device);
}

int vfs_unmount(const char *path)
{
    struct location location;
    struct mount *mount;
    int result = vfs_locate(path, &location);

    if (result != 0)
        return result;
    mount = location.mount;
    if (*location.relative != '\0')
        return -EINVAL;
    if (mount->references > 0 || mount_below(location.path))
        return -EBUSY;
    list_remove(&mount->link);
    if (mount->operations->unmount != NULL)
        mount->operations->unmount(mount);
    kernel_free(mount->path);
    kernel_free(mount);
    return 0;
}

int vfs_sync(void)
{
    struct list *node, *next;
    int first = 0;

    list_for_each(node, next, &mounts) {
        struct mount *mount = mount_at(node);
        int result = mount->operations->sync != NULL ? mount->operations->sync(mount, NULL) : 0;

        if (first == 0)
            first = result;
    }
    return first;
}
