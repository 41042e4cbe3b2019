/* SPDX-License-Identifier: MIT */
/* The module that the cfg's ramdisk= names becomes a block device. */
#include "xen/boot_info.h"
#include "lib/block/blockdev.h"
#include "lib/base/init.h"
#include "lib/base/printk.h"

static void register_boot_ramdisk(void)
{
    int result;

    if (boot_info.ramdisk == NULL)
        return;
    result = ramdisk_register(boot_info.ramdisk, boot_info.ramdisk_length);
    if (result != 0)
        printk("ramdisk: cannot be registered: error %d", result);
}
INITCALL(stack, register_boot_ramdisk);
