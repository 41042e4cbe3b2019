/* SPDX-License-Identifier: MIT */
/* Beside httpd's own sources: a thread that tells, when dom0 asks, what is in use. */
#include "../requests.h"
#include "../disks.h"
#include "../usage.h"
#include "lib/blockcache.h"
#include "lib/init.h"

/* Without what the cache of the disk holds: how much that is depends on what was read last. */
static bool answer_usage(char *words, char answer[REQUESTS_ANSWER])
{
    (void)words;
    block_cache_shrink((size_t)-1);
    usage_line(answer, REQUESTS_ANSWER, disks_usage_now());
    return true;
}

static void serve(void *unused)
{
    (void)unused;
    CHECK(requests_serve(answer_usage) == 0);
}

static void start(void)
{
    CHECK(thread_create("usage", serve, NULL) != NULL);
}
INITCALL("6soak", start);
