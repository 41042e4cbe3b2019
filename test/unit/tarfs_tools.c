/* SPDX-License-Identifier: MIT */
/*
 * tarfs: archives that this machine's GNU tar makes (files with holes in each of its forms, one for
 * incremental backups, one with a label), and members that land where it puts them.
 */
// SRCS: test/unit/fakes.c test/unit/failing_malloc.c test/unit/fake_disk.c test/unit/tar_writer.c $(TEST_TARFS)
// CFLAGS: -include test/unit/posix_names.h -Wl,-T,test/unit/sets.ld
// CFLAGS: -Wl,--wrap=malloc,--wrap=calloc,--wrap=strdup,--wrap=strndup
// CFLAGS: -fsanitize-coverage=trace-pc
#include "tarfs_user.h"

#include <stdlib.h>

#include "steps.h"

#define FILE_MAXIMUM (1u << 20)

static char folder[] = "/tmp/tarfs-tools-XXXXXX";
static unsigned char contents[FILE_MAXIMUM];

static void shell(const char *format, ...)
{
    char command[1024];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(command, sizeof(command), format, arguments);
    va_end(arguments);
    if (system(command) != 0)
        fail_msg("%s", command);
}

/*
 * A file of `size` bytes in the folder, with `length` bytes that are not zero at each `distance`, and
 * holes between them.
 */
static void make_file(const char *name, size_t size, size_t distance, size_t length)
{
    char path[100];
    size_t at, i;
    FILE *file;

    memset(contents, 0, sizeof(contents));
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    file = fopen(path, "w");
    assert_non_null(file);
    for (at = 0; distance > 0 && at < size; at += distance) {
        for (i = at; i < at + length && i < size; i++)
            contents[i] = (unsigned char)(i % 251 + 1);
        assert_int_equal(fseek(file, (long)at, SEEK_SET), 0);
        assert_int_equal(fwrite(contents + at, 1, i - at, file), i - at);
    }
    assert_int_equal(fclose(file), 0);
    shell("truncate -s %zu %s", size, path);
}

/* Have GNU tar pack the folder, and mount what it wrote. */
static void mount_packed(const char *options)
{
    char path[100];
    FILE *file;

    shell("tar %s -C %s --exclude='./archive*' -cf %s/archive .", options, folder, folder);
    snprintf(path, sizeof(path), "%s/archive", folder);
    file = fopen(path, "r");
    assert_non_null(file);
    tar_start(&tar);
    tar.size = fread(tar.data, 1, sizeof(tar.data), file);
    assert_true(tar.size < sizeof(tar.data));
    fclose(file);
    assert_int_equal(mount_bytes(tar.size), 0);
}

/* The file reads as `contents`, in pieces of `step` bytes. */
static void expect_contents(const char *path, size_t size, size_t step)
{
    static char buffer[FILE_MAXIMUM];
    struct iovec vector = { buffer, step };
    struct file_attributes found;
    struct file *file;
    size_t at = 0;
    ssize_t length;

    assert_int_equal(attributes_of(path, &found), 0);
    assert_int_equal(found.size, size);
    assert_int_equal(vfs_open(NULL, path, O_RDONLY, 0, &file), 0);
    while ((length = file_read(file, &vector, 1, -1)) > 0) {
        assert_true(at + (size_t)length <= size);
        assert_memory_equal(buffer, contents + at, (size_t)length);
        at += (size_t)length;
    }
    assert_int_equal(length, 0);
    assert_int_equal(at, size);
    file_put(file);
}

/* A pax header of that type, with the records "KEY=VALUE" that stand in `pairs`, a line each. */
static void put_records(char type, const char *pairs)
{
    char records[500];
    size_t used = 0;

    while (*pairs != '\0') {
        int length = (int)strcspn(pairs, "\n") + 1;
        int total = length + 2 + (length + 2 > 9) + (length + 3 > 99);

        used += (size_t)snprintf(records + used, sizeof(records) - used, "%d %.*s", total, length,
                                 pairs);
        pairs += length;
    }
    tar_member(&tar, type, "pax", "", records);
}

static const char *const forms[] = {
    "--format=gnu",
    "--format=posix --sparse-version=0.0",
    "--format=posix --sparse-version=0.1",
    "--format=posix --sparse-version=1.0",
};

static void sparse_file(size_t size, size_t distance, size_t length)
{
    char options[100];
    size_t i;

    make_file("sparse", size, distance, length);
    for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        snprintf(options, sizeof(options), "%s --sparse --hole-detection=raw", forms[i]);
        mount_packed(options);
        expect_log(" entries\n");
        assert_true(distance == 1 || tar.size < size);
        expect_contents("/sparse", size, 777);
        expect_contents("/sparse", size, FILE_MAXIMUM);
        unmount();
    }
    shell("rm %s/sparse", folder);
}

static void sparse(void **state)
{
    (void)state;
    sparse_file(500000, 0, 0);          /* nothing but a hole */
    sparse_file(500000, 400000, 70000); /* ends without a hole */
    sparse_file(500000, 450000, 100);   /* ends with one */
    sparse_file(1000000, 5000, 10);     /* more segments than two blocks hold */
}

/* bsdtar tells a name that is not ASCII in both records; `path` is then not the file's. */
static void sparse_name(void **state)
{
    (void)state;
    tar_start(&tar);
    put_records('x', "GNU.sparse.name=right\nGNU.sparse.size=4\nGNU.sparse.map=0,4\npath=wrong\n");
    tar_member(&tar, '0', "short", "", "data");
    assert_int_equal(mount_tar(), 0);
    expect_file("/right", "data");
    assert_int_equal(stat_of("/wrong"), -ENOENT);
    unmount();
}

static void incremental_with_label(void **state)
{
    char options[100];
    struct file_attributes found;

    (void)state;
    make_file("file", 1000, 1, 1);
    shell("mkdir -p %s/d/e && echo -n below >%s/d/e/file", folder, folder);
    snprintf(options, sizeof(options), "-V 'the name of it' --listed-incremental=%s/archive.list",
             folder);
    mount_packed(options);
    assert_null(strstr(fake_log, "left out"));
    expect_contents("/file", 1000, 1000);
    expect_file("/d/e/file", "below");
    assert_int_equal(attributes_of("/d/e", &found), 0);
    assert_true(file_type(&found) == FILE_DIRECTORY);
    assert_int_equal(stat_of("/the name of it"), -ENOENT);
    unmount();
    shell("rm -r %s/d %s/file", folder, folder);
}

static void global_header(void **state)
{
    struct file_attributes found;

    (void)state;
    make_file("a", 3, 1, 1);
    make_file("b", 3, 1, 1);
    mount_packed("--format=posix --mtime=@5 --pax-option=delete=?time,mtime=-7.5");
    assert_int_equal(attributes_of("/a", &found), 0);
    assert_int_equal(found.modified, -7500000000);
    unmount();
    shell("rm %s/a %s/b", folder, folder);

    tar_start(&tar);
    tar_member(&tar, '0', "before", "", "1");
    put_records('g', "comment=of no effect\npath=global\nuid=7\ngid=8\nmtime=12345.6\n");
    tar_member(&tar, '0', "name", "", "2");
    put_records('x', "path=own\ngid=4000000000\n");
    tar_member(&tar, '0', "name", "", "3");
    put_records('g', "path=global2\nGNU.sparse.map=0,1,0,1,0\n");
    tar_member(&tar, '0', "name", "", "4");
    assert_int_equal(mount_tar(), 0);
    expect_file("/before", "1");
    expect_file("/global", "2");
    expect_file("/own", "3");
    expect_file("/global2", "4");
    assert_int_equal(stat_of("/name"), -ENOENT);
    assert_int_equal(attributes_of("/own", &found), 0);
    assert_int_equal(found.modified, 12345600000000);
    assert_int_equal(found.uid, 7);
    assert_int_equal(found.gid, 4000000000);
    unmount();
}

/* The list of members was unpacked by GNU tar 1.34 and 1.35: what is expected is what they made. */
static void through_links(void **state)
{
    (void)state;
    tar_start(&tar);
    tar_member(&tar, '5', "usr/lib/", "", "");
    tar_member(&tar, '2', "lib", "usr/lib", "");
    tar_member(&tar, '0', "lib/f", "", "1");
    tar_member(&tar, '0', "lib/new/g", "", "2");
    tar_member(&tar, '2', "abs", "/usr", "");
    tar_member(&tar, '0', "abs/h", "", "3");
    tar_member(&tar, '2', "up/l", "../usr", "");
    tar_member(&tar, '0', "up/l/i", "", "4");
    tar_member(&tar, '2', "dangling", "nowhere", "");
    tar_member(&tar, '0', "dangling/j", "", "5");
    tar_member(&tar, '2', "two", "lib", "");
    tar_member(&tar, '0', "two/k", "", "6");
    tar_member(&tar, '1', "hard", "lib/f", "");
    tar_member(&tar, '0', "file", "", "x");
    tar_member(&tar, '2', "to-file", "file", "");
    tar_member(&tar, '0', "to-file/z", "", "7");
    tar_member(&tar, '2', "loop", "loop", "");
    tar_member(&tar, '0', "loop/q", "", "8");
    tar_member(&tar, '2', "self", ".", "");
    tar_member(&tar, '0', "self/here", "", "11");
    tar_member(&tar, '0', "lib/last", "", "12");
    tar_member(&tar, '5', "lib/", "", ""); /* takes the link's place, */
    tar_member(&tar, '0', "lib/after", "", "9");
    tar_member(&tar, '0', "two/again", "", "10"); /* and leads the other one there */
    assert_int_equal(mount_tar(), 0);
    expect_log("5 entries left out");
    expect_log("left out: abs/h: a file, or a link that may lead out, is used as a directory");
    expect_log("left out: dangling/j: the name leads through a link to nothing");
    expect_log("left out: loop/q: the name leads through links in a circle");
    expect_file("/usr/lib/f", "1");
    expect_file("/usr/lib/new/g", "2");
    expect_file("/usr/lib/k", "6");
    expect_file("/hard", "1");
    expect_file("/here", "11");
    expect_file("/usr/lib/last", "12");
    expect_file("/lib/after", "9");
    expect_file("/lib/again", "10");
    assert_int_equal(stat_of("/usr/lib/after"), -ENOENT);
    assert_int_equal(stat_of("/usr/h"), -ENOENT);
    assert_int_equal(stat_of("/nowhere"), -ENOENT);
    unmount();
}

static void left_out_by_name(void **state)
{
    char name[20];
    int i;

    (void)state;
    tar_start(&tar);
    tar_member(&tar, '3', "dev/null", "", "");
    tar_member(&tar, '6', "a\x1b[2Jpipe\n", "", "");
    tar_member(&tar, 'M', "rest", "", "of it");
    for (i = 0; i < 100; i++) {
        snprintf(name, sizeof(name), "dev/tty%d", i);
        tar_member(&tar, '4', name, "", "");
    }
    assert_int_equal(mount_tar(), 0);
    expect_log("left out: dev/null: a device\n");
    expect_log("left out: a?[2Jpipe?: a named pipe\n");
    expect_log("left out: rest: the rest of a file from another volume\n");
    expect_log("dev/tty4: a device\n");
    assert_null(strstr(fake_log, "dev/tty5:"));
    expect_log("103 entries left out, the first at byte 0: a device\n");
    unmount();
}

/* One sparse file with these records, 512 bytes of data and a good file behind it. */
static void bad_map(const char *records)
{
    static char data[513];

    memset(data, '7', 512);
    tar_start(&tar);
    put_records('x', records);
    tar_member(&tar, '0', "sparse", "", data);
    tar_member(&tar, '0', "good", "", "good");
    assert_int_equal(mount_tar(), 0);
    if (strstr(fake_log, "map is damaged") == NULL && strstr(fake_log, "unknown form") == NULL)
        fail_msg("%s: %s", records, fake_log);
    assert_int_equal(stat_of("/sparse"), -ENOENT);
    expect_file("/good", "good");
    unmount();
}

static void bad_maps(void **state)
{
    size_t i;

    (void)state;
    bad_map("GNU.sparse.size=10\nGNU.sparse.map=5,9,0\n");
    bad_map("GNU.sparse.size=10\nGNU.sparse.map=5,9,,\n");
    bad_map("GNU.sparse.size=10\nGNU.sparse.map=5,9\n");         /* behind the end */
    bad_map("GNU.sparse.size=9999\nGNU.sparse.map=5,2000\n");    /* more than is there */
    bad_map("GNU.sparse.size=99\nGNU.sparse.map=0,9,8,1,9,1\n"); /* over each other */
    bad_map("GNU.sparse.size=99\nGNU.sparse.map=1,9223372036854775807\n");
    bad_map("GNU.sparse.size=1x\nGNU.sparse.map=0,1\n");
    bad_map("GNU.sparse.size=18446744073709551000\n");
    bad_map("GNU.sparse.major=2\n");
    bad_map("GNU.sparse.major=1\nGNU.sparse.realsize=10\n"); /* its map is "7777..." */
    for (i = 0; i < 3; i++) {                                /* a map that goes on and on */
        tar_start(&tar);
        tar_member(&tar, 'S', "old", "", "");
        memcpy(tar.data + 386,
               "00000000000\0"
               "00000000001",
               24);
        tar.data[482] = 1;
        tar_checksum(tar.data);
        memset(tar.data + 512, i == 0 ? 0xff : '7', 2048);
        tar.size = 512 + 512 * i;
        assert_int_equal(mount_bytes(tar.size), -EINVAL);
        expect_log("map goes on behind the device's end");
        fake_disk_destroy(&disk);
    }
}

static void not_an_archive(size_t offset, const char *bytes, size_t length, const char *says)
{
    tar_start(&tar);
    memset(tar.data, 'x', 70000);
    memcpy(tar.data + offset, bytes, length);
    assert_int_equal(mount_bytes(70000), -EINVAL);
    expect_log(says);
    fake_disk_destroy(&disk);
}

static void other_contents(void **state)
{
    (void)state;
    not_an_archive(1080, "\x53\xef", 2,
                   "xvda holds no archive but an ext2, ext3 or ext4 file system\n");
    not_an_archive(0, "\x1f\x8b\x08", 3, "but a file packed with gzip: unpack it first\n");
    not_an_archive(0, "\x28\xb5\x2f\xfd", 4, "packed with zstd");
    not_an_archive(0,
                   "\xfd"
                   "7zXZ\0",
                   6, "packed with xz");
    not_an_archive(0, "hsqs", 4, "a squashfs file system");
    not_an_archive(1024, "\xe2\xe1\xf5\xe0", 4, "an EROFS file system");
    not_an_archive(510, "\x55\xaa", 2, "a partition table");
    not_an_archive(0, "xxxx", 4, "xvda holds no archive: bad header checksum at byte 0\n");

    /* An ext4 file system begins with 1,024 bytes of zeros: not an empty archive. */
    tar_start(&tar);
    memcpy(tar.data + 1080, "\x53\xef", 2);
    assert_int_equal(mount_bytes(4096), -EINVAL);
    expect_log("xvda holds no archive but an ext2, ext3 or ext4 file system\n");
    fake_disk_destroy(&disk);
}

/* Of long names in one folder each costs little more than a fifth of the 5,000 basic blocks that it once cost. */
static void steps_of_a_scan(void **state)
{
    unsigned long few = 0, many;
    char name[200];
    int i;

    (void)state;
    memset(name, 'n', sizeof(name));
    tar_start(&tar);
    for (i = 0; i < 1000; i++) {
        snprintf(name + 100, sizeof(name) - 100, "/%070d", i);
        tar_gnu_long(&tar, 'L', name);
        tar_member(&tar, '0', "short", "", "");
        if (i == 99) {
            steps();
            assert_int_equal(mount_bytes(tar.size), 0);
            few = steps();
            unmount();
        }
    }
    steps();
    assert_int_equal(mount_tar(), 0);
    many = steps();
    printf("%lu basic blocks a file\n", (many - few) / 900);
    assert_true((many - few) / 900 < 1100);
    unmount();
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL;
}

static int remove_folder(void **state)
{
    (void)state;
    shell("rm -r %s", folder);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sparse),
        cmocka_unit_test(sparse_name),
        cmocka_unit_test(incremental_with_label),
        cmocka_unit_test(global_header),
        cmocka_unit_test(through_links),
        cmocka_unit_test(left_out_by_name),
        cmocka_unit_test(bad_maps),
        cmocka_unit_test(other_contents),
        cmocka_unit_test(steps_of_a_scan),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
