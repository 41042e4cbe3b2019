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

#define MOUNTS_MAXIMUM 8u

static const char *wishes[MOUNTS_MAXIMUM];
static unsigned int wish_count;

static int mount_option(const char *value)
{
    if (value[0] != '/' || strchr(value, ':') == NULL)
        return -EINVAL;
    if (wish_count == MOUNTS_MAXIMUM) {
        printk("mount: %s: more than %u mounts are not supported", value, MOUNTS_MAXIMUM);
        return 0;
    }
    wishes[wish_count++] = value;
    return 0;
}
COMMANDLINE_OPTION("mount", mount_option);

static void start_vfs(void)
{
    if (vfs_mount("/", NULL, "ramfs") == 0)
        vfs_mkdir("/tmp", 0777);
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
    unsigned int i;

    for (i = 0; i < wish_count; i++)
        mount_wish(wishes[i]);
}
INITCALL(mount, mount_wishes);
