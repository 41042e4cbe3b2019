/* SPDX-License-Identifier: MIT */
/*
 * An EROFS that mkfs.erofs made, compressed, on a disk: every file in it is what the archive of the
 * same folder has, and what was read once is not read from the disk again.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../check.h"
#include "lib/fs/page_cache.h"

#define FILE_MAX (256u << 10)

static char contents[2][FILE_MAX];
static unsigned int files, directories;

/* Read in steps: the length. */
static ssize_t load(const char *path, char *to, size_t step)
{
    int descriptor = open(path, O_RDONLY);
    ssize_t done = 0, part;

    CHECK(descriptor >= 0);
    while ((part = read(descriptor, to + done, step)) > 0)
        done += part;
    close(descriptor);
    return part < 0 ? part : done;
}

static void compare_files(const char *path, const char *other)
{
    ssize_t length = load(path, contents[0], 5000);

    CHECK(length >= 0 && load(other, contents[1], 20000) == length);
    CHECK(memcmp(contents[0], contents[1], (size_t)length) == 0);
    files++;
}

static void compare(const char *path, const char *other)
{
    DIR *directory = opendir(other);
    struct dirent *entry;

    CHECK(directory != NULL);
    directories++;
    while (directory != NULL && (entry = readdir(directory)) != NULL) {
        char inner[600], other_inner[600];
        struct stat status, other_status;

        if (entry->d_name[0] == '.')
            continue;
        snprintf(inner, sizeof(inner), "%s/%s", path, entry->d_name);
        snprintf(other_inner, sizeof(other_inner), "%s/%s", other, entry->d_name);
        CHECK(stat(inner, &status) == 0 && stat(other_inner, &other_status) == 0);
        CHECK(status.st_mode == other_status.st_mode && status.st_uid == 0);
        CHECK(status.st_mtime == other_status.st_mtime);
        if (S_ISDIR(status.st_mode))
            compare(inner, other_inner);
        else
            compare_files(inner, other_inner);
    }
    closedir(directory);
}

int main(void)
{
    struct page_cache_statistics once, twice;

    compare("/tree", "/same");
    page_cache_statistics(&once);
    compare("/tree", "/same");
    page_cache_statistics(&twice);
    CHECK(once.runs > 0 && twice.runs == once.runs);
    CHECK(files > 10 && directories >= 2);
    CHECK(open("/tree/none", O_RDONLY) == -1 && errno == ENOENT);
    CHECK(open("/tree/new", O_WRONLY | O_CREAT, 0600) == -1 && errno == EROFS);
    printf("%u files, %lu runs\n", files, (unsigned long)once.runs);
    return check_verdict();
}
