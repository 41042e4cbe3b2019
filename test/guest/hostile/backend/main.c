/* SPDX-License-Identifier: MIT */
/*
 * hostile-backend GUEST ADDRESS [silent]: its number, and its address on the honest card. Silent: no
 * lies, but answers without events.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backend.h"

struct xs_handle *store;
xengnttab_handle *grants;
xenevtchn_handle *events;
unsigned int guest;

void fail(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fputs("FAIL: hostile backend: ", stdout);
    vprintf(format, arguments);
    putchar('\n');
    fflush(stdout);
    exit(1);
}

void note(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
    fflush(stdout);
}

void nap(unsigned int milliseconds)
{
    struct timespec time = { .tv_sec = milliseconds / 1000,
                             .tv_nsec = milliseconds % 1000 * 1000000l };

    nanosleep(&time, NULL);
}

double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int main(int count, char **words)
{
    struct device disk = { .type = "vbd", .name = "xvdb", .id = 51728 };
    struct device card = { .type = "vif", .name = "eth1", .id = 1 };

    if (count != 3 && (count != 4 || strcmp(words[3], "silent") != 0))
        fail("usage: hostile-backend GUEST ADDRESS [silent]");
    guest = (unsigned int)atoi(words[1]);
    store = xs_open(0);
    grants = xengnttab_open(NULL, 0);
    events = xenevtchn_open(NULL, 0);
    if (store == NULL || grants == NULL || events == NULL)
        fail("no xenstore, grants or event channels");
    guest_open(words[2]);
    check_honest("nothing yet");
    if (count == 4) {
        be_silent_as_disk(&disk);
        be_silent_as_card(&card);
    } else {
        note("lies that broke the disk: %u", lie_as_disk(&disk));
        note("lies that broke the card: %u", lie_as_card(&card));
    }
    drop("/local/domain/0/hostile");
    return 0;
}
