/* SPDX-License-Identifier: MIT */
/* EROFS: images that mkfs.erofs makes in its several ways, all of the same tree. */
// SRCS: test/unit/fakes.c test/unit/failing_malloc.c test/unit/fake_disk.c $(TEST_EROFS)
// CFLAGS: -Wl,--wrap=malloc,--wrap=calloc,--wrap=strdup,--wrap=strndup
#include "fakes.h"

#include <errno.h>

#include "../../lib/fs/erofs/erofs.h"
#include "erofs_image.h"
#include "fake_disk.h"
#include "lib/fs/page_cache.h"
#include "lib/sched/sched.h"

static struct fake_disk disk;
static struct erofs erofs;

static const char *const ways[] = {
    "",
    "-zlz4",
    "-zlz4 -C65536",
    "-zlz4 -Elegacy-compress",
    "--chunksize=8192",
    "-Eforce-inode-extended",
    "-zlz4hc -Eforce-inode-extended",
};
#define WAYS (sizeof(ways) / sizeof(ways[0]))

static void attach(void)
{
    assert_true(image_size > 0);
    fake_disk_create_queued(&disk, "xvda", image, image_size, 512);
    disk.device.read_only = true;
}

static int detach(void **state)
{
    (void)state;
    fake_disk_destroy(&disk);
    assert_int_equal(fake_pages_in_use, 0);
    return 0;
}

static void find(const char *path, struct erofs_inode *inode)
{
    uint64_t nid = erofs.super.root;

    assert_int_equal(erofs_read_inode(&erofs, nid, inode), 0);
    while (*path != '\0') {
        size_t length = strcspn(path, "/");

        assert_int_equal(erofs_look_up(&erofs, inode, path, length, &nid), 0);
        assert_int_equal(erofs_read_inode(&erofs, nid, inode), 0);
        path += length + (path[length] == '/');
    }
}

static void check_file(const char *path)
{
    static unsigned char expected[IMAGE_MAX], data[IMAGE_MAX];
    struct erofs_inode inode;
    char name[64];
    uint32_t seed = 3;
    size_t size;

    snprintf(name, sizeof(name), "tree/%s", path);
    size = read_file(name, expected, sizeof(expected));
    find(path, &inode);
    assert_int_equal(inode.size, size);
    assert_int_equal(erofs_read(&erofs, &inode, 0, data, size), 0);
    assert_memory_equal(data, expected, size);
    for (unsigned int i = 0; size > 0 && i < 50; i++) {
        size_t offset = fake_random_seeded(&seed) % size;
        size_t length = fake_random_seeded(&seed) % (size - offset) + 1;

        assert_int_equal(erofs_read(&erofs, &inode, offset, data, length), 0);
        assert_memory_equal(data, expected + offset, length);
    }
}

static void check_attributes(void)
{
    struct erofs_inode inode, other;
    char target[8] = "";

    find("small", &inode);
    assert_int_equal(inode.mode, 0104751);
    assert_int_equal(inode.uid, 12);
    assert_int_equal(inode.gid, 34);
    assert_true(inode.modified == 1767225600ll * 1000000000);
    find("d/hi", &inode);
    find("d/hard", &other);
    assert_true(inode.nid == other.nid && inode.links == 2);
    find("null", &inode);
    assert_int_equal(inode.mode & 0170000, 0020000);
    find("link", &inode);
    assert_int_equal(inode.mode & 0170000, 0120000);
    assert_int_equal(inode.size, 4);
    assert_int_equal(erofs_read(&erofs, &inode, 0, target, 4), 0);
    assert_string_equal(target, "d/hi");
}

static void check_directory(void)
{
    struct erofs_inode inode;
    struct erofs_name name;
    uint64_t position = 0, nid;
    unsigned int count = 0;

    find("d/many", &inode);
    assert_true(inode.size > 4096);
    while (erofs_next(&erofs, &inode, &position, &name) == 1) {
        assert_int_equal(erofs_look_up(&erofs, &inode, name.text, name.length, &nid), 0);
        assert_int_equal(nid, name.nid);
        count++;
    }
    assert_int_equal(count, 402);
    assert_int_equal(erofs_look_up(&erofs, &inode, "a-name", 6, &nid), -ENOENT);
    assert_int_equal(erofs_look_up(&erofs, &inode, "zzz", 3, &nid), -ENOENT);
    assert_int_equal(erofs_look_up(&erofs, &inode, "!", 1, &nid), -ENOENT);
}

static void all_ways(void **state)
{
    (void)state;
    for (size_t i = 0; i < WAYS; i++) {
        static const char *const files[] = { "text",  "dense", "zeros", "two",
                                             "small", "empty", "d/hi" };

        make_image(ways[i]);
        attach();
        assert_int_equal(erofs_open(&erofs, &disk.device), 0);
        for (size_t f = 0; f < sizeof(files) / sizeof(files[0]); f++)
            check_file(files[f]);
        check_attributes();
        check_directory();
        detach(NULL);
    }
    make_image("");
    attach();
}

static void damaged(void **state)
{
    struct erofs_inode inode;
    uint64_t nid;

    (void)state;
    make_image("");
    attach();
    fake_log_clear();
    image[1024 + 20] ^= 1;
    assert_int_equal(erofs_open(&erofs, &disk.device), -EUCLEAN);
    assert_non_null(strstr(fake_log, "damaged"));
    image[1024] ^= 1;
    page_cache_shrink(SIZE_MAX);
    assert_int_equal(erofs_open(&erofs, &disk.device), -EINVAL);
    image[1024] ^= 1;
    image[1024 + 20] ^= 1;
    image[1024 + 81] ^= 1; /* a feature of later days */
    page_cache_shrink(SIZE_MAX);
    fake_log_clear();
    assert_int_equal(erofs_open(&erofs, &disk.device), -EOPNOTSUPP);
    assert_non_null(strstr(fake_log, "not known here"));
    image[1024 + 81] ^= 1;
    page_cache_shrink(SIZE_MAX);
    assert_int_equal(erofs_open(&erofs, &disk.device), 0);
    assert_int_equal(erofs_read_inode(&erofs, 1ull << 40, &inode), -EUCLEAN);
    assert_int_equal(erofs_read_inode(&erofs, UINT64_MAX, &inode), -EUCLEAN);
    find("d", &inode);
    disk.error = -EIO;
    page_cache_shrink(SIZE_MAX);
    assert_int_equal(erofs_look_up(&erofs, &inode, "hi", 2, &nid), -EIO);
    disk.error = 0;
    fake_fail_at = 1;
    assert_int_equal(erofs_look_up(&erofs, &inode, "hi", 2, &nid), -ENOMEM);
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
        cmocka_unit_test_teardown(all_ways, detach),
        cmocka_unit_test_teardown(damaged, detach),
    };

    return cmocka_run_group_tests(tests, before_all, after_all);
}
