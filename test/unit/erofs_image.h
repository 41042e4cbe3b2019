/* SPDX-License-Identifier: MIT */
/* Images of one tree, made by mkfs.erofs through tools/mkdisk in a folder of their own. */
#ifndef TEST_EROFS_IMAGE_H
#define TEST_EROFS_IMAGE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IMAGE_MAX (4u << 20)

static unsigned char image[IMAGE_MAX];
static size_t image_size;
static char folder[] = "/tmp/erofs-XXXXXX";

static inline int run(const char *command)
{
    char line[512];

    snprintf(line, sizeof(line), "cd %s && { %s; } > log 2>&1", folder, command);
    return system(line);
}

/* The tree that tests know; `tree.tar` has it with owners, without root. */
static inline int make_tree(void)
{
    static const char *const commands[] = {
        "mkdir -p tree/d/many",
        "i=0; while [ $i -lt 6000 ]; do echo line $i of much text; i=$((i+1)); done > tree/text",
        "tar cf - tree/text | gzip -n | head -c 50000 > tree/dense",
        "head -c 200000 /dev/zero > tree/zeros; head -c 8192 tree/text > tree/two",
        "head -c 100 tree/text > tree/small; : > tree/empty; echo hi > tree/d/hi",
        "ln tree/d/hi tree/d/hard; ln -s d/hi tree/link; chmod 4751 tree/small",
        "i=0; while [ $i -lt 400 ]; do : > tree/d/many/name-that-fills-blocks-$i; i=$((i+1)); done",
        "fakeroot sh -c 'chown 12:34 tree/small; mknod tree/null c 1 3; tar cf tree.tar -C tree .'",
    };

    if (mkdtemp(folder) == NULL)
        return 1;
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        if (run(commands[i]) != 0)
            return 1;
    return 0;
}

static inline size_t read_file(const char *name, void *to, size_t size)
{
    char path[256];
    FILE *file;
    size_t length;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    file = fopen(path, "rb");
    if (file == NULL)
        return 0;
    length = fread(to, 1, size, file);
    fclose(file);
    return length;
}

static inline void make_image(const char *options)
{
    char line[256];

    snprintf(line, sizeof(line), "tools/mkdisk --erofs %s %s/tree.tar %s/image", options, folder,
             folder);
    image_size = system(line) == 0 ? read_file("image", image, sizeof(image)) : 0;
}

static inline void remove_tree(void)
{
    char line[64];

    snprintf(line, sizeof(line), "rm -rf %s", folder);
    if (system(line) != 0)
        perror(line);
}

#endif
