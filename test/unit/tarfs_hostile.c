/* SPDX-License-Identifier: MIT */
/* tarfs: hostile archives, damage at every byte, every length, no memory. */
// SRCS: test/unit/fakes.c test/unit/failing_malloc.c test/unit/fake_disk.c test/unit/tar_writer.c $(TEST_TARFS)
// CFLAGS: -include test/unit/posix_names.h -Wl,-T,test/unit/sets.ld
// CFLAGS: -Wl,--wrap=malloc,--wrap=calloc,--wrap=strdup,--wrap=strndup
#include "tarfs_user.h"

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
        "5 a=b\n",       "999999 path=x\n",
        "0 path=x\n",    "-3 path=x\n",
        "12 path x\n..", "x",
        "11 path=xyz.",  "18446744073709551617 path=x\n",
        "12 size=-12\n", "4 =\n\n",
        "3 \n",          "11 size=1x9\n",
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

    if (depth > 30 || vfs_open(NULL, path, O_RDONLY, 0, &file) != 0)
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
    char data[600];

    tar_start(&tar);
    tar_member(&tar, '5', "d/", "", "");
    tar_pax(&tar, "path", "d/with/a/long/path");
    tar_member(&tar, '0', "d/file", "", "the contents");
    tar_gnu_long(&tar, 'L', "gnu/long/name");
    tar_member(&tar, '0', "x", "", "more contents");
    tar_member(&tar, '2', "link", "d/with", "");
    tar_member(&tar, '1', "hard", "gnu/long/name", "");
    tar_prefix_member(&tar, "prefix", "name", "p");
    tar_pax(&tar, "GNU.sparse.size", "99");
    tar_pax(&tar, "GNU.sparse.map", "3,4,90,2");
    tar_member(&tar, '0', "form 0.1", "", "sparse");
    tar_pax(&tar, "GNU.sparse.major", "1");
    tar_pax(&tar, "GNU.sparse.realsize", "99");
    snprintf(data, sizeof(data), "%-512ssparse", "2\n3\n4\n90\n2\n");
    tar_member(&tar, '0', "form 1.0", "", data);
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
        page_cache_shrink(SIZE_MAX);
        assert_int_equal(fake_pages_in_use, 0);
    }
    assert_true(n > 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hostile_names),  cmocka_unit_test(sizes),
        cmocka_unit_test(bad_extensions), cmocka_unit_test(every_byte_damaged),
        cmocka_unit_test(every_length),   cmocka_unit_test(several_damages),
        cmocka_unit_test(without_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
