/* SPDX-License-Identifier: MIT */
/*
 * ramfs through the VFS: POSIX' rules one by one, random operations against a model, lack of
 * memory.
 */
// SRCS: test/unit/fakes.c test/unit/failing_malloc.c $(TEST_VFS) $(TEST_RAMFS)
// CFLAGS: -include test/unit/posix_names.h -Wl,-T,test/unit/sets.ld
// CFLAGS: -Wl,--wrap=malloc,--wrap=calloc,--wrap=strdup,--wrap=strndup
#include "fakes.h"

#include <errno.h>
#include <string.h>

#include "vfs_user.h"

static ssize_t write_at(struct file *file, const void *data, size_t length, off_t offset)
{
    struct iovec vector = { (void *)data, length };

    return file_write(file, &vector, 1, offset);
}

static ssize_t read_at(struct file *file, void *data, size_t length, off_t offset)
{
    struct iovec vector = { data, length };

    return file_read(file, &vector, 1, offset);
}

static int make_file(const char *path, const char *text)
{
    struct file *file;
    int result = vfs_open(NULL, path, O_WRONLY | O_CREAT | O_TRUNC, 0644, &file);

    if (result != 0)
        return result;
    result = (int)write_at(file, text, strlen(text), -1);
    file_put(file);
    return result < 0 ? result : 0;
}

static int set_up(void **state)
{
    (void)state;
    return vfs_mount("/", NULL, "ramfs");
}

static int tear_down(void **state)
{
    (void)state;
    assert_int_equal(change_directory("/"), 0);
    assert_int_equal(vfs_unmount("/"), 0);
    assert_int_equal(fake_pages_in_use, 0);
    return 0;
}

static void open_rules(void **state)
{
    struct file *file;
    struct file_attributes status;

    (void)state;
    assert_int_equal(vfs_open(NULL, "/none", O_RDONLY, 0, &file), -ENOENT);
    assert_int_equal(vfs_open(NULL, "/none/x", O_RDWR | O_CREAT, 0644, &file), -ENOENT);
    assert_int_equal(make_file("/f", "hello"), 0);
    assert_int_equal(vfs_open(NULL, "/f", O_RDWR | O_CREAT | O_EXCL, 0644, &file), -EEXIST);
    assert_int_equal(vfs_open(NULL, "/f/", O_RDONLY, 0, &file), -ENOTDIR);
    assert_int_equal(vfs_open(NULL, "/f/x", O_RDONLY, 0, &file), -ENOTDIR);
    assert_int_equal(vfs_open(NULL, "/f/..", O_RDONLY, 0, &file), -ENOTDIR);
    assert_int_equal(vfs_open(NULL, "/f", O_RDONLY | O_DIRECTORY, 0, &file), -ENOTDIR);
    assert_int_equal(vfs_open(NULL, "/", O_RDWR, 0, &file), -EISDIR);
    assert_int_equal(vfs_open(NULL, "/new/", O_RDWR | O_CREAT, 0644, &file), -EISDIR);
    assert_int_equal(vfs_open(NULL, NULL, O_RDONLY, 0, &file), -EFAULT);
    assert_int_equal(attributes_of("/f", &status), 0);
    assert_int_equal(status.size, 5);
    assert_true(file_type(&status) == FILE_REGULAR);
    assert_int_equal(status.mode & 0777, 0644);
    assert_int_equal(vfs_open(NULL, "/f", O_RDONLY, 0, &file), 0);
    assert_int_equal(write_at(file, "x", 1, -1), -EBADF);
    file_put(file);
    assert_int_equal(vfs_open(NULL, "/f", O_WRONLY, 0, &file), 0);
    assert_int_equal(read_at(file, &status, 1, -1), -EBADF);
    file_put(file);
}

static void positions(void **state)
{
    char buffer[16] = "";
    struct file *file;

    (void)state;
    assert_int_equal(vfs_open(NULL, "/f", O_RDWR | O_CREAT, 0644, &file), 0);
    assert_int_equal(write_at(file, "hello", 5, -1), 5);
    assert_int_equal(write_at(file, " world", 6, -1), 6);
    assert_int_equal(file->operations->seek(file, 1, SEEK_SET), 1);
    assert_int_equal(read_at(file, buffer, 4, -1), 4);
    assert_memory_equal(buffer, "ello", 4);
    assert_int_equal(read_at(file, buffer, 5, 6), 5);
    assert_memory_equal(buffer, "world", 5);
    assert_int_equal(file->position, 5);
    assert_int_equal(file->operations->seek(file, -2, SEEK_END), 9);
    assert_int_equal(read_at(file, buffer, 16, -1), 2);
    assert_int_equal(read_at(file, buffer, 16, -1), 0);
    assert_int_equal(file->operations->seek(file, -1, SEEK_SET), -EINVAL);
    assert_int_equal(file->operations->seek(file, 0, 77), -EINVAL);
    assert_int_equal(file->operations->seek(file, INT64_MAX, SEEK_END), -EOVERFLOW);
    file->flags |= O_APPEND;
    file->operations->seek(file, 0, SEEK_SET);
    assert_int_equal(write_at(file, "!", 1, -1), 1);
    assert_int_equal(file->position, 12);
    file_put(file);
}

static void sparse(void **state)
{
    char buffer[8];
    size_t before = fake_pages_in_use;
    struct file *file;

    (void)state;
    assert_int_equal(vfs_open(NULL, "/sparse", O_RDWR | O_CREAT, 0644, &file), 0);
    assert_int_equal(write_at(file, "end", 3, 1ll << 40), 3);
    assert_true(fake_pages_in_use - before <= 6);
    assert_int_equal(read_at(file, buffer, 8, 1ll << 39), 8);
    assert_memory_equal(buffer, "\0\0\0\0\0\0\0\0", 8);
    assert_int_equal(read_at(file, buffer, 8, (1ll << 40) - 1), 4);
    assert_memory_equal(buffer, "\0end", 4);
    assert_int_equal(write_at(file, "start", 5, 0), 5);
    assert_int_equal(read_at(file, buffer, 5, 0), 5);
    assert_memory_equal(buffer, "start", 5);
    assert_int_equal(write_at(file, "x", 1, 1ll << 60), -EFBIG);
    assert_int_equal(file->operations->truncate(file, 3), 0);
    assert_int_equal(file->operations->truncate(file, 10), 0);
    assert_int_equal(read_at(file, buffer, 8, 0), 8);
    assert_memory_equal(buffer, "sta\0\0\0\0\0", 8);
    assert_int_equal(file->operations->truncate(file, 0), 0);
    assert_true(fake_pages_in_use - before <= 5);
    assert_int_equal(vfs_unlink(NULL, "/sparse"), 0);
    assert_int_equal(stat_of("/sparse"), -ENOENT);
    assert_int_equal(write_at(file, "lives on", 8, 0), 8);
    file_put(file);
    assert_int_equal(fake_pages_in_use, before);
}

static void names(void **state)
{
    char path[VFS_PATH_MAX + 10];

    (void)state;
    assert_int_equal(make_directory("/d", 0755), 0);
    assert_int_equal(make_directory("/d", 0755), -EEXIST);
    assert_int_equal(make_directory("/", 0755), -EEXIST);
    assert_int_equal(make_directory("/x/y", 0755), -ENOENT);
    assert_int_equal(make_directory("/d/e/", 0755), 0);
    assert_int_equal(make_file("/d/e/f", "f"), 0);
    assert_int_equal(vfs_rmdir(NULL, "/d"), -ENOTEMPTY);
    assert_int_equal(vfs_rmdir(NULL, "/d/e/f"), -ENOTDIR);
    assert_int_equal(vfs_rmdir(NULL, "/d/e/."), -EINVAL);
    assert_int_equal(vfs_unlink(NULL, "/d/e"), -EPERM);
    assert_int_equal(vfs_unlink(NULL, "/d/e/f/"), -ENOTDIR);
    assert_int_equal(vfs_rmdir(NULL, "/"), -EBUSY);
    assert_int_equal(vfs_rename(NULL, "/d", NULL, "/d/e/g"), -EINVAL);
    assert_int_equal(vfs_rename(NULL, "/d", NULL, "/d"), 0);
    assert_int_equal(vfs_rename(NULL, "/none", NULL, "/d"), -ENOENT);
    assert_int_equal(vfs_rename(NULL, "/d/e/f", NULL, "/d"), -EISDIR);
    assert_int_equal(vfs_rename(NULL, "/d", NULL, "/d/e/f"), -ENOTDIR);
    assert_int_equal(vfs_rename(NULL, "/d/e/f", NULL, "/g"), 0);
    assert_int_equal(vfs_rename(NULL, "/d/e", NULL, "/e"), 0);
    assert_int_equal(vfs_rename(NULL, "/e", NULL, "/d"), 0);
    assert_int_equal(vfs_rmdir(NULL, "/d"), 0);
    memset(path, 'n', sizeof(path));
    path[0] = '/';
    path[257] = '\0';
    assert_int_equal(make_file(path, ""), -ENAMETOOLONG);
    path[256] = '\0';
    assert_int_equal(make_file(path, ""), 0);
}

static void mounts(void **state)
{
    struct file *file;
    struct file_attributes status;
    uint64_t root;

    (void)state;
    assert_int_equal(attributes_of("/", &status), 0);
    root = status.device;
    assert_int_equal(vfs_mount("/a/b", NULL, "ramfs"), 0);
    assert_int_equal(attributes_of("/a/b", &status), 0);
    assert_int_not_equal(status.device, root);
    assert_int_equal(make_file("/a/b/f", "f"), 0);
    assert_int_equal(make_file("/f", "f"), 0);
    assert_int_equal(vfs_rename(NULL, "/f", NULL, "/a/b/g"), -EXDEV);
    assert_int_equal(vfs_rename(NULL, "/a/b", NULL, "/c"), -EBUSY);
    assert_int_equal(make_directory("/d", 0755), 0);
    assert_int_equal(vfs_rename(NULL, "/d", NULL, "/a/b"), -EBUSY);
    assert_int_equal(vfs_rename(NULL, "/a", NULL, "/c"), 0); /* what is mounted below moves along */
    assert_int_equal(stat_of("/c/b/f"), 0);
    assert_int_equal(vfs_rename(NULL, "/c", NULL, "/a"), 0);
    assert_int_equal(vfs_rmdir(NULL, "/a/b"), -EBUSY);
    assert_int_equal(vfs_unmount("/"), -EBUSY);
    assert_int_equal(vfs_unmount("/a"), -EINVAL);
    assert_int_equal(vfs_open(NULL, "/a/b/f", O_RDONLY, 0, &file), 0);
    assert_int_equal(vfs_unmount("/a/b"), -EBUSY);
    file_put(file);
    assert_int_equal(vfs_unmount("/a/b"), 0);
    assert_int_equal(attributes_of("/a/b/f", &status), -ENOENT);
    assert_int_equal(vfs_rmdir(NULL, "/a/b"), 0);
    fake_log_clear();
    assert_int_equal(vfs_mount("/x", "xvda", NULL), -ENODEV);
    assert_string_equal(fake_log, "mount: no disk xvda for /x; disks here: none\n");
    assert_int_equal(vfs_mount("/x", NULL, "ext2"), -ENODEV);
    assert_int_equal(vfs_mount("x", NULL, "ramfs"), -EINVAL);
}

static void working_directory(void **state)
{
    char path[64];

    (void)state;
    assert_int_equal(make_directory("/w", 0755), 0);
    assert_int_equal(make_file("/w/f", "f"), 0);
    assert_int_equal(change_directory("/w/f"), -ENOTDIR);
    assert_int_equal(change_directory("/w/none"), -ENOENT);
    assert_int_equal(change_directory("w"), 0);
    assert_int_equal(vfs_getcwd(path, 2), -ERANGE);
    assert_int_equal(vfs_getcwd(path, 3), 3);
    assert_string_equal(path, "/w");
    assert_int_equal(vfs_unlink(NULL, "f"), 0);
    assert_int_equal(make_file("../g", "g"), 0);
    assert_int_equal(stat_of("/g"), 0);
}

static void listing(void **state)
{
    struct directory_entry entry;
    char name[16];
    struct file *file;
    int i, seen = 0;

    (void)state;
    for (i = 0; i < 100; i++) {
        snprintf(name, sizeof(name), "/n%d", i);
        assert_int_equal(make_file(name, ""), 0);
    }
    assert_int_equal(vfs_open(NULL, "/", O_RDONLY, 0, &file), 0);
    assert_int_equal(read_at(file, name, 1, -1), -EISDIR);
    while (file->operations->readdir(file, &entry) == 1) {
        if (entry.name[0] != 'n')
            continue;
        snprintf(name, sizeof(name), "/%.8s", entry.name);
        assert_int_equal(vfs_unlink(NULL, name), 0); /* none of the others is skipped */
        seen++;
    }
    assert_int_equal(seen, 100);
    file->position = 0;
    assert_int_equal(file->operations->readdir(file, &entry), 1);
    assert_string_equal(entry.name, ".");
    assert_int_equal(file->operations->readdir(file, &entry), 1);
    assert_string_equal(entry.name, "..");
    assert_int_equal(file->operations->readdir(file, &entry), 0);
    file_put(file);
}

/* The model: what the few names hold, or NULL. */
#define MODEL_NAMES 6
#define MODEL_SIZE 30000

struct model_file {
    bool exists;
    size_t size;
    char data[MODEL_SIZE];
};
static struct model_file model[MODEL_NAMES];

static void model_write(uint32_t *seed, struct model_file *file, const char *path)
{
    size_t offset = fake_random_seeded(seed) % 20000, length = fake_random_seeded(seed) % 9000, i;
    char data[9000];
    struct file *opened;

    for (i = 0; i < length; i++)
        data[i] = (char)fake_random_seeded(seed);
    assert_int_equal(vfs_open(NULL, path, O_RDWR | O_CREAT, 0600, &opened), 0);
    assert_int_equal(write_at(opened, data, length, (off_t)offset), length);
    file_put(opened);
    file->exists = true;
    memcpy(file->data + offset, data, length);
    if (length > 0 && offset + length > file->size)
        file->size = offset + length;
}

static void model_truncate(uint32_t *seed, struct model_file *file, const char *path)
{
    size_t size = fake_random_seeded(seed) % MODEL_SIZE;

    assert_int_equal(truncate_path(path, (off_t)size), file->exists ? 0 : -ENOENT);
    if (!file->exists)
        return;
    if (size < file->size)
        memset(file->data + size, 0, MODEL_SIZE - size);
    file->size = size;
}

static void model_compare(const struct model_file *file, const char *path)
{
    static char data[MODEL_SIZE + 1];
    struct file *opened;
    int result = vfs_open(NULL, path, O_RDONLY, 0, &opened);

    assert_int_equal(result, file->exists ? 0 : -ENOENT);
    if (result != 0)
        return;
    assert_int_equal(read_at(opened, data, sizeof(data), 0), file->size);
    assert_memory_equal(data, file->data, file->size);
    file_put(opened);
}

static void against_model(void **state)
{
    uint32_t seed = 42;
    char path[2][8];
    int round;

    (void)state;
    for (round = 0; round < 4000; round++) {
        unsigned int a = fake_random_seeded(&seed) % MODEL_NAMES;
        unsigned int b = fake_random_seeded(&seed) % MODEL_NAMES;

        snprintf(path[0], sizeof(path[0]), "/m%u", a);
        snprintf(path[1], sizeof(path[1]), "/m%u", b);
        switch (fake_random_seeded(&seed) % 5) {
        case 0:
        case 1:
            model_write(&seed, &model[a], path[0]);
            break;
        case 2:
            model_truncate(&seed, &model[a], path[0]);
            break;
        case 3:
            assert_int_equal(vfs_unlink(NULL, path[0]), model[a].exists ? 0 : -ENOENT);
            memset(&model[a], 0, sizeof(model[a]));
            break;
        default:
            assert_int_equal(vfs_rename(NULL, path[0], NULL, path[1]),
                             model[a].exists ? 0 : -ENOENT);
            if (model[a].exists && a != b) {
                model[b] = model[a];
                memset(&model[a], 0, sizeof(model[a]));
            }
        }
        model_compare(&model[a], path[0]);
        model_compare(&model[b], path[1]);
    }
}

/* Everything that allocates, once; false as soon as something failed for lack of memory. */
static bool scenario(void)
{
    struct file *file;
    int result;

    if (make_directory("/d", 0755) != 0 || make_file("/d/f", "text") != 0)
        return false;
    if (vfs_rename(NULL, "/d/f", NULL, "/d/other") != 0)
        return false;
    if (vfs_mount("/m", NULL, "ramfs") != 0)
        return false;
    result = vfs_open(NULL, "/d/big", O_RDWR | O_CREAT, 0600, &file);
    if (result != 0)
        return false;
    result = (int)write_at(file, "x", 1, 1 << 25);
    file_put(file);
    return result == 1;
}

static void without_memory(void **state)
{
    unsigned int n;
    bool done = false;

    (void)state;
    for (n = 1; !done; n++) {
        assert_int_equal(vfs_mount("/", NULL, "ramfs"), 0);
        fake_fail_at = n;
        done = scenario();
        done = fake_fail_at != 0;
        fake_fail_at = 0;
        vfs_unmount("/m");
        assert_int_equal(vfs_unmount("/"), 0);
        assert_int_equal(fake_pages_in_use, 0);
    }
    assert_true(n > 10);
}

static void full(void **state)
{
    static char block[65536];
    struct file *file;
    ssize_t written;
    off_t total = 0;

    (void)state;
    assert_int_equal(vfs_open(NULL, "/full", O_RDWR | O_CREAT, 0600, &file), 0);
    do {
        written = write_at(file, block, sizeof(block), -1);
        total += written > 0 ? written : 0;
    } while (written > 0);
    assert_int_equal(written, -ENOSPC);
    assert_true(total > 4000 * 1024 && total <= (off_t)fake_pages_total / 2 * 4096);
    file_put(file);
    assert_int_equal(vfs_unlink(NULL, "/full"), 0);
    assert_int_equal(make_file("/again", "works"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(open_rules, set_up, tear_down),
        cmocka_unit_test_setup_teardown(positions, set_up, tear_down),
        cmocka_unit_test_setup_teardown(sparse, set_up, tear_down),
        cmocka_unit_test_setup_teardown(names, set_up, tear_down),
        cmocka_unit_test_setup_teardown(mounts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(working_directory, set_up, tear_down),
        cmocka_unit_test_setup_teardown(listing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(against_model, set_up, tear_down),
        cmocka_unit_test(without_memory),
        cmocka_unit_test_setup_teardown(full, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
