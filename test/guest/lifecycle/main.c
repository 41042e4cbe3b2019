/* SPDX-License-Identifier: MIT */
/*
 * Waits to be stopped, or fails in the way its argument names: exit handlers and buffered output
 * must come out on a clean end; a crash must end in a report.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void handler(void)
{
    printf("exit handler ran\n");
}

/* Not inlined, and opaque to the compiler, which would rightly complain otherwise. */
static void __attribute__((noinline)) overrun_buffer(const char *text)
{
    char buffer[16], *to = buffer;

    __asm__ volatile("" : "+r"(to));
    strcpy(to, text);
    printf("copied %s\n", to);
}

static void write_to(uintptr_t address)
{
    __asm__ volatile("" : "+r"(address));
    *(volatile int *)address = 1;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "wait";

    atexit(handler);
    printf("running: %s\n", what);
    fflush(stdout);
    if (strcmp(what, "null") == 0)
        write_to(8);
    if (strcmp(what, "text") == 0)
        write_to((uintptr_t)main);
    if (strcmp(what, "data") == 0)
        ((void (*)(void))(uintptr_t)strdup("\xc3"))();
    if (strcmp(what, "buffer") == 0)
        overrun_buffer(argv[2]);
    if (strcmp(what, "abort") == 0)
        abort();
    if (strcmp(what, "invalid") == 0)
        __asm__ volatile("ud2");
    printf("this text has no newline and waits in stdio's buffer");
    sleep(1000);
    return 1;
}
