/* SPDX-License-Identifier: MIT */
/* tarfs: archives as tools write them, none, and one that is swapped for another. */
// SRCS: test/unit/fakes.c test/unit/failing_malloc.c test/unit/fake_disk.c test/unit/tar_writer.c $(TEST_TARFS)
// CFLAGS: -include test/unit/posix_names.h -Wl,-T,test/unit/sets.ld
// CFLAGS: -Wl,--wrap=malloc,--wrap=calloc,--wrap=strdup,--wrap=strndup
#include "tarfs_user.h"

static void plain(void **state)
{
    struct file_attributes status;
    struct file *file;

    (void)state;
    tar_start(&tar);
    tar_member(&tar, '5', "./", "", "");
    tar_member(&tar, '0', "./index.html", "", "<h1>hello</h1>");
    tar_member(&tar, '5', "./a/", "", "");
    tar_member(&tar, '0', "./a/b", "", "contents of b");
    tar_member(&tar, '0', "implied/dir/file", "", "f");
    tar_member(&tar, '0', "/absolute", "", "abs");
    tar_member(&tar, '1', "hard", "./a/b", "");
    tar_member(&tar, '\0', "old", "", "old style");
    tar_member(&tar, '0', "olddir/", "", "");
    assert_int_equal(mount_tar(), 0);
    expect_log("xvda: 10 entries\n");
    expect_file("/index.html", "<h1>hello</h1>");
    expect_file("/a/b", "contents of b");
    expect_file("//implied/../implied/dir/file", "f");
    expect_file("/absolute", "abs");
    expect_file("/hard", "contents of b");
    expect_file("/old", "old style");
    assert_int_equal(attributes_of("/olddir", &status), 0);
    assert_true(file_type(&status) == FILE_DIRECTORY);
    assert_int_equal(attributes_of("/a/b", &status), 0);
    assert_int_equal(status.modified, 1234567890000000000);
    assert_int_equal(status.size, 13);
    assert_int_equal(status.mode, S_IFREG | 0644);
    assert_int_equal(stat_of("/none"), -ENOENT);
    assert_int_equal(stat_of("/a/b/c"), -ENOTDIR);
    assert_int_equal(stat_of("/a/b/"), -ENOTDIR);
    assert_int_equal(vfs_open(NULL, "/a/b", O_RDWR, 0, &file), -EROFS);
    assert_int_equal(vfs_open(NULL, "/a/n", O_RDWR | O_CREAT, 0, &file), -EROFS);
    assert_int_equal(make_directory("/n", 0), -EROFS);
    assert_int_equal(make_directory("/a", 0), -EEXIST);
    assert_int_equal(vfs_unlink(NULL, "/a/b"), -EROFS);
    assert_int_equal(vfs_rename(NULL, "/a/b", NULL, "/n"), -EROFS);
    assert_int_equal(truncate_path("/a/b", 0), -EROFS);
    unmount();
}

static ssize_t read_open(struct file *file, char *buffer, size_t size)
{
    struct iovec vector = { buffer, size };

    return file_read(file, &vector, 1, 0);
}

/*
 * The disk is swapped under an open file: for an equal one, another archive, no archive, none that
 * can be read; and back. Never a byte of another file.
 */
static void swapped(void **state)
{
    static struct tar_writer other;
    static unsigned char garbage[4096];
    char buffer[64];
    struct file *file;

    (void)state;
    tar_start(&other);
    tar_member(&other, '0', "b", "", "other");
    tar_member(&other, '0', "a", "", "not this");
    tar_end(&other);
    memset(garbage, 0x5a, sizeof(garbage));
    tar_start(&tar);
    tar_member(&tar, '0', "a", "", "contents of a");
    assert_int_equal(mount_tar(), 0);
    assert_int_equal(vfs_open(NULL, "/a", O_RDONLY, 0, &file), 0);
    assert_int_equal(read_open(file, buffer, sizeof(buffer)), 13);

    block_contents_replaced(&disk.device);
    expect_file("/a", "contents of a");
    expect_log("the archive is the one that was mounted");

    disk.data = other.data;
    disk.device.size = other.size;
    block_contents_replaced(&disk.device);
    assert_int_equal(read_open(file, buffer, sizeof(buffer)), -EIO);
    expect_log("this is not the archive that was mounted");
    assert_int_equal(stat_of("/a"), -EIO);

    disk.data = garbage;
    disk.device.size = sizeof(garbage);
    fake_log_clear();
    for (unsigned int i = 0; i < 1000; i++) {
        block_contents_replaced(&disk.device);
        assert_int_equal(read_open(file, buffer, sizeof(buffer)), -EIO);
    }
    assert_true(strlen(fake_log) < LOG_LIMIT_LINES * 100);

    disk.data = tar.data;
    disk.device.size = tar.size;
    disk.error = -ENODEV;
    block_contents_replaced(&disk.device);
    assert_int_equal(read_open(file, buffer, sizeof(buffer)), -ENODEV);
    disk.error = 0;
    assert_int_equal(read_open(file, buffer, sizeof(buffer)), 13);
    assert_memory_equal(buffer, "contents of a", 13);
    file_put(file);
    unmount();
}

/* Swapped while the reader sleeps in the device: what it then gets is of the old archive or an error. */
static struct tar_writer swapped_in;

static void swap_soon(void *argument)
{
    (void)argument;
    thread_sleep_until(deadline_after(MILLISECONDS(1)));
    disk.data = swapped_in.data;
    block_contents_replaced(&disk.device);
}

static void swapped_meanwhile(void **state)
{
    char buffer[64];
    struct file *file;

    (void)state;
    tar_start(&swapped_in);
    tar_member(&swapped_in, '0', "b", "", "contents of b");
    tar_end(&swapped_in);
    tar_start(&tar);
    tar_member(&tar, '0', "a", "", "contents of a");
    assert_int_equal(mount_tar(), 0);
    page_cache_shrink(SIZE_MAX);
    disk.delay = MILLISECONDS(2);
    thread_create("swap", swap_soon, NULL);
    assert_int_equal(vfs_open(NULL, "/a", O_RDONLY, 0, &file), 0);
    assert_int_equal(read_open(file, buffer, sizeof(buffer)), -EIO);
    disk.delay = 0;
    file_put(file);
    unmount();
}

static void listing(void **state)
{
    static const char *const expected[] = { ".", "..", "one", "two", "three" };
    struct directory_entry entry;
    struct file *file;
    size_t i;

    (void)state;
    tar_start(&tar);
    tar_member(&tar, '0', "one", "", "1");
    tar_member(&tar, '5', "two/", "", "");
    tar_member(&tar, '2', "three", "one", "");
    assert_int_equal(mount_tar(), 0);
    assert_int_equal(vfs_open(NULL, "/", O_RDONLY, 0, &file), 0);
    for (i = 0; i < 5; i++) {
        assert_int_equal(file->operations->readdir(file, &entry), 1);
        assert_string_equal(entry.name, expected[i]);
    }
    assert_int_equal(file->operations->readdir(file, &entry), 0);
    for (i = 0; i < 5; i++) { /* from any place, without a hint */
        file->position = (off_t)(4 - i);
        assert_int_equal(file->operations->readdir(file, &entry), 1);
        assert_string_equal(entry.name, expected[4 - i]);
    }
    file->position = 1000;
    assert_int_equal(file->operations->readdir(file, &entry), 0);
    file_put(file);
    unmount();
}

static void long_names(void **state)
{
    char name[600], path[VFS_PATH_MAX];
    size_t i;

    (void)state;
    for (i = 0; i < 599; i++)
        name[i] = i % 100 == 99 ? '/' : 'n';
    name[599] = '\0';
    tar_start(&tar);
    tar_gnu_long(&tar, 'L', name);
    tar_member(&tar, '0', "short", "", "gnu");
    name[0] = 'p';
    tar_pax(&tar, "path", name);
    tar_member(&tar, '0', "short", "", "pax");
    tar_gnu_long(&tar, 'K', name);
    tar_member(&tar, '1', "hard", "short", "");
    tar_pax(&tar, "linkpath", name);
    tar_member(&tar, '2', "symbolic", "x", "");
    tar_prefix_member(&tar, "some/prefix", "name", "prefixed");
    tar_pax(&tar, "mtime", "99.5");
    tar_member(&tar, '0', "time", "", "t");
    assert_int_equal(mount_tar(), 0);
    snprintf(path, sizeof(path), "/%s", name);
    expect_file(path, "pax");
    path[1] = 'n';
    expect_file(path, "gnu");
    expect_file("/hard", "pax");
    expect_file("/symbolic", "pax");
    expect_file("/some/prefix/name", "prefixed");
    assert_int_equal(stat_of("/short"), -ENOENT);
    unmount();
}

static void links(void **state)
{
    (void)state;
    tar_start(&tar);
    tar_member(&tar, '0', "d/e/file", "", "found");
    tar_member(&tar, '2', "d/up", "../d/e", "");
    tar_member(&tar, '2', "abs", "/d/e/file", "");
    tar_member(&tar, '2', "out", "../../../../d/e/file", "");
    tar_member(&tar, '2', "loop", "loop", "");
    tar_member(&tar, '2', "a", "b", "");
    tar_member(&tar, '2', "b", "a", "");
    tar_member(&tar, '2', "dangling", "nowhere", "");
    tar_member(&tar, '2', "through", "d/e/file/x", "");
    tar_member(&tar, '2', "empty", "", "");
    tar_member(&tar, '1', "nothing", "never", "");
    tar_member(&tar, '1', "dir", "d", "");
    assert_int_equal(mount_tar(), 0);
    expect_log("2 entries left out");
    expect_log("a hard link to no earlier file");
    expect_file("/d/up/file", "found");
    expect_file("/abs", "found");
    expect_file("/out", "found");
    assert_int_equal(stat_of("/loop"), -ELOOP);
    assert_int_equal(stat_of("/loop/x"), -ELOOP);
    assert_int_equal(stat_of("/a"), -ELOOP);
    assert_int_equal(stat_of("/dangling"), -ENOENT);
    assert_int_equal(stat_of("/through"), -ENOTDIR);
    assert_int_equal(stat_of("/empty"), -ENOENT);
    assert_int_equal(stat_of("/nothing"), -ENOENT);
    assert_int_equal(stat_of("/dir"), -ENOENT);
    unmount();
}

static void no_archive(void **state)
{
    (void)state;
    tar_start(&tar);
    memset(tar.data, 'x', 2048);
    assert_int_equal(mount_bytes(2048), -EINVAL);
    expect_log("xvda holds no archive: bad header checksum at byte 0");
    fake_disk_destroy(&disk);
    assert_int_equal(mount_bytes(0), -EINVAL);
    expect_log("xvda is empty: 0 bytes");
    fake_disk_destroy(&disk);
    tar_start(&tar);
    assert_int_equal(mount_bytes(10240), 0);
    expect_log("0 entries (an empty archive)");
    unmount();
    assert_int_equal(mount_bytes(512), 0);
    unmount();
}

static void io_error(void **state)
{
    (void)state;
    tar_start(&tar);
    tar_member(&tar, '0', "good", "", "good");
    tar_end(&tar);
    fake_disk_create(&disk, "xvda", tar.data, tar.size, 512);
    disk.error = -EIO;
    fake_log_clear();
    assert_int_equal(vfs_mount("/", "xvda", NULL), -EIO);
    expect_log("error -5 at byte 0, after 0 entries: not mounted");
    fake_disk_destroy(&disk);
}

static void many_entries(void **state)
{
    char name[32];
    int i;

    (void)state;
    tar_start(&tar);
    for (i = 0; i < 2000; i++) {
        snprintf(name, sizeof(name), "d%d/f%d", i % 50, i);
        tar_member(&tar, '0', name, "", "");
    }
    tar_member(&tar, '0', "marked", "", "x");
    assert_int_equal(mount_tar(), 0);
    expect_log("2051 entries\n");
    for (i = 0; i < 2000; i++) {
        snprintf(name, sizeof(name), "/d%d/f%d", i % 50, i);
        assert_int_equal(stat_of(name), 0);
    }
    assert_int_equal(stat_of("/d0/f1"), -ENOENT);
    unmount();
    fake_pages_total = 60;
    assert_int_equal(mount_tar(), -ENOMEM);
    expect_log("too little memory for an index: it is used up after");
    fake_pages_total = 4096;
    fake_disk_destroy(&disk);
    assert_int_equal(fake_pages_in_use, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain),
        cmocka_unit_test(swapped),
        cmocka_unit_test(swapped_meanwhile),
        cmocka_unit_test(listing),
        cmocka_unit_test(long_names),
        cmocka_unit_test(links),
        cmocka_unit_test(no_archive),
        cmocka_unit_test(io_error),
        cmocka_unit_test(many_entries),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
