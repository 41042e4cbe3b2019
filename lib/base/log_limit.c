/* SPDX-License-Identifier: MIT */
/* Lines that others can cause: see lib/base/printk.h. Each takes a place, and time gives places back. */
#include "lib/base/printk.h"

#include "lib/base/time.h"

bool log_limit_allows(struct log_limit *limit)
{
    uint64_t now = clock_monotonic();
    uint64_t earned = (now - limit->since) / LOG_LIMIT_PERIOD;

    if (earned >= limit->used) {
        limit->used = 0;
        limit->since = now;
    } else {
        limit->used -= (unsigned int)earned;
        limit->since += earned * LOG_LIMIT_PERIOD;
    }
    if (limit->used >= LOG_LIMIT_LINES) {
        limit->left_out++;
        return false;
    }
    limit->used++;
    if (limit->left_out > 0)
        printk("(%u lines like the next one were left out)", limit->left_out);
    limit->left_out = 0;
    return true;
}
