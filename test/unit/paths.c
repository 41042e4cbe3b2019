/* SPDX-License-Identifier: MIT */
/*
 * What POSIX says of names, call by call: links, the ends of paths, rename(), the calls with "at",
 * working directories that move, modes and times, and a read-only mount.
 */
// SRCS: test/unit/fakes.c test/unit/failing_malloc.c test/unit/fake_disk.c test/unit/tar_writer.c
// SRCS: $(TEST_TARFS) $(TEST_RAMFS) lib/fs/devfs/devfs.c lib/posix/io_vector.c lib/file/descriptor.c
// SRCS: lib/file/console_file.c lib/posix/open.c lib/posix/names.c lib/posix/path.c lib/posix/status.c
// SRCS: lib/posix/change.c lib/posix/working_directory.c lib/posix/statvfs.c lib/posix/directory.c
// SRCS: lib/posix/limits.c
// CFLAGS: -include test/unit/posix_names.h -Wno-nonnull -Wl,-T,test/unit/sets.ld
// CFLAGS: -Wl,--wrap=malloc,--wrap=calloc,--wrap=strdup,--wrap=strndup
#include "fakes.h"

#include <errno.h>
#include <string.h>

#include "fake_disk.h"
#include "lib/file/file.h"
#include "lib/fs/vfs.h"
#include "tar_writer.h"

#define assert_ok(call) assert_int_equal((call), 0)
#define assert_fails(call, error)         \
    do {                                  \
        errno = 0;                        \
        assert_true((call) == -1);        \
        assert_int_equal(errno, (error)); \
    } while (0)

static int set_up(void **state)
{
    (void)state;
    return vfs_mount("/", NULL, "ramfs");
}

static int tear_down(void **state)
{
    (void)state;
    assert_ok(chdir("/"));
    assert_ok(vfs_unmount("/"));
    assert_int_equal(fake_pages_in_use, 0);
    return 0;
}

static void put(const char *path, const char *text)
{
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

    assert_true(file >= 0);
    assert_int_equal(write(file, text, strlen(text)), strlen(text));
    assert_ok(close(file));
}

static void expect(const char *path, const char *text)
{
    char buffer[64];
    int file = open(path, O_RDONLY);

    assert_true(file >= 0);
    assert_int_equal(read(file, buffer, sizeof(buffer)), strlen(text));
    assert_memory_equal(buffer, text, strlen(text));
    assert_ok(close(file));
}

static void symbolic_links(void **state)
{
    char buffer[32] = "";
    struct stat status;

    (void)state;
    assert_ok(mkdir("/d", 0755));
    put("/d/f", "file");
    assert_ok(symlink("d/f", "/to_file"));
    assert_ok(symlink("/d/", "/to_directory"));
    assert_ok(symlink("../to_file", "/d/back"));
    assert_ok(symlink("nowhere/at/all", "/dangling"));
    assert_ok(symlink("made", "/to_be_made"));
    expect("/to_file", "file");
    expect("/to_directory/f", "file");
    expect("/to_directory/back", "file");
    assert_ok(lstat("/to_file", &status));
    assert_true(S_ISLNK(status.st_mode));
    assert_int_equal(status.st_size, 3);
    assert_ok(lstat("/to_directory/", &status)); /* a slash: what the link leads to */
    assert_true(S_ISDIR(status.st_mode));
    assert_ok(stat("/to_directory", &status));
    assert_true(S_ISDIR(status.st_mode));
    assert_int_equal(readlink("/to_file", buffer, 2), 2);
    assert_memory_equal(buffer, "d/\0", 3);
    assert_int_equal(readlink("/dangling", buffer, sizeof(buffer)), 14);
    assert_fails(readlink("/d/f", buffer, sizeof(buffer)), EINVAL);
    assert_fails(stat("/dangling", &status), ENOENT);
    assert_fails(open("/dangling", O_WRONLY | O_CREAT, 0600), ENOENT);
    assert_fails(open("/to_be_made", O_WRONLY | O_CREAT | O_EXCL, 0600), EEXIST);
    put("/to_be_made", "new");
    expect("/made", "new");
    assert_fails(open("/to_file", O_RDONLY | O_NOFOLLOW), ELOOP);
    assert_fails(open("/to_file/", O_RDONLY), ENOTDIR);
    assert_fails(mkdir("/dangling", 0755), EEXIST);
    assert_fails(symlink("x", "/to_file"), EEXIST);
    assert_fails(symlink("", "/empty"), ENOENT);
    assert_fails(symlink("x", "/new/"), ENOENT);
    assert_fails(rmdir("/to_directory"), ENOTDIR);
    assert_fails(unlink("/to_directory/"), ENOTDIR);
    assert_ok(rename("/to_file", "/moved")); /* the link itself */
    assert_ok(unlink("/moved"));
    expect("/d/f", "file");
}

static void forty_links(void **state)
{
    char from[16], to[16];
    struct stat status;

    (void)state;
    put("/l0", "end");
    for (int i = 1; i <= 41; i++) {
        snprintf(from, sizeof(from), "l%d", i - 1);
        snprintf(to, sizeof(to), "/l%d", i);
        assert_ok(symlink(from, to));
    }
    expect("/l40", "end");
    assert_fails(stat("/l41", &status), ELOOP);
    assert_ok(symlink("loop", "/loop"));
    assert_fails(stat("/loop", &status), ELOOP);
    assert_fails(stat("/loop/x", &status), ELOOP);
    assert_fails(open("/loop", O_WRONLY | O_CREAT, 0600), ELOOP);
}

static nlink_t links_of(const char *path)
{
    struct stat status;

    assert_ok(lstat(path, &status));
    return status.st_nlink;
}

static void hard_links(void **state)
{
    struct stat a, b;
    int file;

    (void)state;
    assert_ok(mkdir("/d", 0755));
    put("/a", "one");
    assert_ok(link("/a", "/d/b"));
    assert_int_equal(links_of("/a"), 2);
    assert_ok(stat("/a", &a));
    assert_ok(stat("/d/b", &b));
    assert_true(a.st_ino == b.st_ino && a.st_dev == b.st_dev);
    put("/d/b", "two");
    expect("/a", "two");
    assert_ok(rename("/a", "/d/b")); /* two names of one file: nothing is done */
    assert_int_equal(links_of("/a"), 2);
    assert_ok(unlink("/a"));
    assert_int_equal(links_of("/d/b"), 1);
    assert_fails(link("/d", "/e"), EPERM);
    assert_fails(link("/none", "/e"), ENOENT);
    assert_fails(link("/d/b", "/d"), EEXIST);
    assert_fails(link("/d/b", "/none/e"), ENOENT);
    assert_ok(symlink("d/b", "/s"));
    assert_ok(link("/s", "/t")); /* of the symbolic link */
    assert_int_equal(links_of("/s"), 2);
    assert_ok(linkat(AT_FDCWD, "/s", AT_FDCWD, "/u", AT_SYMLINK_FOLLOW));
    assert_int_equal(links_of("/d/b"), 2);
    assert_int_equal(links_of("/d"), 2);
    assert_ok(mkdir("/d/sub", 0755));
    assert_int_equal(links_of("/d"), 3);
    file = open("/u", O_RDWR);
    assert_ok(unlink("/u"));
    assert_ok(unlink("/d/b"));
    assert_ok(fstat(file, &a));
    assert_int_equal(a.st_nlink, 0);
    assert_int_equal(pread(file, &b, 3, 0), 3); /* it lives while it is open */
    assert_ok(close(file));
}

static void ends_of_paths(void **state)
{
    struct stat status;
    int d;

    (void)state;
    assert_ok(mkdir("/d/", 0755));
    assert_ok(mkdir("/d/e", 0755));
    put("/f", "file");
    assert_fails(rename("/d/.", "/x"), EINVAL);
    assert_fails(rename("/d/e/..", "/x"), EINVAL);
    assert_fails(rename("/d", "/d/e/."), EINVAL);
    assert_fails(rename("/d", "/x/.."), ENOENT);
    assert_fails(rename("/", "/x"), EBUSY);
    assert_fails(rename("/f", "/x/"), ENOTDIR);
    assert_fails(rename("/f/", "/x"), ENOTDIR);
    assert_ok(rename("/d/e/", "/d/x/"));
    assert_fails(rmdir("/d/."), EINVAL);
    assert_fails(rmdir("/d/x/.."), ENOTEMPTY);
    assert_fails(rmdir("/"), EBUSY);
    assert_fails(unlink("/d/."), EPERM);
    assert_fails(mkdir("/d/.", 0755), EEXIST);
    assert_fails(mkdir("/d/x/..", 0755), EEXIST);
    assert_fails(mkdir("/", 0755), EEXIST);
    assert_fails(stat("/f/", &status), ENOTDIR);
    assert_fails(stat("/f/.", &status), ENOTDIR);
    assert_fails(stat("", &status), ENOENT);
    assert_fails(open("/n/", O_WRONLY | O_CREAT, 0600), EISDIR);
    assert_ok(stat("//d///x/../x/./", &status));
    assert_ok(stat("/../../d", &status));
    d = open("/d", O_RDONLY | O_DIRECTORY);
    assert_fails(unlinkat(d, "x", 0), EPERM);
    assert_ok(unlinkat(d, "x", AT_REMOVEDIR));
    assert_ok(close(d));
}

static void renames(void **state)
{
    struct stat status;
    char path[64];

    (void)state;
    assert_ok(mkdir("/a", 0755));
    assert_ok(mkdir("/a/b", 0755));
    assert_ok(mkdir("/c", 0755));
    put("/a/b/f", "f");
    put("/g", "g");
    assert_fails(rename("/a", "/a/b/x"), EINVAL);
    assert_fails(rename("/a", "/a/x"), EINVAL);
    assert_fails(rename("/a/b", "/a"), ENOTEMPTY);
    assert_fails(rename("/g", "/c"), EISDIR);
    assert_fails(rename("/c", "/g"), ENOTDIR);
    assert_fails(rename("/c", "/a"), ENOTEMPTY);
    assert_ok(rename("/a/b", "/c")); /* in the place of an empty directory */
    expect("/c/f", "f");
    assert_int_equal(links_of("/a"), 2);
    assert_ok(rename("/g", "/c/f"));
    expect("/c/f", "g");
    assert_ok(chdir("/c"));
    assert_ok(rename("/c", "/a/d")); /* with who is in it */
    assert_non_null(getcwd(path, sizeof(path)));
    assert_string_equal(path, "/a/d");
    expect("f", "g");
    assert_ok(stat("../../a", &status));
    assert_fails(rename("/a", "/a/d/x"), EINVAL);
    assert_ok(unlink("f"));
    assert_ok(rmdir("/a/d")); /* even if it is somebody's working directory */
    assert_fails(open("new", O_WRONLY | O_CREAT, 0600), ENOENT);
    assert_fails(mkdir("new", 0755), ENOENT);
    assert_null(getcwd(path, sizeof(path)));
    assert_int_equal(errno, ENOENT);
}

static void calls_with_at(void **state)
{
    char buffer[16];
    struct stat status;
    int d, e, f;

    (void)state;
    assert_ok(mkdir("/d", 0755));
    d = open("/d", O_RDONLY | O_DIRECTORY);
    assert_ok(mkdirat(d, "e", 0700));
    e = openat(d, "e", O_RDONLY);
    f = openat(e, "f", O_RDWR | O_CREAT, 0600);
    assert_int_equal(write(f, "text", 4), 4);
    assert_ok(rename("/d", "/moved")); /* descriptors lead where they led */
    assert_ok(fstatat(e, "f", &status, 0));
    assert_int_equal(status.st_size, 4);
    assert_ok(symlinkat("e/f", d, "s"));
    assert_int_equal(readlinkat(d, "s", buffer, sizeof(buffer)), 3);
    assert_ok(fstatat(d, "s", &status, AT_SYMLINK_NOFOLLOW));
    assert_true(S_ISLNK(status.st_mode));
    assert_ok(linkat(d, "s", e, "hard", AT_SYMLINK_FOLLOW));
    assert_ok(fstatat(f, "", &status, AT_EMPTY_PATH));
    assert_int_equal(status.st_nlink, 2);
    assert_fails(fstatat(f, "", &status, 0), ENOENT);
    assert_fails(fstatat(d, "s", &status, 0x4000000), EINVAL);
    assert_ok(renameat(e, "hard", d, "soft"));
    assert_ok(faccessat(d, "soft", W_OK, 0));
    assert_ok(unlinkat(d, "soft", 0));
    assert_ok(fchmodat(d, "e/f", 0751, 0));
    assert_ok(fchownat(d, "e/f", 12, 34, 0));
    assert_ok(fstat(f, &status));
    assert_int_equal(status.st_mode, S_IFREG | 0751);
    assert_int_equal(status.st_uid, 12);
    assert_int_equal(status.st_gid, 34);
    assert_fails(fstatat(f, "x", &status, 0), ENOTDIR);
    assert_fails(fstatat(77, "x", &status, 0), EBADF);
    assert_ok(fstatat(77, "/moved", &status, 0));
    assert_fails(fchdir(f), ENOTDIR);
    assert_fails(fchdir(77), EBADF);
    assert_ok(fchdir(e));
    expect("f", "text");
    expect("../s", "text");
    assert_ok(unlinkat(AT_FDCWD, "f", 0));
    assert_ok(close(d) | close(e) | close(f));
}

static void modes_and_times(void **state)
{
    struct timespec times[2] = { { 5, 7 }, { -3, 999999999 } };
    struct stat status;
    int f;

    (void)state;
    put("/f", "text");
    assert_ok(chmod("/f", 04755));
    assert_ok(chown("/f", 1000, (gid_t)-1));
    assert_ok(utimensat(AT_FDCWD, "/f", times, 0));
    assert_ok(stat("/f", &status));
    assert_int_equal(status.st_mode, S_IFREG | 04755);
    assert_int_equal(status.st_uid, 1000);
    assert_int_equal(status.st_gid, 0);
    assert_true(status.st_atim.tv_sec == 5 && status.st_atim.tv_nsec == 7);
    assert_true(status.st_mtim.tv_sec == -3 && status.st_mtim.tv_nsec == 999999999);
    times[0].tv_nsec = UTIME_OMIT;
    times[1] = (struct timespec){ 9, UTIME_NOW };
    assert_ok(utimensat(AT_FDCWD, "/f", times, 0));
    assert_ok(stat("/f", &status));
    assert_int_equal(status.st_atim.tv_sec, 5);
    assert_true(status.st_mtim.tv_sec > 9);
    times[0].tv_nsec = 1000000000;
    f = open("/f", O_RDONLY);
    assert_fails(futimens(f, times), EINVAL);
    assert_ok(futimens(f, NULL));
    assert_ok(fchmod(f, 0600));
    assert_ok(fchown(f, 7, 8));
    assert_ok(close(f));
    assert_ok(symlink("f", "/s"));
    assert_ok(lchown("/s", 3, 4));
    assert_ok(lstat("/s", &status));
    assert_int_equal(status.st_uid, 3);
    assert_ok(stat("/s", &status));
    assert_int_equal(status.st_uid, 7);
    assert_fails(chmod("/none", 0600), ENOENT);
    assert_fails(fchmod(77, 0600), EBADF);
}

static void read_only(void **state)
{
    static struct tar_writer tar;
    struct fake_disk disk;
    struct stat a, b;
    char text[16];
    int f;

    (void)state;
    tar_start(&tar);
    tar_member(&tar, '0', "d/f", "", "text");
    tar_member(&tar, '1', "hard", "d/f", "");
    tar_member(&tar, '2', "out", "../../secret", "");
    tar_member(&tar, '2', "nested", "in/../../secret", "");
    tar_member(&tar, '2', "in", "d", "");
    tar_member(&tar, '2', "absolute", "/d/f", "");
    tar_end(&tar);
    fake_disk_create(&disk, "xvda", tar.data, tar.size, 512);
    assert_ok(vfs_mount("/www", "xvda", NULL));
    put("/secret", "secret");
    assert_fails(access("/www/d/f", W_OK), EROFS);
    assert_fails(access("/www/d", W_OK), EROFS);
    assert_ok(access("/www/d/f", R_OK));
    assert_ok(access("/secret", W_OK));
    assert_fails(access("/www/none", W_OK), ENOENT);
    assert_fails(open("/www/d/f", O_WRONLY), EROFS);
    assert_fails(open("/www/d/g", O_WRONLY | O_CREAT, 0600), EROFS);
    assert_fails(open("/www/d/f", O_RDONLY | O_CREAT | O_EXCL, 0600), EEXIST);
    assert_fails(chmod("/www/d/f", 0600), EROFS);
    assert_fails(link("/www/d/f", "/www/g"), EROFS);
    assert_fails(link("/www/d/f", "/g"), EXDEV);
    assert_fails(symlink("x", "/www/g"), EROFS);
    assert_fails(unlink("/www/d/f"), EROFS);
    assert_fails(rmdir("/www/d"), EROFS);
    assert_fails(rename("/www/d", "/www/e"), EROFS);
    assert_fails(truncate("/www/d/f", 0), EROFS);
    assert_fails(utimensat(AT_FDCWD, "/www/d/f", NULL, 0), EROFS);
    assert_ok(stat("/www/d/f", &a));
    assert_ok(stat("/www/hard", &b));
    assert_true(a.st_ino == b.st_ino && a.st_nlink == 2 && b.st_nlink == 2);
    expect("/www/absolute", "text");
    assert_ok(lstat("/www/out", &a));
    assert_true(S_ISLNK(a.st_mode));
    assert_int_equal(readlink("/www/out", text, sizeof(text)), 12);
    assert_fails(open("/www/out", O_RDONLY), ENOENT); /* no link leads out of the archive */
    assert_fails(open("/www/nested", O_RDONLY), ENOENT);
    expect("/www/in/../../secret", "secret"); /* but a path of the caller's does */
    f = open("/www/d", O_RDONLY);
    expect("/www/d/../../secret", "secret");
    assert_ok(fchdir(f));
    expect("../../secret", "secret");
    assert_ok(close(f));
    assert_int_equal(vfs_unmount("/www"), -EBUSY);
    assert_ok(chdir("/"));
    assert_ok(vfs_unmount("/www"));
    fake_disk_destroy(&disk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(symbolic_links, set_up, tear_down),
        cmocka_unit_test_setup_teardown(forty_links, set_up, tear_down),
        cmocka_unit_test_setup_teardown(hard_links, set_up, tear_down),
        cmocka_unit_test_setup_teardown(ends_of_paths, set_up, tear_down),
        cmocka_unit_test_setup_teardown(renames, set_up, tear_down),
        cmocka_unit_test_setup_teardown(calls_with_at, set_up, tear_down),
        cmocka_unit_test_setup_teardown(modes_and_times, set_up, tear_down),
        cmocka_unit_test_setup_teardown(read_only, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
