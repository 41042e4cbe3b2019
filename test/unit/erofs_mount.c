/* SPDX-License-Identifier: MIT */
/* EROFS through the VFS: files in the page cache, links, owners; a disk that is swapped; damage. */
// SRCS: test/unit/fakes.c test/unit/failing_malloc.c test/unit/fake_disk.c $(TEST_VFS) $(wildcard lib/fs/erofs/*.c) $(LZ4_SRCS)
// CFLAGS: -include test/unit/posix_names.h -Wl,-T,test/unit/sets.ld
// CFLAGS: -Wl,--wrap=malloc,--wrap=calloc,--wrap=strdup,--wrap=strndup
#include "fakes.h"

#include <errno.h>

#include "erofs_image.h"
#include "fake_disk.h"
#include "lib/fs/disk_cache.h"
#include "lib/fs/page_cache.h"
#include "vfs_user.h"

static struct fake_disk disk;
static unsigned char expected[IMAGE_MAX], data[IMAGE_MAX];

static void mount_image(const char *options)
{
    make_image(options);
    assert_true(image_size > 0);
    fake_disk_create_queued(&disk, "xvda", image, image_size, 512);
    disk.device.read_only = true;
    assert_int_equal(vfs_mount("/", "xvda", "erofs"), 0);
}

static int unmount(void **state)
{
    (void)state;
    disk.error = 0;
    assert_int_equal(vfs_unmount("/"), 0);
    fake_disk_destroy(&disk);
    assert_int_equal(fake_pages_in_use, 0);
    return 0;
}

static struct file *opened(const char *path)
{
    struct file *file;

    assert_int_equal(vfs_open(NULL, path, O_RDONLY, 0, &file), 0);
    return file;
}

static ssize_t read_at(struct file *file, size_t offset, size_t length)
{
    struct iovec vector = { data, length };

    return file_read(file, &vector, 1, (off_t)offset);
}

/* In steps, as programs do. */
static void check_file(const char *path, size_t step)
{
    char name[64];
    struct file *file = opened(path);
    size_t size, done = 0;

    snprintf(name, sizeof(name), "tree%s", path);
    size = read_file(name, expected, sizeof(expected));
    while (done < size) {
        ssize_t length = read_at(file, done, step);

        assert_int_equal(length, size - done < step ? size - done : step);
        assert_memory_equal(data, expected + done, length);
        done += (size_t)length;
    }
    assert_int_equal(read_at(file, done, step), 0);
    file_put(file);
}

static void check_files(void)
{
    static const char *const files[] = { "/text",  "/dense", "/zeros", "/two",
                                         "/small", "/empty", "/d/hi" };

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        check_file(files[i], 5000);
        check_file(files[i], 70000);
    }
}

/* What was read once is in memory: straight from the disk, and unpacked. */
static void files_stay(void **state)
{
    unsigned int reads;

    (void)state;
    mount_image("");
    check_files();
    reads = disk.reads;
    check_files();
    assert_int_equal(disk.reads, reads);
    unmount(NULL);
    mount_image("-zlz4 -C65536");
    check_files();
    reads = disk.reads;
    check_files();
    assert_int_equal(disk.reads, reads);
}

static void straight(void **state)
{
    struct file *file;

    (void)state;
    mount_image("");
    file = opened("/zeros");
    disk.longest = 0;
    assert_int_equal(read_at(file, 0, 131072), 131072);
    assert_true(disk.longest >= 131072); /* a request for many pages, into them */
    file_put(file);
}

static void names(void **state)
{
    struct file_attributes attributes, other;
    struct file *file;
    struct node *node;
    char *target, path[64];

    (void)state;
    mount_image("-zlz4");
    assert_int_equal(attributes_of("/small", &attributes), 0);
    assert_true(attributes.mode == 0104751 && attributes.uid == 12 && attributes.gid == 34);
    assert_int_equal(attributes_of("/d/hi", &attributes), 0);
    assert_int_equal(attributes_of("/d/hard", &other), 0);
    assert_true(attributes.inode == other.inode && attributes.links == 2);
    assert_int_equal(attributes_of("/link", &other), 0); /* followed */
    assert_true(attributes.inode == other.inode);
    assert_int_equal(vfs_find(NULL, "/link", VFS_NOFOLLOW, &node), 0);
    assert_int_equal(node_target(node, &target), 0);
    assert_string_equal(target, "d/hi");
    free(target);
    node_put(node);
    assert_int_equal(stat_of("/d/many/name-that-fills-blocks-399"), 0);
    assert_int_equal(stat_of("/d/none"), -ENOENT);
    assert_int_equal(stat_of("/d/hi/x"), -ENOTDIR);
    assert_int_equal(vfs_open(NULL, "/new", O_WRONLY | O_CREAT, 0600, &file), -EROFS);
    assert_int_equal(vfs_open(NULL, "/text", O_WRONLY, 0, &file), -EROFS);
    assert_int_equal(change_directory("/d/many"), 0);
    assert_true(vfs_getcwd(path, sizeof(path)) > 0);
    assert_string_equal(path, "/d/many");
    assert_int_equal(stat_of("../hi"), 0);
    assert_int_equal(change_directory("/"), 0);
}

/* The same disk goes on; another answers EIO until the old one is back. */
static void swapped(void **state)
{
    struct file *file;

    (void)state;
    mount_image("");
    file = opened("/text");
    assert_int_equal(read_at(file, 0, 100), 100);
    fake_log_clear();
    block_contents_replaced(&disk.device);
    assert_int_equal(read_at(file, 0, 100), 100);
    assert_non_null(strstr(fake_log, "this is what was mounted"));
    image[1024 + 48] ^= 1; /* another UUID */
    block_contents_replaced(&disk.device);
    assert_int_equal(read_at(file, 0, 100), -EIO);
    assert_int_equal(stat_of("/small"), -EIO);
    image[1024 + 48] ^= 1;
    block_contents_replaced(&disk.device);
    assert_int_equal(read_at(file, 0, 100), 100);
    assert_int_equal(stat_of("/small"), 0);
    file_put(file);
}

/* A bad place, and memory that runs out, are errors of who meets them. */
static void errors(void **state)
{
    struct file *file;

    (void)state;
    mount_image("");
    file = opened("/zeros");
    disk.error = -EIO;
    assert_int_equal(read_at(file, 0, 100), -EIO);
    disk.error = 0;
    assert_int_equal(read_at(file, 0, 100), 100);
    page_cache_shrink(SIZE_MAX);
    for (unsigned int fail = 1; fail < 8; fail++) {
        ssize_t length;

        fake_fail_at = fail;
        length = read_at(file, 100000, 5000);
        assert_true(length == -ENOMEM || length > 0);
        fake_fail_at = 0;
        page_cache_shrink(SIZE_MAX);
    }
    assert_int_equal(read_at(file, 100000, 5000), 5000);
    file_put(file);
}

/* Nothing to mount, and nothing left behind. */
static void no_erofs(void **state)
{
    (void)state;
    mount_image("");
    unmount(NULL);
    memset(image + 1024, 0, 128);
    fake_disk_create_queued(&disk, "xvda", image, image_size, 512);
    assert_true(vfs_mount("/", "xvda", "erofs") < 0);
    fake_disk_destroy(&disk);
    assert_int_equal(fake_pages_in_use, 0);
}

static int before_all(void **state)
{
    (void)state;
    return make_tree();
}

static int after_all(void **state)
{
    (void)state;
    remove_tree();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(files_stay, unmount),
        cmocka_unit_test_teardown(straight, unmount),
        cmocka_unit_test_teardown(names, unmount),
        cmocka_unit_test_teardown(swapped, unmount),
        cmocka_unit_test_teardown(errors, unmount),
        cmocka_unit_test(no_erofs),
    };

    return cmocka_run_group_tests(tests, before_all, after_all);
}
