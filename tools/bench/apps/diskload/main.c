/* SPDX-License-Identifier: MIT */
/*
 * Loads a disk as it is told, past any cache; linux/diskload.c does the same on Linux. Says "ready",
 * then reads lines from the console and answers each with "done ERROR NANOSECONDS":
 *
 *   DISK read MIB, DISK write MIB    from the start on, 1 MiB at a time
 *   DISK random COUNT DEPTH          reads of 4 KiB at random places, DEPTH of them under way
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/block/blockdev.h"
#include "lib/sched/sched.h"

#define STEP (1ul << 20)
#define PIECE 4096ul
#define DEPTH_MAX 64u

static struct block_device *disk;
static unsigned char *buffer; /* STEP bytes */

static uint64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static int sequential(bool write, uint64_t mib)
{
    int error = 0;

    for (uint64_t offset = 0; error == 0 && offset < mib * STEP && offset < disk->size;
         offset += STEP)
        error = write ? block_write(disk, offset, buffer, STEP)
                      : block_read(disk, offset, buffer, STEP);
    return error;
}

static uint64_t random_place(void)
{
    static uint64_t state = 1;

    state = state * 6364136223846793005u + 1442695040888963407u;
    return (state >> 33) % (disk->size / PIECE) * PIECE;
}

static struct {
    struct block_request requests[DEPTH_MAX];
    struct iovec vectors[DEPTH_MAX];
    unsigned long to_submit, to_finish;
    int error;
    struct wait_queue queue;
} load = { .queue = WAIT_QUEUE_INIT(load.queue) };

static void go_on(struct block_request *request)
{
    if (request->result != 0)
        load.error = request->result;
    if (--load.to_finish == 0)
        wake_all(&load.queue);
    if (load.to_submit == 0)
        return;
    load.to_submit--;
    request->offset = random_place();
    block_submit(disk, request);
}

static int random_at_once(unsigned long count, unsigned int depth)
{
    load.to_finish = count;
    load.to_submit = count - depth;
    load.error = 0;
    block_plug(disk);
    for (unsigned int i = 0; i < depth; i++) {
        load.vectors[i] = (struct iovec){ buffer + i * PIECE, PIECE };
        load.requests[i] = (struct block_request){
            .operation = BLOCK_READ,
            .offset = random_place(),
            .length = PIECE,
            .vector = &load.vectors[i],
            .done = go_on,
        };
        block_submit(disk, &load.requests[i]);
    }
    block_unplug(disk);
    wait_until(&load.queue, load.to_finish == 0, DEADLINE_NEVER);
    return load.error;
}

static int random_reads(unsigned long count, unsigned int depth)
{
    int error = 0;

    if (depth > 1)
        return random_at_once(count, depth < DEPTH_MAX ? depth : DEPTH_MAX);
    while (error == 0 && count-- > 0)
        error = block_read(disk, random_place(), buffer, PIECE);
    return error;
}

static int perform(const char *line)
{
    char name[16], what[8];
    unsigned long count;
    unsigned int depth = 1;

    if (sscanf(line, "%15s %7s %lu %u", name, what, &count, &depth) < 3)
        return -EINVAL;
    disk = block_find(name);
    if (!disk)
        return -ENODEV;
    if (strcmp(what, "random") == 0)
        return random_reads(count, depth);
    return sequential(strcmp(what, "write") == 0, count);
}

int main(void)
{
    char line[64];
    ssize_t length;

    buffer = aligned_alloc(4096, STEP);
    if (!buffer) {
        puts("diskload: no memory");
        return EXIT_FAILURE;
    }
    memset(buffer, 'x', STEP);
    puts("ready");
    fflush(stdout);
    while ((length = read(STDIN_FILENO, line, sizeof(line) - 1)) > 0) {
        uint64_t start = now();
        int error;

        line[length] = '\0';
        error = perform(line);
        printf("done %d %llu\n", error, (unsigned long long)(now() - start));
        fflush(stdout);
    }
    return EXIT_SUCCESS;
}
