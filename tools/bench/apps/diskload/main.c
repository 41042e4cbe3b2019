/* SPDX-License-Identifier: MIT */
/*
 * Reads the first disk sequentially, 1 MiB at a time and past any cache, as `dd iflag=direct bs=1M`
 * does on Linux. Says "ready", reads a line from the console (the number of MiB), reads, says how
 * long it took, and waits for the next line.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/blockdev.h"

#define STEP (1ul << 20)

static uint64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static int read_all(struct block_device *disk, uint64_t length, void *buffer)
{
    for (uint64_t offset = 0; offset < length; offset += STEP) {
        int error = block_read(disk, offset, buffer, STEP);

        if (error)
            return error;
    }
    return 0;
}

int main(void)
{
    struct block_device *disk = block_at(0);
    void *buffer = aligned_alloc(4096, STEP);
    char line[32];
    ssize_t length;

    if (!disk || !buffer) {
        puts(disk ? "diskread: no memory" : "diskread: no disk");
        return EXIT_FAILURE;
    }
    puts("ready");
    fflush(stdout);
    while ((length = read(STDIN_FILENO, line, sizeof(line) - 1)) > 0) {
        uint64_t start, bytes;
        int error;

        line[length] = '\0';
        bytes = strtoul(line, NULL, 10) * STEP;
        start = now();
        error = read_all(disk, bytes < disk->size ? bytes : disk->size, buffer);
        printf("done %d %llu\n", error, (unsigned long long)(now() - start));
        fflush(stdout);
    }
    return EXIT_SUCCESS;
}
