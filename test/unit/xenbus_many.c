/* SPDX-License-Identifier: MIT */
/*
 * A thousand devices, each with its watch: an event, and a search that finds nothing new, take no
 * more steps for a device than with ten.
 */
// SRCS: $(TEST_XENBUS) xen/bus/xenstore_watch.c xen/bus/xenstore_wire.c test/unit/xen_fakes.c test/unit/fake_timer.c lib/libc/kernel_heap.c
// CFLAGS: -Ixen -fsanitize-coverage=trace-pc
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../xen/bus/xenbus_internal.h"
#include "../../xen/bus/xenstore_internal.h"
#include "lib/mm/heap.h"
#include "steps.h"
#include "xen_fakes.h"

#define MANY 1000u

static unsigned int there; /* devices that are listed */
static uint32_t first_token;

int xenstore_request(enum xsd_sockmsg_type type, xenstore_transaction transaction,
                     const struct xenstore_piece *pieces, unsigned int count,
                     struct xenstore_reply *reply)
{
    (void)transaction, (void)count, (void)reply;
    if (type == XS_WATCH && first_token == 0)
        first_token = (uint32_t)strtoul(pieces[1].data, NULL, 10);
    return 0;
}

int xenstore_read_number(xenstore_transaction transaction, const char *directory, const char *node,
                         uint64_t minimum, uint64_t maximum, uint64_t *number)
{
    (void)transaction, (void)directory, (void)minimum, (void)maximum;
    *number = strcmp(node, "state") == 0 ? XenbusStateInitialising : 0;
    return 0;
}

int xenstore_write_format(xenstore_transaction transaction, const char *directory, const char *node,
                          const char *format, ...)
{
    (void)transaction, (void)directory, (void)node, (void)format;
    return 0;
}

int xenstore_read(xenstore_transaction transaction, const char *path, char **value, size_t *length)
{
    (void)transaction;
    *value = kernel_alloc(64);
    *length = (size_t)snprintf(*value, 64, "/local/domain/0/%s", path);
    return 0;
}

/* Numbers as disks have them. */
int xenstore_directory(xenstore_transaction transaction, const char *path, char ***names,
                       unsigned int *count)
{
    char *text;

    (void)transaction, (void)path;
    *names = kernel_alloc(there * (sizeof(char *) + 8));
    text = (char *)(*names + there);
    for (unsigned int i = 0; i < there; i++, text += 8) {
        (*names)[i] = text;
        snprintf(text, 8, "%u", 51712 + 16 * i);
    }
    *count = there;
    return 0;
}

static int nothing(struct xenbus_device *device)
{
    (void)device;
    return 0;
}

static void no_more(struct xenbus_device *device)
{
    (void)device;
}

static const struct xenbus_driver disks = {
    .type = "vbd",
    .probe = nothing,
    .offer = nothing,
    .start = nothing,
    .stop = no_more,
    .close = no_more,
    .remove = no_more,
};

/* The linker's table. */
const struct xenbus_driver *const xenbus_drivers_start[] = { &disks };
__asm__(".globl xenbus_drivers_end\n.set xenbus_drivers_end, xenbus_drivers_start + 8");

static void event(const char *path, uint32_t token)
{
    xenstore_watch_event(path, token);
    thread_sleep_until(deadline_after(1));
}

/* Steps for one device, of a search, and of an event with its callback. */
static void measure(unsigned int count, unsigned long *search_steps, unsigned long *event_steps)
{
    struct list *node, *next;

    there = count;
    event("device", first_token);
    CHECK(xenbus_devices() == count);
    steps();
    event("device", first_token);
    *search_steps = steps() / count;
    list_for_each (node, next, &xenbus_device_list) {
        struct xenbus_device *device = container_of(node, struct xenbus_device, link);

        event(device->backend_state_path, device->backend_watch.token);
    }
    *event_steps = steps() / count;
}

static void many(void)
{
    unsigned long search_few, event_few, search_many, event_many;

    CHECK(xenstore_watch_start() == 0);
    xenbus_init();
    thread_sleep_until(deadline_after(1));
    measure(10, &search_few, &event_few);
    measure(MANY, &search_many, &event_many);
    CHECK(search_few > 0 && event_few > 0);
    CHECK(search_many < search_few * 2 && event_many < event_few * 2);
    there = 1;
    event("device", first_token);
    CHECK(xenbus_devices() == 1 && xenstore_watches() == 2);
}

ISOLATED(many)

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_many) };

    return cmocka_run_group_tests_name("xenbus_many", tests, NULL, NULL);
}
