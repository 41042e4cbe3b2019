/* SPDX-License-Identifier: MIT */
/*
 * Errors that may pass: xenstored is busy and answers late, or memory is short. What failed so is
 * tried again after 1, 2, 4, … seconds, and is given up after the eighth time. Nothing of it says
 * anything of the device, which stays as it is meanwhile.
 *
 * The timer cannot use xenstore; it has a watch called again: the backend's, or, for a device that
 * has none yet, the one on all devices.
 */
#include <errno.h>

#include "xenbus_internal.h"

#define DELAY_FIRST SECONDS(1)
#define DELAY_MAX SECONDS(30)

uint64_t xenbus_delay(unsigned int times)
{
    uint64_t delay = DELAY_FIRST << times;

    return delay < DELAY_MAX ? delay : DELAY_MAX;
}

static void due(void *argument)
{
    struct xenbus_retry *retry = argument;

    xenstore_watch_again(retry->watch);
}

void xenbus_retry_init(struct xenbus_retry *retry)
{
    retry->count = 0;
    timer_init(&retry->timer, due, retry);
}

void xenbus_retry_cancel(struct xenbus_retry *retry)
{
    timer_cancel(&retry->timer);
    retry->count = 0;
}

bool xenbus_retry(struct xenbus_retry *retry, struct xenstore_watch *watch, int error)
{
    if ((error != -ETIMEDOUT && error != -EAGAIN && error != -ENOMEM) ||
        retry->count == XENBUS_RETRIES_MAX)
        return false;
    retry->watch = watch;
    timer_set(&retry->timer, deadline_after(xenbus_delay(retry->count++)));
    return true;
}
