/* SPDX-License-Identifier: MIT */
/*
 * Attacks on memory, one a boot, named by the argument: each must be stopped by the protection that
 * run.sh expects. What the compiler would rightly complain about is hidden from it.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/boot.h"
#include "lib/sched.h"

#define HIDE(variable) __asm__ volatile("" : "+r"(variable) : : "memory")

static unsigned int __attribute__((noinline)) dig(unsigned int depth)
{
    volatile char hole[512];

    hole[depth % sizeof(hole)] = 1;
    return depth == UINT32_MAX ? 0 : dig(depth + 1) + hole[0];
}

static void digger(void *unused)
{
    (void)unused;
    printf("%u\n", dig(0));
}

/* One frame that is larger than the unmapped pages below a stack. */
static void leaper(void *unused)
{
    size_t size = 200000;

    (void)unused;
    HIDE(size);
    {
        volatile char hole[size];

        hole[0] = 1;
        printf("%d\n", hole[0]);
    }
}

static void in_thread(void (*function)(void *), const char *name)
{
    if (!thread_create(name, function, NULL))
        printf("no thread\n");
    thread_sleep_until(deadline_after(SECONDS(5)));
}

static void overflow(void)
{
    in_thread(digger, "digger");
}

static void leap(void)
{
    in_thread(leaper, "leaper");
}

static void overflow_main(void)
{
    printf("%u\n", dig(0));
}

static void constant(void)
{
    struct boot_info *info = &boot_info;

    HIDE(info);
    info->command_line = "changed";
}

/* Not an attack: where things lie. */
static void places(void)
{
    int here = 0;

    printf("heap %lx stack %lx\n", (unsigned long)malloc(100000), (unsigned long)(uintptr_t)&here);
}

static const struct attack {
    const char *name;
    void (*run)(void);
} attacks[] = {
    { "overflow", overflow },
    { "leap", leap },
    { "overflow-main", overflow_main },
    { "constant", constant },
    { "places", places },
};

int main(int argc, char **argv)
{
    for (size_t i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++) {
        if (argc > 1 && strcmp(attacks[i].name, argv[1]) == 0) {
            printf("attack: %s\n", attacks[i].name);
            attacks[i].run();
            printf("survived\n");
            return 0;
        }
    }
    printf("no such attack\n");
    return 0;
}
