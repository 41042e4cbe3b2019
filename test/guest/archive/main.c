/* SPDX-License-Identifier: MIT */
/*
 * Two archives on disks: /pax holds a file that is three times the guest's memory, /gnu and /pax
 * hold the same tree of small files with long names, each of which contains its own path.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../check.h"
#include "../cksum.h"

#define STEP_MAX 65536u

static unsigned int files, directories, longest;
static struct semaphore read_whole;

/* The file's contents are its path below the mount. */
static void check_file(const char *path, const char *relative)
{
    static char contents[1024];
    size_t length = strlen(relative);
    int descriptor = open(path, O_RDONLY);

    CHECK(descriptor >= 0);
    CHECK(read(descriptor, contents, sizeof(contents)) == (ssize_t)length);
    CHECK(memcmp(contents, relative, length) == 0);
    CHECK(close(descriptor) == 0);
    files++;
    if (length > longest)
        longest = (unsigned int)length;
}

/* `path` has room for what is below; `root` is the length of the mount's path. */
static void walk(char *path, size_t room, size_t root)
{
    size_t length = strlen(path);
    struct dirent *entry;
    DIR *stream = opendir(path);

    CHECK(stream != NULL);
    directories++;
    while (stream != NULL && (entry = readdir(stream)) != NULL) {
        struct stat status;

        if (entry->d_name[0] == '.' || strcmp(entry->d_name, "big") == 0)
            continue;
        snprintf(path + length, room - length, "/%s", entry->d_name);
        CHECK(stat(path, &status) == 0);
        if (S_ISDIR(status.st_mode))
            walk(path, room, root);
        else
            check_file(path, path + root + 1);
        path[length] = '\0';
    }
    if (stream != NULL)
        CHECK(closedir(stream) == 0);
}

static void test_tree(const char *mount)
{
    char path[1024];

    files = directories = longest = 0;
    strcpy(path, mount);
    walk(path, sizeof(path), strlen(mount));
    printf("%s: %u files in %u directories, the longest path %u\n", mount, files, directories,
           longest);
}

static void reader(void *argument)
{
    size_t step = (uintptr_t)argument;
    unsigned char *buffer = malloc(step);
    int descriptor = open("/pax/big", O_RDONLY);
    uint64_t length = 0;
    uint32_t sum = 0;
    ssize_t part;

    CHECK(descriptor >= 0 && buffer != NULL);
    while (buffer != NULL && (part = read(descriptor, buffer, step)) > 0) {
        sum = cksum_add(sum, buffer, (size_t)part);
        length += (uint64_t)part;
    }
    CHECK(close(descriptor) == 0);
    free(buffer);
    printf("big in steps of %lu: %lu %lu\n", (unsigned long)step,
           (unsigned long)cksum_end(sum, length), (unsigned long)length);
    semaphore_up(&read_whole);
}

/* Two at once: one through the cache, one past it. */
static void test_big(void)
{
    semaphore_init(&read_whole, 0);
    CHECK(thread_create("small", reader, (void *)(uintptr_t)5000) != NULL);
    CHECK(thread_create("large", reader, (void *)(uintptr_t)STEP_MAX) != NULL);
    for (unsigned int i = 0; i < 2; i++)
        CHECK(semaphore_down(&read_whole, deadline_after(SECONDS(120))) == 0);
}

static void test_refusals(void)
{
    char name[600];

    CHECK(open("/pax/big", O_WRONLY) == -1 && errno == EROFS);
    CHECK(unlink("/pax/big") == -1 && errno == EROFS);
    CHECK(mkdir("/gnu/new", 0755) == -1 && errno == EROFS);
    CHECK(open("/gnu/none", O_RDONLY) == -1 && errno == ENOENT);
    CHECK(open("/pax/big/none", O_RDONLY) == -1 && errno == ENOTDIR);
    memset(name, 'n', sizeof(name));
    memcpy(name, "/gnu/", 5);
    name[sizeof(name) - 1] = '\0';
    CHECK(open(name, O_RDONLY) == -1 && errno == ENAMETOOLONG);
}

int main(void)
{
    struct check_usage before;

    test_big();
    test_tree("/gnu");
    test_tree("/pax");
    before = check_usage_now();
    test_tree("/gnu");
    test_tree("/pax");
    test_refusals();
    check_usage_same(&before, 4);
    return check_verdict();
}
