/* SPDX-License-Identifier: MIT */
/*
 * Threads that use one thing each without pause, xenstore, the console and the disk, and note how
 * often it worked and how long it took at most; TCP services beside them. run.sh takes away what
 * they need for a while.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "../disks.h"
#include "../network/services.h"
#include "../requests.h"
#include "../usage.h"
#include "lib/fs/page_cache.h"

#define PAUSE MILLISECONDS(20)
#define PIECE 65536

struct user {
    const char *name;
    bool (*use)(unsigned int turn);
    unsigned int done, failed;
    uint64_t longest;
};

static bool write_node(unsigned int turn)
{
    return xenstore_write_format(XENSTORE_NONE, "data", "turn", "%u", turn) == 0;
}

static bool say_turn(unsigned int turn)
{
    return printf("turn %-100u\n", turn) > 0 && fflush(stdout) == 0;
}

/* Pieces of a disk that is larger than what memory holds, and full of zeros. */
static bool read_piece(unsigned int turn)
{
    static unsigned char piece[PIECE], zeros[PIECE];
    static int disk = -1;

    if (disk < 0)
        disk = open("/dev/xvda", O_RDONLY);
    return pread(disk, piece, PIECE, (off_t)(turn % 512) * PIECE) == PIECE &&
           memcmp(piece, zeros, PIECE) == 0;
}

static struct user users[] = {
    { .name = "xenstore", .use = write_node },
    { .name = "console", .use = say_turn },
    { .name = "disk", .use = read_piece },
};

#define USERS (sizeof(users) / sizeof(users[0]))

static void use(void *argument)
{
    struct user *user = argument;

    for (unsigned int turn = 0;; turn++) {
        uint64_t before = clock_monotonic();

        if (user->use(turn))
            user->done++;
        else
            user->failed++;
        if (clock_monotonic() - before > user->longest)
            user->longest = clock_monotonic() - before;
        thread_sleep_until(deadline_after(PAUSE));
    }
}

/* What each has done since the last time: times, failures, and the longest in milliseconds. */
static void report(char *answer)
{
    size_t length = 0;

    for (unsigned int i = 0; i < USERS; i++) {
        struct user *user = &users[i];

        length += (size_t)snprintf(answer + length, REQUESTS_ANSWER - length, "%s%s %u %u %lu",
                                   i ? " " : "", user->name, user->done, user->failed,
                                   (unsigned long)(user->longest / MILLISECONDS(1)));
        user->done = user->failed = 0;
        user->longest = 0;
    }
}

/* One thread reads all the time: what is just being read cannot be given back by the cache. */
static struct check_usage usage_now(void)
{
    struct check_usage now = disks_usage_now();
    struct page_cache_statistics cache;

    page_cache_statistics(&cache);
    now.pages -= cache.pages;
    return now;
}

static bool handle(char *words, char answer[REQUESTS_ANSWER])
{
    if (strcmp(words, "end") == 0)
        return false;
    if (strcmp(words, "usage") == 0)
        usage_line(answer, REQUESTS_ANSWER, usage_now());
    else
        report(answer);
    return true;
}

int main(void)
{
    CHECK(services_start() == 0);
    for (unsigned int i = 0; i < USERS; i++)
        CHECK(thread_create(users[i].name, use, &users[i]) != NULL);
    printf("services are up\n");
    CHECK(requests_serve(handle) == 0);
    return check_verdict();
}
