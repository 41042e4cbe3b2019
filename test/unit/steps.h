/* SPDX-License-Identifier: MIT */
/*
 * Counting steps: a test with -fsanitize-coverage=trace-pc among its CFLAGS, and this header in one
 * of its files, can ask how many basic blocks were run since it asked last. Unlike time, that is the
 * same on each machine.
 */
#ifndef TEST_STEPS_H
#define TEST_STEPS_H

static unsigned long steps_so_far;

__attribute__((no_sanitize_coverage)) void __sanitizer_cov_trace_pc(void);
__attribute__((no_sanitize_coverage)) void __sanitizer_cov_trace_pc(void)
{
    steps_so_far++;
}

/* Steps since the last call. */
__attribute__((no_sanitize_coverage)) static inline unsigned long steps(void)
{
    unsigned long count = steps_so_far;

    steps_so_far = 0;
    return count;
}

#endif
