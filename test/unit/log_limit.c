/* SPDX-License-Identifier: MIT */
// SRCS: lib/base/log_limit.c
/* Lines that others can cause: a burst, then one for each period, and what was left out is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "lib/base/printk.h"
#include "lib/sched/sched.h"

static uint64_t now = 12345;
static unsigned int lines, told;
static char last[64];

uint64_t clock_monotonic(void)
{
    return now;
}

void printk(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(last, sizeof(last), format, arguments);
    va_end(arguments);
    lines++;
    if (sscanf(last, "(%u lines like", &told) != 1)
        return;
    lines--;
}

/* So many attempts: the lines that came of them. */
static unsigned int say(struct log_limit *limit, unsigned int count)
{
    lines = told = 0;
    for (unsigned int i = 0; i < count; i++)
        printk_limited(limit, "line %u", i);
    return lines;
}

static void burst_then_few(void **state)
{
    struct log_limit limit = { 0 };

    (void)state;
    assert_int_equal(say(&limit, 1), 1);
    assert_string_equal(last, "line 0");
    assert_int_equal(say(&limit, 1000), LOG_LIMIT_LINES - 1);
    now += LOG_LIMIT_PERIOD - 1;
    assert_int_equal(say(&limit, 1000), 0);
    now += 1;
    assert_int_equal(say(&limit, 1000), 1);
    assert_int_equal(told, 1000 - (LOG_LIMIT_LINES - 1) + 1000);
    now += 3 * LOG_LIMIT_PERIOD + LOG_LIMIT_PERIOD / 2;
    assert_int_equal(say(&limit, 2), 2);
    assert_int_equal(told, 999);
    assert_int_equal(say(&limit, 2), 1);
    assert_int_equal(told, 0);
    now += LOG_LIMIT_PERIOD / 2;
    assert_int_equal(say(&limit, 2), 1);
}

/* After a long time all of them are free again, and no more. */
static void rest(void **state)
{
    struct log_limit limit = { 0 };

    (void)state;
    say(&limit, 1000);
    now += 1000 * LOG_LIMIT_PERIOD;
    assert_int_equal(say(&limit, 1000), LOG_LIMIT_LINES);
    now += (LOG_LIMIT_LINES - 1) * LOG_LIMIT_PERIOD;
    assert_int_equal(say(&limit, 1000), LOG_LIMIT_LINES - 1);
}

/* In an hour, whatever is done: the burst and one for each period. */
static void bounded(void **state)
{
    struct log_limit limit = { 0 };
    unsigned int all = 0;

    (void)state;
    for (unsigned int i = 0; i < 36000; i++, now += 100000000)
        all += say(&limit, 3);
    assert_in_range(all, 360, 360 + LOG_LIMIT_LINES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(burst_then_few),
        cmocka_unit_test(rest),
        cmocka_unit_test(bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
