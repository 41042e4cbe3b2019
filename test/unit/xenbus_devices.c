/* SPDX-License-Identifier: MIT */
/*
 * Xenbus against a real enough xenstored: devices that are there, come, go, are described badly,
 * and backends that change state, vanish, come back or write garbage.
 */
// SRCS: $(TEST_XENBUS) $(TEST_XENSTORE) $(STORE_FAKES)
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake_timer.h"
#include "fake_xenstored.h"
#include "xen/bus/xenbus.h"
#include "xen_fakes.h"

static unsigned int probes, removals, changes, mask;
static int probe_result;
static enum xenbus_state last_state;
static struct xenbus_device *last_device;

static int probe(struct xenbus_device *device)
{
    probes++;
    last_device = device;
    if (probe_result < 0)
        return probe_result;
    device->private_data = malloc(1);
    CHECK(xenbus_set_state(device, XenbusStateInitialised) == 0);
    return 0;
}

static int start_error; /* of the next step */

static int offer(struct xenbus_device *device)
{
    changes++;
    last_state = device->backend_state;
    mask |= 1u << device->backend_state;
    return 0;
}

static int start_one(struct xenbus_device *device)
{
    int error = start_error;

    offer(device);
    start_error = 0;
    if (error == 0)
        error = xenbus_set_state(device, XenbusStateConnected);
    if (error == 0)
        xenbus_settled(device);
    return error;
}

static void end(struct xenbus_device *device)
{
    offer(device);
}

static void remove_one(struct xenbus_device *device)
{
    removals++;
    free(device->private_data);
}

static const struct xenbus_driver disks = {
    .type = "vbd",
    .probe = probe,
    .offer = offer,
    .start = start_one,
    .stop = end,
    .close = end,
    .remove = remove_one,
};
static const struct xenbus_driver nics = {
    .type = "vif",
    .probe = probe,
    .offer = offer,
    .start = start_one,
    .stop = end,
    .close = end,
    .remove = remove_one,
};

/* The linker's table. */
const struct xenbus_driver *const xenbus_drivers_start[] = { &disks, &nics };
__asm__(".globl xenbus_drivers_end\n.set xenbus_drivers_end, xenbus_drivers_start + 16");

static void settle(void)
{
    thread_sleep_until(deadline_after(MILLISECONDS(10)));
}

static void add(const char *type, unsigned int id, const char *backend_state)
{
    char path[160], value[128];

    snprintf(value, sizeof(value), "/local/domain/5/backend/%s/1/%u", type, id);
    snprintf(path, sizeof(path), "%s/state", value);
    if (backend_state != NULL)
        store_set(path, backend_state);
    snprintf(path, sizeof(path), "device/%s/%u/backend-id", type, id);
    store_set(path, "5");
    snprintf(path, sizeof(path), "device/%s/%u/backend", type, id);
    store_set(path, value);
    snprintf(path, sizeof(path), "device/%s/%u", type, id);
    store_set(path, "");
}

static void set_backend(unsigned int id, const char *state)
{
    char path[128];

    snprintf(path, sizeof(path), "/local/domain/5/backend/vbd/1/%u/state", id);
    if (state != NULL)
        store_set(path, state);
    else
        store_delete(path);
    settle();
}

static void start(void)
{
    fake_backend = store_step;
    CHECK(xenstore_init(&store_ring, STORE_PORT) == 0);
    xenbus_init();
}

static void life(void)
{
    add("vbd", 51712, "2");
    start();
    settle();
    CHECK(probes == 1 && changes == 1 && last_state == XenbusStateInitWait);
    CHECK(strcmp(last_device->node, "device/vbd/51712") == 0 && last_device->id == 51712);
    CHECK(strcmp(last_device->backend, "/local/domain/5/backend/vbd/1/51712") == 0);
    CHECK(last_device->backend_domain == 5 && last_device->driver == &disks);
    CHECK(strcmp(store_get("device/vbd/51712/state"), "3") == 0);
    set_backend(51712, "4");
    CHECK(changes == 2 && strcmp(store_get("device/vbd/51712/state"), "4") == 0);
    CHECK(xenbus_wait_settled(deadline_after(SECONDS(1))) == 0);

    set_backend(51712, "4"); /* the same again */
    CHECK(changes == 2);
    set_backend(51712, NULL);
    CHECK(changes == 3 && last_state == XenbusStateUnknown);
    set_backend(51712, "2");
    CHECK(changes == 4 && last_state == XenbusStateInitWait);

    store_delete("device/vbd/51712");
    settle();
    CHECK(removals == 1 && xenbus_devices() == 0 && xenstore_watches() == 1);
    CHECK(fake_log_lines == 0);
}

static void come_and_go(void)
{
    start();
    settle();
    CHECK(xenbus_wait_settled(deadline_after(SECONDS(1))) == 0 && probes == 0);
    for (unsigned int round = 0; round < 20; round++) {
        add("vbd", 51712, "4");
        add("vbd", 51728, "4");
        add("vif", 0, "4");
        settle();
        CHECK(xenbus_devices() == 3);
        store_delete("device/vbd/51712");
        settle();
        CHECK(xenbus_devices() == 2);
        store_delete("device");
        settle();
        CHECK(xenbus_devices() == 0);
    }
    CHECK(probes == 60 && removals == 60);
    CHECK(xenstore_watches() == 1 && store_watch_count() == 1);
    CHECK(xenstore_requests_in_flight() == 0);
}

/* Our own writes below a device come back as events, and must not cost a search each. */
static void own_writes(void)
{
    add("vbd", 51712, "2");
    start();
    settle();
    unsigned int before = store_requests;
    for (unsigned int i = 0; i < 20; i++) {
        CHECK(xenstore_write_format(XENSTORE_NONE, "device/vbd/51712", "ring-ref", "%u", i) == 0);
        settle();
    }
    CHECK(store_requests == before + 20);
}

static void missing_backend(void)
{
    add("vbd", 51712, NULL);
    add("vif", 0, "4");
    start();
    uint64_t before = clock_monotonic();
    CHECK(xenbus_wait_settled(deadline_after(SECONDS(3))) == 1);
    CHECK(clock_monotonic() - before == SECONDS(3));
    CHECK(strcmp(fake_log_last, "xenbus: device/vbd/51712 is not connected (state 3, backend 0)") ==
          0);
}

static void failed_probe(void)
{
    probe_result = -ENOMEM;
    add("vbd", 51712, "2");
    start();
    CHECK(xenbus_wait_settled(deadline_after(SECONDS(3))) == 1);
    CHECK(clock_monotonic() < SECONDS(1));
    CHECK(fake_log_lines == 2 && changes == 0);
    add("vif", 0, "2"); /* another search: not probed again */
    settle();
    CHECK(probes == 2);
    store_delete("device/vbd/51712");
    settle();
    CHECK(removals == 1 && xenbus_devices() == 1);
}

static void garbage_states(void)
{
    static const char *const garbage[] = {
        "9", "-1", "", "four", "4 ", "99999999999999999999", "0x4",
    };

    add("vbd", 51712, "2");
    start();
    settle();
    for (unsigned int i = 0; i < 50; i++) {
        set_backend(51712, garbage[i % 7]);
        CHECK(last_state == XenbusStateUnknown);
    }
    CHECK(fake_log_lines == 1);
    set_backend(51712, "4");
    CHECK(last_state == XenbusStateConnected);
    /* flapping */
    for (unsigned int i = 0; i < 100; i++)
        store_set("/local/domain/5/backend/vbd/1/51712/state", i % 2 ? "4" : "6");
    settle();
    CHECK(fake_log_lines == 1 && last_state == XenbusStateConnected);
}

static void bad_nodes(void)
{
    static const struct {
        const char *id, *domain, *backend;
    } bad[] = {
        { "1", "99999", "/local/domain/99999/backend/vbd/1/1" },
        { "2", "x", "/local/domain/0/backend/vbd/1/2" },
        { "3", "5", "/local/domain/6/backend/vbd/1/3" },
        { "4", "5", "backend/vbd/1/4" },
        { "5", "5", "/local/domain/5/" },
        { "6", "5", "/local/domain/5/back end" },
        { "7", "5", "/local/domain/5/backend/vbd/1/7/" },
        { "8", "5", "" },
        { "9", "5",
          "/local/domain/5/0123456789012345678901234567890123456789012345678901234567890123456789"
          "0123456789012345678901234567890123456789012345678901234567890123456789" },
    };
    char path[64];

    for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        snprintf(path, sizeof(path), "device/vbd/%s/backend-id", bad[i].id);
        store_set(path, bad[i].domain);
        snprintf(path, sizeof(path), "device/vbd/%s/backend", bad[i].id);
        store_set(path, bad[i].backend);
    }
    store_set("device/vbd/abc", "");
    store_set("device/vbd/07", "");
    store_set("device/vbd/99999999999", "");
    add("vbd", 51712, "4");
    start();
    CHECK(xenbus_wait_settled(deadline_after(SECONDS(3))) == sizeof(bad) / sizeof(bad[0]));
    CHECK(clock_monotonic() < SECONDS(1));
    CHECK(probes == 1 && last_device->id == 51712);
    store_delete("device");
    settle();
    CHECK(xenbus_devices() == 0 && store_watch_count() == 1);
}

static const char *our_state(void)
{
    return store_get("device/vbd/51712/state");
}

/* A backend that closes and is online is waited for, each time but the first after a while. */
static void closed_and_online(void)
{
    add("vbd", 51712, "4");
    start();
    settle();
    set_backend(51712, "6");
    CHECK(strcmp(our_state(), "6") == 0 &&
          fake_timer == NULL); /* no "online": it is being removed */
    set_backend(51712, "4");
    store_set("/local/domain/5/backend/vbd/1/51712/online", "0");
    set_backend(51712, "6");
    CHECK(strcmp(our_state(), "6") == 0 && fake_timer == NULL);
    set_backend(51712, "4");
    store_set("/local/domain/5/backend/vbd/1/51712/online", "1");
    set_backend(51712, "6");
    CHECK(strcmp(our_state(), "1") == 0);
    for (unsigned int i = 1; i < XENBUS_REOPENINGS_MAX; i++) {
        uint64_t delay = SECONDS(1) << (i - 1);

        set_backend(51712, "4");
        CHECK(fake_timer == NULL && strcmp(our_state(), "4") == 0);
        set_backend(51712, "6");
        CHECK(strcmp(our_state(), "6") == 0 && fake_timer != NULL);
        delay = delay < SECONDS(30) ? delay : SECONDS(30);
        CHECK(fake_timer->deadline <= deadline_after(delay));
        CHECK(fake_timer->deadline + SECONDS(1) > deadline_after(delay));
        if (i % 2 == 0)
            continue; /* the backend is back before the time */
        fake_timer->function(fake_timer->argument);
        fake_timer = NULL;
        settle();
        CHECK(strcmp(our_state(), "1") == 0);
    }
    CHECK(fake_log_lines == 0);
    set_backend(51712, "4");
    set_backend(51712, "6");
    CHECK(fake_log_lines == 1 && strcmp(our_state(), "6") == 0 && fake_timer == NULL);
    set_backend(51712, "4");
    thread_sleep_until(deadline_after(SECONDS(61))); /* held long enough: all is forgiven */
    set_backend(51712, "6");
    CHECK(strcmp(our_state(), "1") == 0 && fake_log_lines == 1);
    set_backend(51712, "4");
    set_backend(51712, "6");
    CHECK(fake_timer != NULL);
    store_delete("device/vbd/51712"); /* with the timer on */
    settle();
    CHECK(fake_timer == NULL && removals == 1 && xenbus_devices() == 0);
}

/* However often it closes and starts by itself, it does not fill the log. */
static void flapping_backend(void)
{
    add("vbd", 51712, "4");
    start();
    settle();
    store_set("/local/domain/5/backend/vbd/1/51712/online", "1");
    for (unsigned int i = 0; i < 300; i++) {
        set_backend(51712, "4");
        set_backend(51712, "6");
    }
    CHECK(fake_log_lines >= LOG_LIMIT_LINES && fake_log_lines <= 2 * LOG_LIMIT_LINES);
}

/* Removed and added again between two looks: told by the backend, or by a state we did not write. */
static void another_device(void)
{
    add("vbd", 51712, "4");
    start();
    settle();
    CHECK(probes == 1 && strcmp(our_state(), "4") == 0);
    store_set("device/vbd/51712", "");
    settle();
    CHECK(probes == 1);
    store_set("device/vbd/51712/state", "1");
    store_set("device/vbd/51712", "");
    settle();
    CHECK(probes == 2 && removals == 1 && strcmp(our_state(), "4") == 0);
    store_set("/local/domain/7/backend/vbd/1/51712/state", "2");
    store_set("device/vbd/51712/backend-id", "7");
    store_set("device/vbd/51712/backend", "/local/domain/7/backend/vbd/1/51712");
    settle();
    CHECK(probes == 3 && removals == 2 && last_device->backend_domain == 7);
    CHECK(last_state == XenbusStateInitWait && xenbus_devices() == 1);
    store_set("device/vbd/51712/backend", "nowhere"); /* no other device, only nonsense */
    settle();
    CHECK(probes == 3 && store_watch_count() == 2);
}

/* What a dead xenstore says of a backend is nothing. */
static void broken_store(void)
{
    add("vbd", 51712, "2");
    start();
    settle();
    store_options.lie = STORE_WRONG_ID;
    set_backend(51712, "4");
    CHECK(changes == 1 && last_state == XenbusStateInitWait);
    CHECK(xenbus_set_state(last_device, XenbusStateClosed) == -EIO);
    CHECK(xenbus_wait_settled(deadline_after(SECONDS(1))) == 1);
}

static void retry_now(void)
{
    struct timer *timer = fake_timer;

    CHECK(timer != NULL && timer->deadline > clock_monotonic());
    fake_timer = NULL;
    timer->function(timer->argument);
    settle();
}

/* xenstored is late: the device goes on as it is, and the state is asked for again. */
static void slow_store(void)
{
    add("vbd", 51712, "4");
    start();
    settle();
    CHECK(changes == 1 && strcmp(our_state(), "4") == 0);
    store_set("/local/domain/5/backend/vbd/1/51712/state", "5");
    store_options.silent = true;
    thread_sleep_until(deadline_after(MILLISECONDS(30500)));
    CHECK(changes == 1 && fake_log_lines == 0);
    for (unsigned int i = 1; i < 3; i++) {
        retry_now();
        thread_sleep_until(deadline_after(MILLISECONDS(30500)));
        CHECK(changes == 1);
    }
    store_options.silent = false;
    retry_now();
    CHECK(changes == 2 && last_state == XenbusStateClosing && fake_timer == NULL);
    CHECK(fake_log_lines == 0 && strcmp(our_state(), "6") == 0);
}

/* It stays late: that has an end, and is told. */
static void slow_for_ever(void)
{
    add("vbd", 51712, "4");
    start();
    settle();
    store_set("/local/domain/5/backend/vbd/1/51712/state", "5");
    store_options.silent = true;
    for (unsigned int i = 0; i < 8; i++) {
        thread_sleep_until(deadline_after(MILLISECONDS(30500)));
        CHECK(fake_log_lines == 0);
        retry_now();
    }
    thread_sleep_until(deadline_after(MILLISECONDS(30500)));
    CHECK(fake_timer == NULL && fake_log_lines == 1 && changes == 1);
    store_options.silent = false;
    set_backend(51712, "6");
    CHECK(changes == 2 && last_state == XenbusStateClosed);
}

/* A step that failed because of that is taken again. */
static void slow_step(void)
{
    start_error = -ETIMEDOUT;
    add("vbd", 51712, "4");
    start();
    settle();
    CHECK(changes == 1 && strcmp(our_state(), "3") == 0 && fake_log_lines == 0);
    store_set("device/vbd/51712/state", "4"); /* the write was late, and was done all the same */
    store_set("device/vbd/51712", "");        /* another search: it is still the same device */
    settle();
    CHECK(removals == 0);
    retry_now();
    CHECK(changes == 2 && strcmp(our_state(), "4") == 0 && fake_timer == NULL);
    for (unsigned int i = 0; i < 20; i++) { /* each time is the first */
        set_backend(51712, "2");
        start_error = -ETIMEDOUT;
        set_backend(51712, "4");
        retry_now();
        CHECK(start_error == 0 && last_device->backend_state == XenbusStateConnected);
        CHECK(!last_device->unfinished && fake_log_lines == 0);
    }
    start_error = -EINVAL; /* this will not pass */
    set_backend(51712, "2");
    set_backend(51712, "4");
    CHECK(strcmp(our_state(), "6") == 0 && fake_timer == NULL && fake_log_lines == 1);
}

static unsigned int answered; /* requests, before xenstored falls silent */

static bool silent_later(void)
{
    store_options.silent = store_requests >= answered;
    return store_step();
}

/* The next `count` requests are answered, and those after them too late. */
static void fall_silent(unsigned int count)
{
    answered = store_requests + count;
    fake_backend = silent_later;
}

static void speak_again(void)
{
    thread_sleep_until(deadline_after(MILLISECONDS(30500)));
    fake_backend = store_step;
    store_options.silent = false;
    settle();
    retry_now();
}

/* Late while what is listed is compared: that it is another device is noticed later. */
static void slow_to_compare(void)
{
    add("vbd", 51712, "4");
    start();
    settle();
    store_set("/local/domain/7/backend/vbd/1/51712/state", "2");
    store_set("device/vbd/51712/backend-id", "7");
    fall_silent(1);
    store_set("device/vbd/51712/backend", "/local/domain/7/backend/vbd/1/51712");
    speak_again();
    CHECK(removals == 1 && probes == 2 && last_device->backend_domain == 7);
    CHECK(fake_timer == NULL);
}

/* Late when a backend that closes is asked whether it stays, and when it is to start over. */
static void slow_to_reopen(void)
{
    add("vbd", 51712, "4");
    start();
    settle();
    store_set("/local/domain/5/backend/vbd/1/51712/online", "1");
    fall_silent(2);
    set_backend(51712, "6"); /* the state, ours, and then the question */
    CHECK(strcmp(our_state(), "6") == 0);
    speak_again();
    CHECK(strcmp(our_state(), "1") == 0 && fake_timer == NULL);
    set_backend(51712, "4");
    set_backend(51712, "6");
    CHECK(strcmp(our_state(), "6") == 0 && fake_timer != NULL);
    fall_silent(1);
    retry_now(); /* which is the time to start over */
    CHECK(last_device->state == XenbusStateClosed);
    speak_again();
    CHECK(last_device->state == XenbusStateInitialising && fake_timer == NULL);
}

/* Late when the devices are listed, or when a device is looked at: it is found all the same. */
static void slow_to_tell(void)
{
    start();
    settle();
    for (unsigned int take = 0; take < 3; take++) {
        unsigned int id = 51712 + 16 * take;

        add("vbd", id, "4");
        for (unsigned int i = 0; i < take; i++)
            store_step();
        store_options.silent = true;
        thread_sleep_until(deadline_after(MILLISECONDS(30500)));
        store_options.silent = false;
        settle();
        if (fake_timer != NULL)
            retry_now();
        CHECK(xenbus_devices() == take + 1 && probes == take + 1);
        CHECK(last_device->id == id && last_device->state == XenbusStateConnected);
    }
}

ISOLATED(life)
ISOLATED(come_and_go)
ISOLATED(own_writes)
ISOLATED(missing_backend)
ISOLATED(failed_probe)
ISOLATED(garbage_states)
ISOLATED(bad_nodes)
ISOLATED(closed_and_online)
ISOLATED(flapping_backend)
ISOLATED(another_device)
ISOLATED(broken_store)
ISOLATED(slow_store)
ISOLATED(slow_for_ever)
ISOLATED(slow_step)
ISOLATED(slow_to_compare)
ISOLATED(slow_to_reopen)
ISOLATED(slow_to_tell)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_life),
        cmocka_unit_test(test_come_and_go),
        cmocka_unit_test(test_own_writes),
        cmocka_unit_test(test_missing_backend),
        cmocka_unit_test(test_failed_probe),
        cmocka_unit_test(test_garbage_states),
        cmocka_unit_test(test_bad_nodes),
        cmocka_unit_test(test_closed_and_online),
        cmocka_unit_test(test_flapping_backend),
        cmocka_unit_test(test_another_device),
        cmocka_unit_test(test_broken_store),
        cmocka_unit_test(test_slow_store),
        cmocka_unit_test(test_slow_for_ever),
        cmocka_unit_test(test_slow_step),
        cmocka_unit_test(test_slow_to_compare),
        cmocka_unit_test(test_slow_to_reopen),
        cmocka_unit_test(test_slow_to_tell),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
