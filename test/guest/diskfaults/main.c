/* SPDX-License-Identifier: MIT */
/*
 * A disk with a bad place, and writers that are killed: run.sh asks for reads, writes and fsync()
 * one by one, then starts writers that say on the console what has been synced. A second disk
 * stands still for a while: a read of it has a thread of its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "../check.h"
#include "../requests.h"

#define WRITERS 3u
#define RECORDS 16u  /* of one writer */
#define RECORD 3000u /* bytes: a page has parts of two */

static int disk, direct, slow;
static char buffer[4096], slow_buffer[4096];

/* "WHAT OFFSET": 4 KiB, or all of it. */
static int perform(const char *what, off_t offset)
{
    ssize_t done = sizeof(buffer);

    if (strcmp(what, "read") == 0)
        done = pread(disk, buffer, sizeof(buffer), offset);
    else if (strcmp(what, "direct-read") == 0)
        done = pread(direct, buffer, sizeof(buffer), offset);
    else if (strcmp(what, "slow-read") == 0)
        done = pread(slow, buffer, sizeof(buffer), offset);
    else if (strcmp(what, "write") == 0)
        done = pwrite(disk, buffer, sizeof(buffer), offset);
    else if (strcmp(what, "direct-write") == 0)
        done = pwrite(direct, buffer, sizeof(buffer), offset);
    else if (strcmp(what, "sync") == 0)
        return fsync(disk) == 0 ? 0 : errno;
    else
        return ENOSYS;
    return done == sizeof(buffer) ? 0 : errno;
}

static void slow_reader(void *unused)
{
    uint64_t start = clock_monotonic();
    ssize_t done = pread(slow, slow_buffer, sizeof(slow_buffer), 0);

    (void)unused;
    printf("slow read: %s after %u s\n", strerror(done == sizeof(slow_buffer) ? 0 : errno),
           (unsigned int)((clock_monotonic() - start) / SECONDS(1)));
}

/* Record n of a writer replaces record n - RECORDS. */
static void writer(void *argument)
{
    unsigned int number = (unsigned int)(uintptr_t)argument;
    char record[RECORD];

    for (unsigned int n = 1;; n++) {
        off_t place = (off_t)((number * RECORDS + n % RECORDS) * RECORD);

        memset(record, 'a' + n % 26, sizeof(record));
        snprintf(record, sizeof(record), "%u %u\n", number, n);
        if (pwrite(disk, record, RECORD, place) != (ssize_t)RECORD || fsync(disk) != 0) {
            printf("writer %u: %s\n", number, strerror(errno));
            return;
        }
        printf("synced %u %u\n", number, n);
    }
}

static bool handle(char *words, char answer[REQUESTS_ANSWER])
{
    char what[16];
    unsigned long offset = 0;

    if (sscanf(words, "%15s %lu", what, &offset) < 1)
        return false;
    if (strcmp(what, "end") == 0)
        return false;
    if (strcmp(what, "fill") == 0) {
        memset(buffer, (int)offset, sizeof(buffer));
    } else if (strcmp(what, "holds") == 0) {
        snprintf(answer, REQUESTS_ANSWER, "%d",
                 buffer[0] == (char)offset && buffer[sizeof(buffer) - 1] == (char)offset);
        return true;
    } else if (strcmp(what, "slow") == 0) {
        CHECK(thread_create("slow", slow_reader, NULL) != NULL);
    } else if (strcmp(what, "writers") == 0) {
        for (uintptr_t i = 0; i < WRITERS; i++)
            CHECK(thread_create("writer", writer, (void *)i) != NULL);
    } else {
        snprintf(answer, REQUESTS_ANSWER, "%s", strerror(perform(what, (off_t)offset)));
        return true;
    }
    snprintf(answer, REQUESTS_ANSWER, "ok");
    return true;
}

int main(void)
{
    disk = open("/dev/xvda", O_RDWR);
    direct = open("/dev/xvda", O_RDWR | O_DIRECT);
    slow = open("/dev/xvdb", O_RDWR | O_DIRECT);
    CHECK(disk >= 0 && direct >= 0 && slow >= 0);
    printf("ready\n");
    CHECK(requests_serve(handle) == 0);
    return check_verdict();
}
