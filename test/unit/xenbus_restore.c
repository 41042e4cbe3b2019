/* SPDX-License-Identifier: MIT */
/*
 * Xenbus when its domain is saved and restored: devices come to rest, are told to forget, find
 * their new backends, or are removed because the new domain does not have them.
 */
// SRCS: $(TEST_XENBUS) $(TEST_XENSTORE) $(STORE_FAKES)
// CFLAGS: -Ixen
#include "../../xen/bus/xenbus_suspend.c"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake_timer.h"
#include "fake_xenstored.h"
#include "xen_fakes.h"

static unsigned int disks_there = 2;
static unsigned int suspends, drains, cancels, resumes, removals, connected;
static int drain_result;
static bool forgetting;

static int probe(struct xenbus_device *device)
{
    return xenbus_set_state(device, XenbusStateInitialised);
}

static int offer(struct xenbus_device *device)
{
    (void)device;
    CHECK(!forgetting);
    return 0;
}

static int start_one(struct xenbus_device *device)
{
    CHECK(!forgetting);
    CHECK(xenbus_set_state(device, XenbusStateConnected) == 0);
    connected++;
    xenbus_settled(device);
    return 0;
}

static void end(struct xenbus_device *device)
{
    (void)device;
    CHECK(!forgetting);
}

static void remove_one(struct xenbus_device *device)
{
    (void)device;
    removals++;
}

static void suspend_one(struct xenbus_device *device)
{
    (void)device;
    suspends++;
}

/* All have been told to stop before the first is waited for. */
static int drain_one(struct xenbus_device *device, uint64_t deadline)
{
    (void)device;
    (void)deadline;
    CHECK(suspends == disks_there);
    drains++;
    return drain_result;
}

static void cancel_one(struct xenbus_device *device)
{
    (void)device;
    cancels++;
}

static void resume_one(struct xenbus_device *device)
{
    (void)device;
    CHECK(forgetting);
    resumes++;
}

static const struct xenbus_driver disks = {
    .type = "vbd",
    .probe = probe,
    .offer = offer,
    .start = start_one,
    .stop = end,
    .close = end,
    .remove = remove_one,
    .suspend = suspend_one,
    .drain = drain_one,
    .cancel = cancel_one,
    .resume = resume_one,
};
static const struct xenbus_driver nothing_to_do = {
    .type = "vif",
    .probe = probe,
    .offer = offer,
    .start = start_one,
    .stop = end,
    .close = end,
    .remove = remove_one,
};

/* The linker's table. */
const struct xenbus_driver *const xenbus_drivers_start[] = { &disks, &nothing_to_do };
__asm__(".globl xenbus_drivers_end\n.set xenbus_drivers_end, xenbus_drivers_start + 16");

static void settle(void)
{
    thread_sleep_until(deadline_after(MILLISECONDS(10)));
}

static void add(const char *type, unsigned int id, unsigned int domain)
{
    char path[160], value[128];

    snprintf(value, sizeof(value), "/local/domain/0/backend/%s/%u/%u", type, domain, id);
    snprintf(path, sizeof(path), "%s/state", value);
    store_set(path, "4");
    snprintf(path, sizeof(path), "device/%s/%u/backend-id", type, id);
    store_set(path, "0");
    snprintf(path, sizeof(path), "device/%s/%u/backend", type, id);
    store_set(path, value);
    snprintf(path, sizeof(path), "device/%s/%u/state", type, id);
    store_set(path, "1");
}

/* What xen/domain/suspend.c does, where it does it: in a callback of the watch thread. */
static void (*new_domain)(void);

static void save_and_restore(struct xenstore_watch *watch, const char *path)
{
    (void)watch;
    (void)path;
    if (new_domain == NULL)
        return;
    CHECK(xenbus_hooks.prepare(deadline_after(SECONDS(1))) == 0);
    xenstore_suspend(deadline_after(SECONDS(1)));
    store_restore();
    store_delete("device");
    store_delete("/local/domain/0/backend");
    forgetting = true;
    xenbus_hooks.forget();
    forgetting = false;
    new_domain();
    new_domain = NULL;
    CHECK(xenstore_resume(&store_ring, STORE_PORT) == 0);
    xenbus_hooks.resume();
}

static void start(void)
{
    static struct xenstore_watch watch = { .path = "control", .callback = save_and_restore };

    fake_backend = store_step;
    add("vbd", 51712, 1);
    add("vbd", 51728, 1);
    add("vif", 0, 1);
    CHECK(xenstore_init(&store_ring, STORE_PORT) == 0);
    xenbus_init();
    CHECK(xenstore_watch_register(&watch) == 0);
    settle();
    CHECK(xenbus_devices() == 3 && connected == 3);
}

static void same_devices(void)
{
    add("vbd", 51712, 2);
    add("vbd", 51728, 2);
    add("vif", 0, 2);
}

static void restored(void)
{
    unsigned int watches;

    start();
    watches = store_watch_count();
    for (unsigned int round = 1; round <= 5; round++) {
        suspends = 0;
        new_domain = same_devices;
        store_set("control/now", "");
        settle();
        CHECK(suspends == 2 && drains == 2 * round && resumes == 2 * round && cancels == 0);
        CHECK(connected == 3 * (round + 1) && removals == 0 && xenbus_devices() == 3);
        CHECK(strcmp(store_get("device/vbd/51712/state"), "4") == 0);
        CHECK(store_watch_count() == watches && xenstore_requests_in_flight() == 0);
    }
    store_set("/local/domain/0/backend/vbd/2/51712/state",
              "5"); /* it is the new one's that counts */
    settle();
    store_set("/local/domain/0/backend/vbd/2/51712/state", "4");
    settle();
    CHECK(connected == 3 * 6 + 1);
}

/* One disk is not there any more, one has a backend that makes no sense, the card is another's. */
static void other_devices(void)
{
    add("vbd", 51712, 2);
    store_set("device/vbd/51712/backend", "/local/domain/7/backend/vbd/2/51712");
    add("vif", 0, 2);
    add("vif", 1, 2);
}

static void slow_devices(void)
{
    same_devices();
    store_options.silent = true;
}

/* In the new domain xenstored is late at first: each device is found again all the same. */
static void slow_after_restore(void)
{
    start();
    new_domain = slow_devices;
    store_set("control/now", "");
    thread_sleep_until(deadline_after(SECONDS(45)));
    store_options.silent = false;
    for (unsigned int i = 0; i < 20; i++) {
        struct timer *timer = fake_timer;

        fake_timer = NULL;
        if (timer != NULL)
            timer->function(timer->argument);
        thread_sleep_until(deadline_after(SECONDS(31)));
    }
    CHECK(connected == 6 && removals == 0 && xenbus_devices() == 3);
    CHECK(xenstore_requests_in_flight() == 0 && fake_timer == NULL);
}

static void other_host(void)
{
    start();
    new_domain = other_devices;
    store_set("control/now", "");
    settle();
    CHECK(removals == 1 && xenbus_devices() == 3); /* vbd 51728 is gone, vif 1 is new */
    CHECK(connected == 5);
    CHECK(fake_log_lines == 1 && strstr(fake_log_last, "device/vbd/51712 cannot be used") != NULL);
    suspends = 0;
    disks_there = 1; /* which has no backend so far, and is found again */
    new_domain = same_devices;
    store_set("control/now", "");
    settle();
    CHECK(xenbus_devices() == 3 && resumes == 3);
}

static void refused(void)
{
    start();
    drain_result = -ETIMEDOUT;
    suspends = 0;
    CHECK(xenbus_hooks.prepare(deadline_after(SECONDS(1))) == -ETIMEDOUT);
    CHECK(suspends == 2 && drains == 1 && fake_log_lines == 1);
    xenbus_hooks.cancel();
    CHECK(cancels == 2 && resumes == 0);
}

ISOLATED(restored)
ISOLATED(slow_after_restore)
ISOLATED(other_host)
ISOLATED(refused)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_restored),
        cmocka_unit_test(test_slow_after_restore),
        cmocka_unit_test(test_other_host),
        cmocka_unit_test(test_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
