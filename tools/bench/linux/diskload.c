/* SPDX-License-Identifier: MIT */
/*
 * Loads a disk as it is told, past the page cache, as apps/diskload does on Xenolith: the same lines
 * on standard input, the same answers. What is under way at once goes through io_submit().
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define STEP (1ul << 20)
#define PIECE 4096ul
#define DEPTH_MAX 64u

static int disk;
static uint64_t size;
static unsigned char *buffer; /* STEP bytes */

static uint64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static int sequential(bool write, uint64_t mib)
{
    for (uint64_t offset = 0; offset < mib * STEP && offset < size; offset += STEP) {
        ssize_t done = write ? pwrite(disk, buffer, STEP, (off_t)offset)
                             : pread(disk, buffer, STEP, (off_t)offset);

        if (done != (ssize_t)STEP)
            return done < 0 ? -errno : -EIO;
    }
    return 0;
}

static uint64_t random_place(void)
{
    static uint64_t state = 1;

    state = state * 6364136223846793005u + 1442695040888963407u;
    return (state >> 33) % (size / PIECE) * PIECE;
}

static void describe(struct iocb *request, const unsigned char *memory)
{
    memset(request, 0, sizeof(*request));
    request->aio_lio_opcode = IOCB_CMD_PREAD;
    request->aio_fildes = (uint32_t)disk;
    request->aio_buf = (uintptr_t)memory;
    request->aio_nbytes = PIECE;
    request->aio_offset = (int64_t)random_place();
}

static int random_at_once(unsigned long count, unsigned int depth)
{
    static struct iocb requests[DEPTH_MAX];
    struct iocb *list[DEPTH_MAX];
    struct io_event events[DEPTH_MAX];
    unsigned long to_submit = count;
    aio_context_t context = 0;
    unsigned int ready = 0;
    int error = 0;

    if (syscall(SYS_io_setup, DEPTH_MAX, &context) != 0)
        return -errno;
    for (; ready < depth && to_submit > 0; ready++, to_submit--) {
        describe(&requests[ready], buffer + ready * PIECE);
        list[ready] = &requests[ready];
    }
    while (count > 0 && error == 0) {
        long got;

        if (ready > 0 && syscall(SYS_io_submit, context, (long)ready, list) != (long)ready)
            error = -errno;
        got = syscall(SYS_io_getevents, context, 1l, (long)DEPTH_MAX, events, NULL);
        ready = 0;
        for (long i = 0; i < got; i++, count--) {
            struct iocb *request = (struct iocb *)(uintptr_t)events[i].obj;

            if (events[i].res != (int64_t)PIECE)
                error = -EIO;
            if (to_submit == 0)
                continue;
            to_submit--;
            request->aio_offset = (int64_t)random_place();
            list[ready++] = request;
        }
    }
    syscall(SYS_io_destroy, context);
    return error;
}

static int random_reads(unsigned long count, unsigned int depth)
{
    if (depth > 1)
        return random_at_once(count, depth < DEPTH_MAX ? depth : DEPTH_MAX);
    while (count-- > 0)
        if (pread(disk, buffer, PIECE, (off_t)random_place()) != (ssize_t)PIECE)
            return -EIO;
    return 0;
}

static int perform(const char *line)
{
    char name[16], what[8];
    unsigned long count;
    unsigned int depth = 1;

    if (sscanf(line, "%15s %7s %lu %u", name, what, &count, &depth) < 3)
        return -EINVAL;
    if (strcmp(what, "random") == 0)
        return random_reads(count, depth);
    return sequential(strcmp(what, "write") == 0, count);
}

static int open_disk(const char *line)
{
    char path[32] = "/dev/";

    sscanf(line, "%15s", path + 5);
    disk = open(path, O_RDWR | O_DIRECT);
    return disk < 0 || ioctl(disk, BLKGETSIZE64, &size) != 0 ? -errno : 0;
}

int main(void)
{
    char line[64];

    buffer = aligned_alloc(4096, STEP);
    if (!buffer) {
        puts("diskload: no memory");
        return EXIT_FAILURE;
    }
    memset(buffer, 'x', STEP);
    puts("ready");
    fflush(stdout);
    while (fgets(line, sizeof(line), stdin)) {
        int error = open_disk(line);
        uint64_t start = now();

        if (error == 0)
            error = perform(line);
        close(disk);
        printf("done %d %llu\n", error, (unsigned long long)(now() - start));
        fflush(stdout);
    }
    return EXIT_SUCCESS;
}
