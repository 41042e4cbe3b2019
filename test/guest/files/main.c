/* SPDX-License-Identifier: MIT */
/*
 * Files through newlib's stdio and through POSIX: the archive that the cfg's ramdisk= names, the
 * writable root, /dev, directories, pipes between threads and poll().
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "../check.h"

static void test_archive(void)
{
    char line[64] = "";
    FILE *file = fopen("/www/hello.txt", "r");

    CHECK(file != NULL);
    if (!file)
        return;
    CHECK(fgets(line, sizeof(line), file) != NULL);
    CHECK(strcmp(line, "hello from the archive\n") == 0);
    CHECK(fseek(file, -8, SEEK_END) == 0 && fgets(line, sizeof(line), file) &&
          strcmp(line, "archive\n") == 0);
    CHECK(fclose(file) == 0);
    CHECK(fopen("/www/none", "r") == NULL && errno == ENOENT);
    CHECK(open("/www/new", O_WRONLY | O_CREAT, 0600) == -1 && errno == EROFS);
}

static void test_stdio(void)
{
    char text[32];
    FILE *file = fopen("/tmp/numbers", "w+");

    CHECK(file != NULL);
    for (int i = 0; i < 10000; i++)
        fprintf(file, "%d\n", i);
    CHECK(fseek(file, 0, SEEK_SET) == 0);
    for (int i = 0; i < 10000; i++)
        CHECK(fgets(text, sizeof(text), file) && atoi(text) == i);
    CHECK(fclose(file) == 0);
    CHECK(rename("/tmp/numbers", "/tmp/renamed") == 0);
    CHECK(access("/tmp/numbers", F_OK) == -1 && errno == ENOENT);
    CHECK(remove("/tmp/renamed") == 0);
}

static void test_directories(void)
{
    struct dirent *entry;
    unsigned int seen = 0;
    DIR *stream;

    CHECK(mkdir("/tmp/d", 0755) == 0 && chdir("/tmp/d") == 0);
    CHECK(getcwd(NULL, 0) != NULL);
    CHECK(close(creat("f", 0600)) == 0);
    CHECK(rmdir("/tmp/d") == -1 && errno == ENOTEMPTY);
    CHECK(unlink("f") == 0 && chdir("/") == 0 && rmdir("tmp/d") == 0);
    stream = opendir("/www");
    CHECK(stream != NULL);
    while (stream && (entry = readdir(stream)))
        seen += !strcmp(entry->d_name, "hello.txt") || !strcmp(entry->d_name, "sub");
    CHECK(seen == 2);
    CHECK(closedir(stream) == 0);
}

static void test_devices(void)
{
    char bytes[16] = { 1 };
    int descriptor = open("/dev/zero", O_RDONLY);

    CHECK(read(descriptor, bytes, 16) == 16 && bytes[0] == 0);
    CHECK(close(descriptor) == 0);
    descriptor = open("/dev/ramdisk", O_RDONLY);
    CHECK(pread(descriptor, bytes, 5, 257) == 5 && memcmp(bytes, "ustar", 5) == 0);
    CHECK(close(descriptor) == 0);
    CHECK(isatty(0) && !isatty(descriptor));
}

static int ends[2];

static void writer(void *unused)
{
    char block[3000] = { 0 };

    (void)unused;
    for (int i = 0; i < 20; i++)
        CHECK(write(ends[1], block, sizeof(block)) == sizeof(block));
    CHECK(close(ends[1]) == 0);
}

static void test_pipe(void)
{
    char block[500];
    size_t total = 0;
    ssize_t length;
    struct pollfd poll_one;

    CHECK(pipe(ends) == 0);
    poll_one = (struct pollfd){ ends[0], POLLIN, 0 };
    CHECK(poll(&poll_one, 1, 20) == 0);
    CHECK(thread_create("writer", writer, NULL) != NULL);
    CHECK(poll(&poll_one, 1, -1) == 1 && poll_one.revents == POLLIN);
    while ((length = read(ends[0], block, sizeof(block))) > 0)
        total += (size_t)length;
    CHECK(length == 0 && total == 60000);
    CHECK(close(ends[0]) == 0);
}

static void test_full(void)
{
    static char block[65536];
    struct statvfs before, after;
    int descriptor = open("/tmp/full", O_WRONLY | O_CREAT, 0600);
    ssize_t length;

    CHECK(statvfs("/tmp", &before) == 0);
    while ((length = write(descriptor, block, sizeof(block))) > 0)
        continue;
    CHECK(length == -1 && errno == ENOSPC);
    CHECK(close(descriptor) == 0 && unlink("/tmp/full") == 0);
    CHECK(statvfs("/tmp", &after) == 0 && after.f_bfree == before.f_bfree);
}

static void test_links(void)
{
    char text[64] = "";
    struct stat a, b;
    int directory;

    CHECK(mkdir("/tmp/l", 0750) == 0 && chdir("/tmp/l") == 0);
    CHECK(close(creat("file", 0640)) == 0);
    CHECK(symlink("file", "symbolic") == 0 && link("file", "hard") == 0);
    CHECK(stat("symbolic", &a) == 0 && stat("hard", &b) == 0 && a.st_ino == b.st_ino);
    CHECK(a.st_nlink == 2 && a.st_mode == (S_IFREG | 0640));
    CHECK(lstat("symbolic", &a) == 0 && S_ISLNK(a.st_mode));
    CHECK(readlink("symbolic", text, sizeof(text)) == 4 && strcmp(text, "file") == 0);
    CHECK(symlink("loop", "loop") == 0 && open("loop", O_RDONLY) == -1 && errno == ELOOP);
    CHECK(chmod("file", 0600) == 0 && chown("file", 1000, 100) == 0);
    CHECK(utimensat(AT_FDCWD, "file", (struct timespec[]){ { 1, 2 }, { 3, 4 } }, 0) == 0);
    CHECK(stat("hard", &a) == 0 && a.st_mode == (S_IFREG | 0600) && a.st_uid == 1000 &&
          a.st_gid == 100);
    CHECK(a.st_mtim.tv_sec == 3 && a.st_mtim.tv_nsec == 4 && a.st_atim.tv_nsec == 2);
    directory = open(".", O_RDONLY | O_DIRECTORY);
    CHECK(rename("/tmp/l", "/tmp/moved") == 0);
    CHECK(getcwd(text, sizeof(text)) && strcmp(text, "/tmp/moved") == 0);
    CHECK(unlinkat(directory, "hard", 0) == 0 && fstatat(directory, "file", &a, 0) == 0);
    CHECK(a.st_nlink == 1);
    CHECK(renameat(directory, "file", AT_FDCWD, "/tmp/moved/../file") == 0);
    CHECK(unlink("../file") == 0 && unlink("symbolic") == 0 && unlink("loop") == 0);
    CHECK(rename("/tmp/moved/.", "/tmp/x") == -1 && errno == EINVAL);
    CHECK(chdir("/") == 0 && rmdir("/tmp/moved") == 0 && close(directory) == 0);
}

static void test_read_only(void)
{
    CHECK(access("/www/hello.txt", W_OK) == -1 && errno == EROFS);
    CHECK(access("/www/hello.txt", R_OK) == 0);
    CHECK(rename("/www/hello.txt", "/www/x") == -1 && errno == EROFS);
    CHECK(link("/www/hello.txt", "/tmp/x") == -1 && errno == EXDEV);
    CHECK(symlink("x", "/www/x") == -1 && errno == EROFS);
    CHECK(chmod("/www/hello.txt", 0600) == -1 && errno == EROFS);
    CHECK(rename("/tmp", "/www") == -1 && errno == EBUSY);
    CHECK(mkdir("/empty", 0755) == 0);
    CHECK(rename("/empty", "/www") == -1 && errno == EBUSY);
    CHECK(rename("/www", "/empty") == -1 && errno == EBUSY);
    CHECK(rmdir("/www") == -1 && errno == EBUSY && rmdir("/empty") == 0);
}

/*
 * Names until memory's half is full; all are listed once, while each other one goes. How many there
 * were.
 */
static unsigned int fill_with_names(void)
{
    unsigned int made = 0, seen = 0;
    struct dirent *entry;
    char path[64];
    DIR *stream;
    int descriptor;

    CHECK(mkdir("/tmp/many", 0755) == 0);
    for (;;) {
        snprintf(path, sizeof(path), "/tmp/many/%u", made);
        descriptor = creat(path, 0600);
        if (descriptor < 0)
            break;
        CHECK(close(descriptor) == 0);
        made++;
    }
    CHECK(errno == ENOSPC && made > 5000);
    printf("%u names fill the file system\n", made);
    CHECK(mkdir("/tmp/x", 0755) == -1 && errno == ENOSPC);
    stream = opendir("/tmp/many");
    while (stream && (entry = readdir(stream))) {
        if (entry->d_name[0] == '.')
            continue;
        seen++;
        snprintf(path, sizeof(path), "/tmp/many/%.16s", entry->d_name);
        if (atoi(entry->d_name) % 2)
            CHECK(unlink(path) == 0);
    }
    CHECK(seen == made && closedir(stream) == 0);
    for (unsigned int i = 0; i < made; i += 2) {
        snprintf(path, sizeof(path), "/tmp/many/%u", i);
        CHECK(unlink(path) == 0);
    }
    CHECK(rmdir("/tmp/many") == 0);
    return made;
}

/* What names took is there for others when they are gone. */
static void test_many_names(void)
{
    unsigned int first = fill_with_names();

    CHECK(fill_with_names() >= first - first / 20);
}

/* The archive is the root; what was mounted below the old root is where it was. */
static int test_mounts(void)
{
    char path[64];
    int null = open("/dev/null", O_WRONLY);

    CHECK(access("/hello.txt", R_OK) == 0 && access("/tmp", F_OK) == -1);
    CHECK(write(null, "x", 1) == 1 && close(null) == 0);
    for (int i = 0; i < 12; i++) {
        snprintf(path, sizeof(path), "/many/%d/sub/../hello.txt", i);
        CHECK(access(path, R_OK) == 0);
    }
    test_archive();
    return check_verdict();
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "mounts") == 0)
        return test_mounts();
    test_archive();
    test_links();
    test_read_only();
    test_many_names();
    test_stdio();
    test_directories();
    test_devices();
    test_pipe();
    test_full();
    return check_verdict();
}
