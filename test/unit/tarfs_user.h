/* SPDX-License-Identifier: MIT */
/* For tarfs' tests: an archive in memory, mounted at / from a disk, and looks at it. */
#ifndef TEST_TARFS_USER_H
#define TEST_TARFS_USER_H

#include "fakes.h"

#include <errno.h>
#include <string.h>

#include "fake_disk.h"
#include "lib/fs/page_cache.h"
#include "lib/base/printk.h"
#include "vfs_user.h"
#include "tar_writer.h"

static struct fake_disk disk;
static struct tar_writer tar;

static inline int mount_bytes(size_t size)
{
    fake_log_clear();
    fake_disk_create(&disk, "xvda", tar.data, size, 512);
    return vfs_mount("/", "xvda", "tarfs");
}

static inline void unmount(void)
{
    assert_int_equal(vfs_unmount("/"), 0);
    fake_disk_destroy(&disk);
    page_cache_shrink(SIZE_MAX);
    assert_int_equal(fake_pages_in_use, 0);
}

static inline int mount_tar(void)
{
    tar_end(&tar);
    return mount_bytes(tar.size);
}

static inline void expect_log(const char *text)
{
    if (strstr(fake_log, text) == NULL)
        fail_msg("log \"%s\" does not hold \"%s\"", fake_log, text);
}

static inline void expect_file(const char *path, const char *text)
{
    char buffer[1024];
    struct file *file;
    struct iovec vector = { buffer, sizeof(buffer) };
    ssize_t length;

    assert_int_equal(vfs_open(NULL, path, O_RDONLY, 0, &file), 0);
    length = file_read(file, &vector, 1, -1);
    assert_int_equal(length, strlen(text));
    assert_memory_equal(buffer, text, length);
    file_put(file);
}

#endif
