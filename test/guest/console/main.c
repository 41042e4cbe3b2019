/* SPDX-License-Identifier: MIT */
/*
 * The console, both ways: numbered lines, many times the ring's size, of which none may be lost;
 * then lines from dom0, echoed with their length until "end"; then many times the ring's size from
 * dom0, which nobody reads at first; and the same as the last thing before the end.
 */
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "../check.h"
#include "../cksum.h"
#include "lib/base/init.h"
#include "xen/bus/console.h"

#define LINES 400
#define FILLER "abcdefghijklmnopqrstuvwxyz0123456789"
#define PASTED 8192u /* bytes */

static void print_lines(const char *word)
{
    for (int i = 0; i < LINES; i++)
        printf("%s %d %s\n", word, i, FILLER);
}

static void echo_lines(void)
{
    char line[128];

    for (;;) {
        if (!fgets(line, sizeof(line), stdin)) {
            CHECK(!"the console's input ended");
            break;
        }
        line[strcspn(line, "\n")] = '\0';
        printf("read %zu bytes: %s\n", strlen(line), line);
        fflush(stdout);
        if (strcmp(line, "end") == 0)
            break;
    }
}

/* Begun late, so that the ring is full and its other side waits for room. */
static void take_paste(void)
{
    struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
    unsigned char data[1000];
    size_t length = 0;
    uint32_t sum = 0;

    printf("ready for a paste\n");
    fflush(stdout);
    CHECK(poll(&input, 1, 60000) == 1);
    thread_sleep_until(deadline_after(MILLISECONDS(500)));
    while (length < PASTED && poll(&input, 1, 10000) == 1) {
        ssize_t part = read(STDIN_FILENO, data, sizeof(data));

        if (part <= 0)
            break;
        sum = cksum_add(sum, data, (size_t)part);
        length += (size_t)part;
    }
    printf("pasted %zu bytes, sum %lu\n", length, (unsigned long)cksum_end(sum, length));
}

/* The ring is full when the kernel says its last line, which has to wait and is not lost. */
static void fill_ring(void)
{
    static char dots[2000];

    memset(dots, '.', sizeof(dots));
    while (console_write_now(dots, sizeof(dots)) > 0)
        ;
}
EXITCALL(fill_ring);

int main(void)
{
    int verdict;

    print_lines("line");
    printf("ready for input\n");
    fflush(stdout);
    echo_lines();
    take_paste();
    verdict = check_verdict();
    print_lines("last");
    return verdict;
}
