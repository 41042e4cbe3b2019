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

int main(void)
{
    test_archive();
    test_stdio();
    test_directories();
    test_devices();
    test_pipe();
    test_full();
    return check_verdict();
}
