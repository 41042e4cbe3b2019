/* SPDX-License-Identifier: MIT */
/*
 * What is in use, without the pages that disks keep for transfers: as many as their busiest moment
 * needed, which is not the same in two runs of one load.
 */
#ifndef TEST_GUEST_DISKS_H
#define TEST_GUEST_DISKS_H

#include "check.h"
#include "lib/block/blockdev.h"

static inline struct check_usage disks_usage_now(void)
{
    struct check_usage now = check_usage_now();
    struct block_device *disk;

    for (unsigned int i = 0; (disk = block_at(i)) != NULL; i++) {
        now.pages -= disk->kept_pages;
        now.grants -= disk->kept_pages;
    }
    return now;
}

#endif
