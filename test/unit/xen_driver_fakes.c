/* SPDX-License-Identifier: MIT */
/*
 * Grants, timers, xenstore and xenbus for the frontends' tests: see xen_driver_fakes.h.
 */
#include "xen_driver_fakes.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/mm/pages.h"
#include "lib/sched/sched.h"
#include "xen/evtchn.h"
#include "xen/bus/gnttab.h"
#include "xen/bus/xenstore.h"
#include "../../xen/bus/xenbus_internal.h"
#include "xen_fakes.h"
#include "../../lib/base/heap.c"

#define REFERENCES 2048
#define FIRST_REFERENCE 8
#define FIRST_PORT 5
#define PORTS 8
#define NODES 128

void (*ring_hook)(void);

/* As under PVH: a page's frame is its address. */
const uint64_t *platform_p2m;

/* Grants. */

static struct {
    bool used, read_only;
    uint64_t frame;
} grants[REFERENCES];
static unsigned int granted, quarantined;
static void *held_pages[REFERENCES];
bool fake_backend_holds;
int fake_grants_left = -1;
unsigned int fake_grant_limit = 32768;

int gnttab_grant(uint16_t domain, uint64_t frame, bool read_only)
{
    int i = FIRST_REFERENCE;

    (void)domain;
    while (i < REFERENCES && grants[i].used)
        i++;
    if (i == REFERENCES || fake_grants_left == 0)
        return -ENOSPC;
    if (fake_grants_left > 0)
        fake_grants_left--;
    /* What a backend gets to see is empty: a fresh page of ours must have been zeroed. */
    for (unsigned int byte = 0; byte < PAGE_SIZE; byte++)
        CHECK(((uint8_t *)(frame << PAGE_SHIFT))[byte] == 0);
    grants[i].used = true;
    grants[i].frame = frame;
    grants[i].read_only = read_only;
    granted++;
    return i;
}

int gnttab_end(int reference)
{
    CHECK(reference >= FIRST_REFERENCE && reference < REFERENCES && grants[reference].used);
    if (fake_backend_holds)
        return -EBUSY;
    grants[reference].used = false;
    granted--;
    if (fake_grants_left >= 0)
        fake_grants_left++;
    return 0;
}

void gnttab_end_and_free(int reference, void *page)
{
    if (gnttab_end(reference) == 0) {
        page_free(page);
        return;
    }
    granted--;
    held_pages[quarantined++] = page;
}

void fake_release_held(void)
{
    fake_backend_holds = false;
    while (quarantined > 0)
        page_free(held_pages[--quarantined]);
}

unsigned int gnttab_held_by(uint16_t domain)
{
    (void)domain;
    return quarantined;
}

unsigned int gnttab_limit(void)
{
    return fake_grant_limit;
}

unsigned int gnttab_used(void)
{
    return granted;
}

unsigned int gnttab_quarantined(void)
{
    return quarantined;
}

void *fake_grant_page(uint32_t reference, bool write)
{
    if (reference < FIRST_REFERENCE || reference >= REFERENCES || !grants[reference].used ||
        (write && grants[reference].read_only))
        return NULL;
    return (void *)(grants[reference].frame << PAGE_SHIFT);
}

/* Pages and ports. */

size_t fake_memory = 65536;

__attribute__((weak)) void *page_alloc_zeroed(void)
{
    void *page = page_alloc();

    if (page != NULL)
        memset(page, 0, PAGE_SIZE);
    return page;
}

__attribute__((weak)) size_t pages_total(void)
{
    return fake_memory;
}

/* Tests link with --wrap=evtchn_close, so that ports which are given back can be counted. */
void __real_evtchn_close(int port);
void __wrap_evtchn_close(int port);
static bool port_used[PORTS];

int evtchn_alloc_unbound(uint16_t domain, evtchn_handler handler, void *argument)
{
    int i = 0;

    (void)domain;
    while (i < PORTS && port_used[i])
        i++;
    if (i == PORTS)
        return -ENOSPC;
    if (evtchn_attach((uint32_t)(FIRST_PORT + i), handler, argument) != 0)
        return -EINVAL;
    port_used[i] = true;
    return FIRST_PORT + i;
}

void __wrap_evtchn_close(int port)
{
    CHECK(port >= FIRST_PORT && port < FIRST_PORT + PORTS && port_used[port - FIRST_PORT]);
    port_used[port - FIRST_PORT] = false;
    __real_evtchn_close(port);
}

__attribute__((weak)) unsigned int evtchn_in_use(void)
{
    unsigned int count = 0;

    for (unsigned int i = 0; i < PORTS; i++)
        count += port_used[i];
    return count;
}

/* Timers. */

static bool is_earlier(const struct heap_node *a, const struct heap_node *b)
{
    return container_of(a, struct timer, node)->deadline <
           container_of(b, struct timer, node)->deadline;
}

static struct heap timers = { .before = is_earlier };

__attribute__((weak)) void timer_init(struct timer *timer, void (*function)(void *), void *argument)
{
    *timer = (struct timer){ .function = function, .argument = argument };
}

__attribute__((weak)) void timer_set(struct timer *timer, uint64_t deadline)
{
    heap_remove(&timers, &timer->node);
    timer->deadline = deadline;
    heap_add(&timers, &timer->node);
}

__attribute__((weak)) void timer_cancel(struct timer *timer)
{
    heap_remove(&timers, &timer->node);
}

static struct timer *first_timer(const struct heap *heap)
{
    return heap_first(heap) ? container_of(heap_first(heap), struct timer, node) : NULL;
}

/* One that sets itself again waits for the next call. */
unsigned int fake_timers_run(uint64_t ns)
{
    uint64_t until = clock_monotonic() + ns;
    struct timer *due[64], *timer;
    unsigned int found = 0, count = 0;

    while ((timer = first_timer(&timers)) != NULL && timer->deadline <= until) {
        CHECK(found < sizeof(due) / sizeof(due[0]));
        due[found++] = timer;
        heap_remove(&timers, &timer->node);
    }
    for (unsigned int i = 0; i < found; i++)
        heap_add(&timers, &due[i]->node);
    for (unsigned int i = 0; i < found; i++) {
        if (!timer_pending(due[i]) || due[i]->deadline > until)
            continue;
        heap_remove(&timers, &due[i]->node);
        due[i]->function(due[i]->argument);
        count++;
    }
    return count;
}

uint64_t fake_timer_next(void)
{
    const struct timer *timer = first_timer(&timers);

    if (timer == NULL)
        return UINT64_MAX;
    return timer->deadline > clock_monotonic() ? timer->deadline - clock_monotonic() : 0;
}

/* xenstore. Each call sleeps, and others run meanwhile. */

void (*fake_store_hook)(void);

static void sleep_in_store(void)
{
    if (fake_store_hook != NULL)
        fake_store_hook();
}

static struct {
    char path[128];
    char value[64];
    size_t length;
} nodes[NODES];
static unsigned int node_count;
unsigned int fake_store_fail_write, fake_store_fail_read;
int fake_store_error = -EIO;

static int find(const char *path)
{
    for (unsigned int i = 0; i < node_count; i++)
        if (strcmp(nodes[i].path, path) == 0)
            return (int)i;
    return -1;
}

void fake_store_set_bytes(const char *path, const void *value, size_t length)
{
    int i = find(path);

    if (i < 0) {
        CHECK(node_count < NODES);
        i = (int)node_count++;
        snprintf(nodes[i].path, sizeof(nodes[i].path), "%s", path);
    }
    CHECK(length < sizeof(nodes[i].value));
    memcpy(nodes[i].value, value, length);
    nodes[i].value[length] = '\0';
    nodes[i].length = length;
}

void fake_store_set(const char *path, const char *value)
{
    fake_store_set_bytes(path, value, strlen(value));
}

const char *fake_store_get(const char *path)
{
    int i = find(path);

    return i < 0 ? NULL : nodes[i].value;
}

void fake_store_clear(void)
{
    node_count = 0;
}

int xenstore_remove(xenstore_transaction transaction, const char *path)
{
    int i = find(path);

    (void)transaction;
    if (i < 0)
        return -ENOENT;
    nodes[i] = nodes[--node_count];
    return 0;
}

int xenstore_read(xenstore_transaction transaction, const char *path, char **value, size_t *length)
{
    int i = find(path);

    (void)transaction;
    if (i < 0)
        return -ENOENT;
    *value = malloc(nodes[i].length + 1);
    memcpy(*value, nodes[i].value, nodes[i].length + 1);
    if (length != NULL)
        *length = nodes[i].length;
    return 0;
}

int xenstore_read_number(xenstore_transaction transaction, const char *directory, const char *node,
                         uint64_t minimum, uint64_t maximum, uint64_t *number)
{
    char path[160];
    const char *text;
    char *end;
    unsigned long long parsed;

    (void)transaction;
    sleep_in_store();
    if (fake_store_fail_read > 0 && --fake_store_fail_read == 0)
        return fake_store_error;
    snprintf(path, sizeof(path), "%s/%s", directory, node);
    text = fake_store_get(path);
    if (text == NULL)
        return -ENOENT;
    errno = 0;
    parsed = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0')
        return -EINVAL;
    if (errno != 0 || parsed < minimum || parsed > maximum)
        return -ERANGE;
    *number = parsed;
    return 0;
}

int xenstore_write_format(xenstore_transaction transaction, const char *directory, const char *node,
                          const char *format, ...)
{
    char path[160], value[64];
    va_list arguments;

    (void)transaction;
    sleep_in_store();
    if (fake_store_fail_write > 0 && --fake_store_fail_write == 0)
        return fake_store_error;
    snprintf(path, sizeof(path), "%s/%s", directory, node);
    va_start(arguments, format);
    vsnprintf(value, sizeof(value), format, arguments);
    va_end(arguments);
    fake_store_set(path, value);
    return 0;
}

/* xenbus. */

unsigned int fake_settled, fake_again;

int xenbus_set_state(struct xenbus_device *device, enum xenbus_state state)
{
    int result = xenstore_write_format(XENSTORE_NONE, device->node, "state", "%d", (int)state);

    if (result == 0)
        device->state = state;
    return result;
}

int xenbus_backend_closed(struct xenbus_device *device)
{
    return xenbus_set_state(device, XenbusStateClosed);
}

void xenbus_again(struct xenbus_device *device)
{
    (void)device;
    fake_again++;
}

void xenstore_watch_again(struct xenstore_watch *watch)
{
    (void)watch;
    fake_again++;
}

void xenbus_settled(struct xenbus_device *device)
{
    (void)device;
    fake_settled++;
}

void fake_device(struct xenbus_device *device, const struct xenbus_driver *driver, const char *type,
                 unsigned int id)
{
    memset(device, 0, sizeof(*device));
    device->driver = driver;
    device->id = id;
    snprintf(device->node, sizeof(device->node), "device/%s/%u", type, id);
    snprintf(device->backend, sizeof(device->backend), "/local/domain/0/backend/%s/1/%u", type, id);
    device->state = XenbusStateInitialising;
    device->backend_state = XenbusStateInitialising;
    xenbus_retry_init(&device->retry);
}

void fake_backend_state(struct xenbus_device *device, enum xenbus_state state)
{
    device->backend_state = state;
    xenbus_handshake(device);
}

static void set_below(const char *directory, const char *node, const char *value)
{
    char path[160];

    snprintf(path, sizeof(path), "%s/%s", directory, node);
    fake_store_set(path, value);
}

void fake_frontend_node(const struct xenbus_device *device, const char *node, const char *value)
{
    set_below(device->node, node, value);
}

void fake_backend_node(const struct xenbus_device *device, const char *node, const char *value)
{
    set_below(device->backend, node, value);
}

uint32_t fake_frontend_number(const struct xenbus_device *device, const char *node)
{
    uint64_t number;

    CHECK(xenstore_read_number(XENSTORE_NONE, device->node, node, 0, UINT32_MAX, &number) == 0);
    return (uint32_t)number;
}
