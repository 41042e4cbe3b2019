/* SPDX-License-Identifier: MIT */
/*
 * The VFS at boot: a ramfs as the root, with /tmp, and devfs on /dev; later, when the disks are
 * there, what the command line asks for: mount=PATH:DEVICE[:TYPE], once for each mount
 * ("mount=/www:xvda"). A disk that is not ready yet is waited for.
 *
 * A mount that fails is told in one line, and boot goes on without it.
 */
#include <errno.h>
#include <string.h>

#include "lib/base/commandline.h"
#include "lib/base/init.h"
#include "lib/base/printk.h"
#include "lib/block/blockdev.h"
#include "lib/fs/vfs.h"
#include "lib/mm/heap.h"

/* What is asked for, in the order of the command line, which lives for ever. */
struct wish {
    struct list link;
    const char *text;
};
static struct list wishes = LIST_INIT(wishes);

static int mount_option(const char *value)
{
    struct wish *wish;

    if (value[0] != '/' || strchr(value, ':') == NULL)
        return -EINVAL;
    wish = kernel_alloc(sizeof(*wish));
    if (wish == NULL)
        return -ENOMEM;
    wish->text = value;
    list_append(&wishes, &wish->link);
    return 0;
}
COMMANDLINE_OPTION("mount", mount_option);

static void start_vfs(void)
{
    static const struct node_wish directory = { .mode = FILE_DIRECTORY | 0777 };

    if (vfs_mount("/", NULL, "ramfs") == 0)
        vfs_create(NULL, "/tmp", &directory);
    vfs_mount("/dev", NULL, "devfs");
}
INITCALL(filesystem, start_vfs);

static void end_vfs(void)
{
    int error = vfs_sync();

    if (error)
        printk("vfs: not all that was written is on its disk (error %d)", error);
}
EXITCALL(end_vfs);

static void mount_wish(const char *wish)
{
    char text[VFS_PATH_MAX];
    char *device, *type;

    if (strlen(wish) >= sizeof(text)) {
        printk("mount: an option of more than %u characters", VFS_PATH_MAX - 1);
        return;
    }
    strcpy(text, wish);
    device = strchr(text, ':');
    *device++ = '\0';
    type = strchr(device, ':');
    if (type != NULL)
        *type++ = '\0';
    block_wait(device);
    vfs_mount(text, device, type);
}

static void mount_wishes(void)
{
    struct list *first;

    while ((first = list_first(&wishes)) != NULL) {
        struct wish *wish = container_of(first, struct wish, link);

        list_remove(first);
        mount_wish(wish->text);
        kernel_free(wish);
    }
}
INITCALL(mount, mount_wishes);
