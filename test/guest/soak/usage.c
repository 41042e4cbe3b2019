/* SPDX-License-Identifier: MIT */
/* Beside httpd's own sources: a thread that tells, when dom0 asks, what is in use. */
#include "../disks.h"
#include "../requests.h"
#include "../usage.h"
#include "lib/base/init.h"

static bool answer_usage(char *words, char answer[REQUESTS_ANSWER])
{
    (void)words;
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
INITCALL(address, start);
