/* SPDX-License-Identifier: MIT */
/*
 * tarfs: archives as tools write them, hostile ones, damage at every byte, every length, no memory.
 */
// SRCS: test/unit/fakes.c test/unit/failing_malloc.c test/unit/fake_disk.c
// SRCS: test/unit/tar_writer.c lib/block/registry.c lib/block/request.c lib/block/bytes.c lib/block/ramdisk.c
// SRCS: lib/mm/pressure.c
// SRCS: lib/block/cache.c lib/block/cache_write.c lib/kernel/log_limit.c lib/block/cache_pages.c lib/vfs/path.c lib/vfs/mount.c
// SRCS: lib/vfs/types.c lib/vfs/vfs.c lib/vfs/names.c lib/vfs/vfs_file.c lib/vfs/tarfs.c
// SRCS: lib/vfs/tarfs_header.c lib/vfs/tarfs_pax.c lib/vfs/tarfs_index.c lib/vfs/tarfs_scan.c
// SRCS: lib/posix/file.c lib/posix/io_read.c lib/posix/io_write.c
// CFLAGS: -include test/unit/posix_names.h -Wl,-T,test/unit/sets.ld
// CFLAGS: -Wl,--wrap=malloc,--wrap=calloc,--wrap=strdup,--wrap=strndup
#include "fakes.h"

#include <errno.h>
#include <string.h>

#include "fake_disk.h"
#include "lib/blockcache.h"
#include "lib/printk.h"
#include "lib/vfs.h"
#include "tar_writer.h"

static struct fake_disk disk;
static struct tar_writer tar;

static int mount_bytes(size_t size)
{
    fake_log_clear();
    fake_disk_create(&disk, "xvda", tar.data, size, 512);
    return vfs_mount("/", "xvda", "tarfs");
}

static void unmount(void)
{
    assert_int_equal(vfs_unmount("/"), 0);
    fake_disk_destroy(&disk);
    block_cache_shrink(SIZE_MAX);
    assert_int_equal(fake_pages_in_use, 0);
}

static int mount_tar(void)
{
    tar_end(&tar);
    return mount_bytes(tar.size);
}

static void expect_log(const char *text)
{
    if (strstr(fake_log, text) == NULL)
        fail_msg("log \"%s\" does not hold \"%s\"", fake_log, text);
}

static void expect_file(const char *path, const char *text)
{
    char buffer[1024];
    struct file *file;
    struct iovec vector = { buffer, sizeof(buffer) };
    ssize_t length;

    assert_int_equal(vfs_open(path, O_RDONLY, 0, &file), 0);
    length = file_read(file, &vector, 1, -1);
    assert_int_equal(length, strlen(text));
    assert_memory_equal(buffer, text, length);
    file_put(file);
}

static int stat_of(const char *path)
{
    struct stat status;

    return vfs_stat(path, &status);
}

static void plain(void **state)
{
    struct stat status;
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
    assert_int_equal(vfs_stat("/olddir", &status), 0);
    assert_true(S_ISDIR(status.st_mode));
    assert_int_equal(vfs_stat("/a/b", &status), 0);
    assert_int_equal(status.st_mtim.tv_sec, 1234567890);
    assert_int_equal(status.st_size, 13);
    assert_int_equal(status.st_mode, S_IFREG | 0644);
    assert_int_equal(stat_of("/none"), -ENOENT);
    assert_int_equal(stat_of("/a/b/c"), -ENOTDIR);
    assert_int_equal(stat_of("/a/b/"), -ENOTDIR);
    assert_int_equal(vfs_open("/a/b", O_RDWR, 0, &file), -EROFS);
    assert_int_equal(vfs_open("/a/n", O_RDWR | O_CREAT, 0, &file), -EROFS);
    assert_int_equal(vfs_mkdir("/n", 0), -EROFS);
    assert_int_equal(vfs_mkdir("/a", 0), -EEXIST);
    assert_int_equal(vfs_unlink("/a/b"), -EROFS);
    assert_int_equal(vfs_rename("/a/b", "/n"), -EROFS);
    assert_int_equal(vfs_truncate("/a/b", 0), -EROFS);
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
    assert_int_equal(vfs_open("/a", O_RDONLY, 0, &file), 0);
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
    block_cache_shrink(SIZE_MAX);
    disk.delay = MILLISECONDS(2);
    thread_create("swap", swap_soon, NULL);
    assert_int_equal(vfs_open("/a", O_RDONLY, 0, &file), 0);
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
    assert_int_equal(vfs_open("/", O_RDONLY, 0, &file), 0);
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

static void hostile_names(void **state)
{
    (void)state;
    tar_start(&tar);
    tar_member(&tar, '0', "good", "", "good");
    tar_member(&tar, '0', "../evil", "", "evil");
    tar_member(&tar, '0', "a/../../evil", "", "evil");
    tar_member(&tar, '0', "..", "", "evil");
    tar_member(&tar, '0', "", "", "evil");
    tar_member(&tar, '0', "good/below", "", "a file as a directory");
    tar_member(&tar, '3', "device", "", "");
    tar_member(&tar, '0', "dup", "", "first");
    tar_member(&tar, '0', "dup", "", "last");
    tar_member(&tar, '0', "x/y", "", "y");
    tar_member(&tar, '0', "x", "", "in the place of a directory");
    tar_member(&tar, '0', "later", "", "file");
    tar_member(&tar, '5', "later/", "", "");
    tar_member(&tar, '0', "later/z", "", "z");
    tar_pax(&tar, "GNU.sparse.major", "1");
    tar_member(&tar, '0', "sparse", "", "map");
    assert_int_equal(mount_tar(), 0);
    expect_log("8 entries left out, the first at byte 1024: the name is empty or leads out");
    expect_file("/good", "good");
    expect_file("/dup", "last");
    expect_file("/x/y", "y");
    expect_file("/later/z", "z");
    assert_int_equal(stat_of("/evil"), -ENOENT);
    assert_int_equal(stat_of("/device"), -ENOENT);
    assert_int_equal(stat_of("/sparse"), -ENOENT);
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

/* A header whose size field is `field` (12 bytes); is the archive mounted, and what is said? */
static void with_size(const char *field, int result, const char *says)
{
    tar_start(&tar);
    tar_member(&tar, '0', "before", "", "b");
    tar_member(&tar, '0', "sized", "", "s");
    memcpy(tar.data + 1024 + 124, field, 12);
    tar_checksum(tar.data + 1024);
    assert_int_equal(mount_tar(), result);
    expect_log(says);
    if (result != 0)
        return;
    expect_file("/before", "b");
    unmount();
}

static void sizes(void **state)
{
    (void)state;
    with_size("00000000001\0", 0, "2 entries\n");
    with_size("          1 ", 0, "2 entries\n");
    with_size("\x80\0\0\0\0\0\0\0\0\0\0\1", 0, "2 entries\n");
    with_size("77777777777\0", 0, "truncated at byte 1024: offering the 1 entries before it");
    with_size("-0000000001\0", 0, "bad size in a header at byte 1024");
    with_size("garbage!!!!!", 0, "bad size in a header at byte 1024");
    with_size("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 0, "bad size in a header");
    with_size("\xbf\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 0, "bad size in a header");
    with_size("\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff", 0, "truncated at byte 1024");
    with_size("\x80\0\0\0\0\0\0\0\0\0\x08\x01", 0, "truncated at byte 1024");
}

static void bad_extensions(void **state)
{
    static const char *const records[] = {
        "5 a=b\n", "999999 path=x\n", "0 path=x\n", "-3 path=x\n", "12 path x\n..", "x",
        "11 path=xyz.",
        "18446744073709551617 path=x\n", "12 size=-12\n", "4 =\n\n", "3 \n", "11 size=1x9\n",
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(records) / sizeof(records[0]); i++) {
        tar_start(&tar);
        tar_member(&tar, '0', "before", "", "b");
        tar_member(&tar, 'x', "pax", "", records[i]);
        tar_member(&tar, '0', "after", "", "a");
        assert_int_equal(mount_tar(), 0);
        expect_log("pax record at byte 1024: offering the 1 entries before it");
        unmount();
    }
    tar_start(&tar);
    for (i = 0; i < 100; i++)
        tar_pax(&tar, "path", "endless");
    assert_int_equal(mount_tar(), -EINVAL);
    expect_log("too many extended headers in a row");
    fake_disk_destroy(&disk);
}

/* Read everything that an archive offers; no crash, no hang, no byte outside of the device. */
static void read_all(const char *path, int depth)
{
    static char buffer[4096];
    struct directory_entry entry;
    struct file *file;
    struct iovec vector = { buffer, sizeof(buffer) };
    char below[VFS_PATH_MAX];
    int length, entries = 0;

    if (depth > 30 || vfs_open(path, O_RDONLY, 0, &file) != 0)
        return;
    while (entries++ < 100 && file_read(file, &vector, 1, -1) > 0)
        continue;
    while (entries++ < 200 && file->operations->readdir(file, &entry) == 1) {
        length = snprintf(below, sizeof(below), "%s/%s", path, entry.name);
        if (entry.name[0] != '.' && length < VFS_PATH_MAX)
            read_all(below, depth + 1);
    }
    file_put(file);
}

static void make_sample(void)
{
    tar_start(&tar);
    tar_member(&tar, '5', "d/", "", "");
    tar_pax(&tar, "path", "d/with/a/long/path");
    tar_member(&tar, '0', "d/file", "", "the contents");
    tar_gnu_long(&tar, 'L', "gnu/long/name");
    tar_member(&tar, '0', "x", "", "more contents");
    tar_member(&tar, '2', "link", "d/with", "");
    tar_member(&tar, '1', "hard", "gnu/long/name", "");
    tar_prefix_member(&tar, "prefix", "name", "p");
    tar_end(&tar);
}

static void try_it(size_t size)
{
    int result = mount_bytes(size);

    if (fake_log[0] == '\0')
        fail_msg("nothing was said");
    if (result == 0) {
        read_all("", 0);
        read_all("/", 0);
        assert_int_equal(vfs_unmount("/"), 0);
    }
    fake_disk_destroy(&disk);
    assert_int_equal(fake_pages_in_use, 0);
}

static void every_byte_damaged(void **state)
{
    uint32_t seed = 5;
    size_t i, size;
    int round;

    (void)state;
    make_sample();
    size = tar.size;
    for (i = 0; i < size; i++) {
        for (round = 0; round < 2; round++) {
            unsigned char old = tar.data[i];

            tar.data[i] = (unsigned char)fake_random_seeded(&seed);
            if (round == 1) /* and believable */
                tar_checksum(tar.data + i / 512 * 512);
            try_it(size);
            tar.data[i] = old;
            if (round == 1)
                make_sample();
        }
    }
}

static void every_length(void **state)
{
    size_t size;

    (void)state;
    make_sample();
    for (size = 0; size <= tar.size; size += 512)
        try_it(size);
}

static void several_damages(void **state)
{
    uint32_t seed = 77;
    int round, i;

    (void)state;
    for (round = 0; round < 3000; round++) {
        make_sample();
        for (i = 0; i < 6; i++) {
            size_t at = fake_random_seeded(&seed) % tar.size;

            tar.data[at] = (unsigned char)fake_random_seeded(&seed);
            tar_checksum(tar.data + at / 512 * 512);
        }
        try_it(tar.size);
    }
}

static void without_memory(void **state)
{
    unsigned int n;
    bool failed = true;

    (void)state;
    make_sample();
    for (n = 1; failed; n++) {
        fake_disk_create(&disk, "xvda", tar.data, tar.size, 512);
        fake_log_clear();
        fake_fail_at = n;
        if (vfs_mount("/", "xvda", "tarfs") == 0)
            vfs_unmount("/");
        failed = fake_fail_at == 0;
        fake_fail_at = 0;
        fake_disk_destroy(&disk);
        block_cache_shrink(SIZE_MAX);
        assert_int_equal(fake_pages_in_use, 0);
    }
    assert_true(n > 8);
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
    expect_log("error -12 at byte");
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
        cmocka_unit_test(hostile_names),
        cmocka_unit_test(no_archive),
        cmocka_unit_test(io_error),
        cmocka_unit_test(sizes),
        cmocka_unit_test(bad_extensions),
        cmocka_unit_test(every_byte_damaged),
        cmocka_unit_test(every_length),
        cmocka_unit_test(several_damages),
        cmocka_unit_test(without_memory),
        cmocka_unit_test(many_entries),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
