/* SPDX-License-Identifier: MIT */
/*
 * Xenbus: the table of devices and its comparison with xenstore.
 *
 * One watch on "device" tells of devices that come and go; on each event down to the depth of
 * device/<type>/<id>, the directories of the drivers' types are listed and compared with the
 * devices known. A device that was removed and added again between two looks is listed both times;
 * that it is another one shows in its backend, or in a state that is not the one we wrote. Each
 * device has a watch on its backend's state. Everything but xenbus_set_state(), xenbus_settled()
 * and xenbus_wait_settled() runs in the watch thread, so devices appear and vanish only between
 * callbacks.
 */
#include "xen/bus/xenbus.h"

#include <errno.h>
#include <string.h>

#include "lib/base/printk.h"
#include "lib/sched/sched.h"
#include "xenbus_internal.h"
#include "xenstore_wire.h"
#include "lib/mm/heap.h"

#define DEVICE_DEPTH 3 /* components of device/<type>/<id> */
#define BUCKET_BITS 6

extern const struct xenbus_driver *const xenbus_drivers_start[];
extern const struct xenbus_driver *const xenbus_drivers_end[];

struct list xenbus_device_list = LIST_INIT(xenbus_device_list);
static struct wait_queue settled_queue = WAIT_QUEUE_INIT(settled_queue);
static struct xenbus_device *by_id[1u << BUCKET_BITS];
static unsigned int devices, unsettled; /* their numbers */
static bool searched;                   /* the first search is over */
static unsigned int searches;
static struct xenbus_retry search_retry;
static struct xenstore_watch device_watch;
static void (*listener)(void); /* for a change in the numbers of devices */

static struct xenbus_device **bucket_of(unsigned int id)
{
    return &by_id[id * 0x9e3779b1u >> (32 - BUCKET_BITS)];
}

static struct xenbus_device *find_device(const struct xenbus_driver *driver, unsigned int id)
{
    struct xenbus_device *device = *bucket_of(id);

    while (device != NULL && (device->driver != driver || device->id != id))
        device = device->next_in_bucket;
    return device;
}

static void leave_bucket(struct xenbus_device *device)
{
    struct xenbus_device **place = bucket_of(device->id);

    while (*place != device)
        place = &(*place)->next_in_bucket;
    *place = device->next_in_bucket;
}

/* Errors say nothing of the backend: the device goes on as it is. */
static void backend_state_changed(struct xenstore_watch *watch, const char *path)
{
    struct xenbus_device *device = watch->argument;
    enum xenbus_state state;
    int error = xenbus_backend_state(device, &state);

    (void)path;
    if (error == 0 && (state != device->backend_state || device->unfinished)) {
        xenbus_reopen_cancel(device);
        device->backend_state = state;
        xenbus_handshake(device);
        return;
    }
    if (error == 0)
        error = xenbus_reopen_if_due(device);
    if (error == 0 && device->driver->backend_again != NULL)
        error = device->driver->backend_again(device);
    if (error == 0)
        xenbus_retry_cancel(&device->retry);
    else if (!xenbus_retry(&device->retry, watch, error))
        printk_limited(&device->log, "xenbus: %s: xenstore does not tell of %s: %d", device->node,
                       device->backend, error);
}

static int watch_backend(struct xenbus_device *device)
{
    int error;

    ksnprintf(device->backend_state_path, sizeof(device->backend_state_path), "%s/state",
              device->backend);
    device->backend_watch = (struct xenstore_watch){
        .path = device->backend_state_path,
        .callback = backend_state_changed,
        .argument = device,
    };
    error = xenstore_watch_register(&device->backend_watch);
    device->watched = error == 0;
    return error;
}

void xenbus_unwatch(struct xenbus_device *device)
{
    if (device->watched)
        xenstore_watch_unregister(&device->backend_watch);
    device->watched = false;
}

/* What a driver refuses is left alone; xenstore may answer later. */
void xenbus_attach(struct xenbus_device *device)
{
    int error = xenbus_read_backend(device);

    device->lost = false;
    if (error == 0 && !device->probed) {
        error = device->driver->probe(device);
        device->probed = error == 0;
    } else if (error != 0) {
        device->lost = xenbus_retry(&device->retry, &device_watch, error);
    }
    if (error == 0) {
        error = watch_backend(device);
        if (error == 0)
            xenbus_retry_cancel(&device->retry);
        else
            device->lost = xenbus_retry(&device->retry, &device_watch, error);
    }
    if (error == 0 || device->lost)
        return;
    /* After a restore that is one which does not exist here. */
    if (error != -ENOENT || !device->probed)
        printk("xenbus: %s cannot be used: %d", device->node, error);
    xenbus_settled(device);
}

static void tell_listener(void)
{
    if (listener != NULL)
        listener();
}

void xenbus_listen(void (*changed)(void))
{
    listener = changed;
}

static void add_device(const struct xenbus_driver *driver, unsigned int id)
{
    struct xenbus_device *device = kernel_alloc_zeroed(1, sizeof(*device));

    if (device == NULL) {
        printk("xenbus: no memory for device/%s/%u", driver->type, id);
        return;
    }
    device->driver = driver;
    device->id = id;
    xenbus_reopen_init(device);
    xenbus_retry_init(&device->retry);
    ksnprintf(device->node, sizeof(device->node), "device/%s/%u", driver->type, id);
    list_append(&xenbus_device_list, &device->link);
    device->next_in_bucket = *bucket_of(id);
    *bucket_of(id) = device;
    devices++;
    unsettled++;
    xenbus_attach(device);
}

static void remove_device(struct xenbus_device *device)
{
    xenbus_reopen_cancel(device);
    xenbus_retry_cancel(&device->retry);
    xenbus_unwatch(device);
    device->driver->remove(device);
    list_remove(&device->link);
    leave_bucket(device);
    xenbus_settled(device);
    devices--;
    kernel_free(device);
    tell_listener();
}

/* A directory's name as an id in its canonical form, or -1. */
static int64_t parse_id(const char *name)
{
    uint64_t id;

    if (xenstore_parse_number(name, strlen(name), &id) < 0 || id > INT32_MAX ||
        (name[0] == '0' && name[1] != '\0'))
        return -1;
    return (int64_t)id;
}

/* Mark those of the driver's devices that are listed. */
static void mark_listed(const struct xenbus_driver *driver, char *const *names, unsigned int count)
{
    searches++;
    for (unsigned int i = 0; i < count; i++) {
        int64_t id = parse_id(names[i]);
        struct xenbus_device *device = id < 0 ? NULL : find_device(driver, (unsigned int)id);

        if (device != NULL)
            device->listed = searches;
    }
}

/* 0, or -errno when not all could be compared. */
static int remove_missing(const struct xenbus_driver *driver)
{
    struct list *node, *next;
    int result = 0;

    list_for_each (node, next, &xenbus_device_list) {
        struct xenbus_device *device = container_of(node, struct xenbus_device, link);
        int replaced = 0;

        if (device->driver != driver)
            continue;
        if (device->listed == searches && !device->lost)
            replaced = xenbus_replaced(device);
        if (device->listed != searches || replaced > 0)
            remove_device(device);
        else if (replaced < 0)
            result = replaced;
    }
    return result;
}

static void add_listed(const struct xenbus_driver *driver, char *const *names, unsigned int count)
{
    for (unsigned int i = 0; i < count; i++) {
        int64_t id = parse_id(names[i]);
        struct xenbus_device *device = id < 0 ? NULL : find_device(driver, (unsigned int)id);

        if (id < 0)
            printk("xenbus: device/%s has an entry that is no number: ignored", driver->type);
        else if (device == NULL)
            add_device(driver, (unsigned int)id);
        else if (device->lost)
            xenbus_attach(device);
    }
}

static int search(const struct xenbus_driver *driver)
{
    char path[XENBUS_NODE_MAX];
    char **names = NULL;
    unsigned int count = 0;

    ksnprintf(path, sizeof(path), "device/%s", driver->type);
    int error = xenstore_directory(XENSTORE_NONE, path, &names, &count);
    if (error < 0 && error != -ENOENT) {
        printk("xenbus: cannot list %s: %d", path, error);
        return error;
    }
    mark_listed(driver, names, count);
    error = remove_missing(driver);
    add_listed(driver, names, count);
    kernel_free(names);
    return error;
}

/*
 * Our own writes come back as events too, from deeper down. There, only the way to the backend is
 * another's to change.
 */
static bool may_be_a_device(const char *path)
{
    const char *name = path;
    unsigned int depth = 1;

    for (; *path != '\0'; path++) {
        if (*path == '/') {
            depth++;
            name = path + 1;
        }
    }
    return depth <= DEVICE_DEPTH || strcmp(name, "backend") == 0;
}

static void devices_changed(struct xenstore_watch *watch, const char *path)
{
    int error = 0;

    if (!may_be_a_device(path))
        return;
    for (const struct xenbus_driver *const *entry = xenbus_drivers_start;
         entry < xenbus_drivers_end; entry++) {
        int result = search(*entry);

        error = result != 0 ? result : error;
    }
    if (error == 0 || !xenbus_retry(&search_retry, watch, error))
        xenbus_retry_cancel(&search_retry);
    searched = true;
    wake_all(&settled_queue);
}

static struct xenstore_watch device_watch = { .path = "device", .callback = devices_changed };

void xenbus_init(void)
{
    xenbus_retry_init(&search_retry);
    xenstore_watch_register_later(&device_watch);
}

int xenbus_set_state(struct xenbus_device *device, enum xenbus_state state)
{
    if (state == device->state)
        return 0;
    int error = xenstore_write_format(XENSTORE_NONE, device->node, "state", "%d", (int)state);
    if (error == 0)
        device->state = state;
    if (error == 0 && state == XenbusStateConnected)
        device->connected_since = clock_monotonic();
    tell_listener();
    return error;
}

void xenbus_again(struct xenbus_device *device)
{
    xenstore_watch_again(&device->backend_watch);
}

void xenbus_settled(struct xenbus_device *device)
{
    unsettled -= !device->settled;
    device->settled = true;
    wake_all(&settled_queue);
}

unsigned int xenbus_wait_settled(uint64_t deadline)
{
    struct list *node, *next;
    unsigned int missing = 0;

    if (wait_until(&settled_queue, searched && unsettled == 0, deadline) < 0 && !searched)
        printk("xenbus: xenstore has not told in time which devices there are");
    list_for_each (node, next, &xenbus_device_list) {
        struct xenbus_device *device = container_of(node, struct xenbus_device, link);

        if (device->state == XenbusStateConnected)
            continue;
        missing++;
        printk("xenbus: %s is not connected (state %d, backend %d)", device->node,
               (int)device->state, (int)device->backend_state);
    }
    return missing;
}

void xenbus_for_each(void (*visit)(struct xenbus_device *device))
{
    struct list *node, *next;

    list_for_each (node, next, &xenbus_device_list)
        visit(container_of(node, struct xenbus_device, link));
}

unsigned int xenbus_devices(void)
{
    return devices;
}
