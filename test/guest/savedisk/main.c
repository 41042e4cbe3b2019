/* SPDX-License-Identifier: MIT */
/*
 * Threads that write to a disk, straight and through the cache, flush and read back without a
 * pause, while the domain is saved, restored and migrated. Each owns a part of the disk and knows
 * what it has written last; nothing may be lost or torn, and no call may fail as long as the disk
 * is there.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#include "../cksum.h"
#include "../disks.h"
#include "../requests.h"

#define WRITERS 4u
#define CHUNKS 16u /* of one writer */
#define CHUNK 65536u
#define WORDS (CHUNK / sizeof(uint32_t))

static int disk;
static bool stop;
static unsigned int running, rounds, failures;
static uint32_t last_seed[WRITERS][CHUNKS];

static void fill(uint32_t *words, uint32_t seed)
{
    for (unsigned int i = 0; i < WORDS; i++)
        words[i] = seed = seed * 1664525u + 1013904223u;
}

static bool holds(const uint32_t *words, uint32_t seed)
{
    for (unsigned int i = 0; i < WORDS; i++)
        if (words[i] != (seed = seed * 1664525u + 1013904223u))
            return false;
    return true;
}

static off_t place(unsigned int writer, unsigned int chunk)
{
    return ((off_t)writer * CHUNKS + chunk) * CHUNK;
}

/* In one piece, which goes straight to the disk, or in many, which the cache gathers. */
static bool put(const uint32_t *words, off_t offset, bool whole)
{
    const char *bytes = (const char *)words;
    size_t part;

    for (size_t done = 0; done < CHUNK; done += part) {
        part = whole ? CHUNK : CHUNK - done < 5000 ? CHUNK - done : 5000;
        if (pwrite(disk, bytes + done, part, offset + (off_t)done) != (ssize_t)part)
            return false;
    }
    return true;
}

/* Write one chunk and read another: false on an error. */
static bool step(unsigned int writer, unsigned int round, uint32_t *buffer)
{
    unsigned int chunk = round % CHUNKS, other = round * 7 % CHUNKS;
    uint32_t seed = writer << 24 | round;

    fill(buffer, seed);
    if (!put(buffer, place(writer, chunk), round % 2 == 0))
        return false;
    last_seed[writer][chunk] = seed;
    if (round % 4 == 0 && fsync(disk) != 0)
        return false;
    memset(buffer, 0, CHUNK);
    if (pread(disk, buffer, CHUNK, place(writer, other)) != CHUNK)
        return false;
    if (last_seed[writer][other] != 0)
        CHECK(holds(buffer, last_seed[writer][other]));
    return true;
}

static void writer_thread(void *argument)
{
    unsigned int writer = (unsigned int)(uintptr_t)argument;
    uint32_t *buffer = malloc(CHUNK);

    CHECK(buffer != NULL);
    for (unsigned int round = 1; !stop; round++) {
        if (!step(writer, round, buffer)) {
            printf("writer %u: %s\n", writer, strerror(errno));
            failures++;
            break;
        }
        rounds++;
    }
    free(buffer);
    running--;
}

static void start(void)
{
    stop = false;
    for (uintptr_t i = 0; i < WRITERS; i++, running++)
        CHECK(thread_create("writer", writer_thread, (void *)i) != NULL);
}

static void finish(void)
{
    uint64_t end = deadline_after(SECONDS(60));

    stop = true;
    while (running > 0 && clock_monotonic() < end)
        thread_sleep_until(deadline_after(MILLISECONDS(10)));
    CHECK(running == 0);
}

/* The whole disk, as it is now, is what the writers wrote last: its checksum for dom0. */
static void verify(char *answer)
{
    static uint32_t buffer[WORDS];
    uint32_t sum = 0;

    finish();
    CHECK(fsync(disk) == 0);
    for (unsigned int i = 0; i < WRITERS * CHUNKS; i++) {
        uint32_t seed = last_seed[i / CHUNKS][i % CHUNKS];

        CHECK(pread(disk, buffer, CHUNK, place(i / CHUNKS, i % CHUNKS)) == CHUNK);
        CHECK(seed == 0 || holds(buffer, seed));
        sum = cksum_add(sum, (const unsigned char *)buffer, CHUNK);
    }
    snprintf(answer, REQUESTS_ANSWER, "%" PRIu32 " failures=%u checks=%u",
             cksum_end(sum, (uint64_t)WRITERS * CHUNKS * CHUNK), failures, check_failures);
}

static void usage(char *answer)
{
    struct check_usage now = disks_usage_now();

    snprintf(answer, REQUESTS_ANSWER, "grants=%u quarantined=%u ports=%u threads=%u watches=%u",
             now.grants, now.quarantined, now.ports, now.threads, now.watches);
}

static void try_read(char *answer)
{
    static char sector[512];

    snprintf(answer, REQUESTS_ANSWER, "%s",
             pread(disk, sector, sizeof(sector), 0) < 0 ? strerror(errno) : "works");
}

static bool handle(char *words, char answer[REQUESTS_ANSWER])
{
    if (strcmp(words, "start") == 0)
        start();
    else if (strcmp(words, "verify") == 0)
        verify(answer);
    else if (strcmp(words, "rounds") == 0)
        snprintf(answer, REQUESTS_ANSWER, "%u", rounds);
    else if (strcmp(words, "usage") == 0)
        usage(answer);
    else if (strcmp(words, "read") == 0)
        try_read(answer);
    else
        return false;
    return true;
}

int main(void)
{
    disk = open("/dev/xvda", O_RDWR);
    CHECK(disk >= 0);
    start();
    printf("ready\n");
    CHECK(requests_serve(handle) == 0);
    finish();
    return check_verdict();
}
