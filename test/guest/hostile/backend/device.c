/* SPDX-License-Identifier: MIT */
/* A device in xenstore, as the toolstack makes it, and the backend's half of its handshake. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "backend.h"

static char *path(const char *format, ...)
{
    static char paths[4][256];
    static unsigned int next;
    char *text = paths[next++ % 4];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(paths[0]), format, arguments);
    va_end(arguments);
    return text;
}

const char *front(const struct device *device, const char *node)
{
    return path("/local/domain/%u/device/%s/%u%s%s", guest, device->type, device->id,
                node[0] ? "/" : "", node);
}

const char *back(const struct device *device, const char *node)
{
    return path("/local/domain/0/hostile/%s/%u/%u%s%s", device->type, guest, device->id,
                node[0] ? "/" : "", node);
}

void put(const char *node, const char *format, ...)
{
    char value[256];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(value, sizeof(value), format, arguments);
    va_end(arguments);
    if (!xs_write(store, XBT_NULL, node, value, (unsigned int)strlen(value)))
        fail("cannot write %s", node);
}

long get(const char *node)
{
    unsigned int length;
    char *value = xs_read(store, XBT_NULL, node, &length), *end;
    long number = -1;

    if (value != NULL && length > 0)
        number = strtol(value, &end, 10);
    free(value);
    return number;
}

void drop(const char *node)
{
    xs_rm(store, XBT_NULL, node);
}

static void make_directory(xs_transaction_t transaction, const char *node, unsigned int owner,
                           unsigned int reader)
{
    struct xs_permissions permissions[] = { { owner, XS_PERM_NONE }, { reader, XS_PERM_READ } };

    if (!xs_mkdir(store, transaction, node) ||
        !xs_set_permissions(store, transaction, node, permissions, 2))
        fail("cannot make %s", node);
}

static void put_in(xs_transaction_t transaction, const char *node, const char *value)
{
    if (!xs_write(store, transaction, node, value, (unsigned int)strlen(value)))
        fail("cannot write %s", node);
}

/* The guest may write in its folder, the backend's it may only read; all appears at once. */
void device_create(struct device *device)
{
    xs_transaction_t transaction;

    do {
        transaction = xs_transaction_start(store);
        make_directory(transaction, back(device, ""), 0, guest);
        put_in(transaction, back(device, "state"), "1");
        put_in(transaction, back(device, "online"), "1");
        put_in(transaction, back(device, "frontend"), front(device, ""));
        make_directory(transaction, front(device, ""), guest, 0);
        put_in(transaction, front(device, "backend"), back(device, ""));
        put_in(transaction, front(device, "backend-id"), "0");
        put_in(transaction, front(device, "mac"), "00:16:3e:00:00:99");
        put_in(transaction, front(device, "state"), "1");
    } while (!xs_transaction_end(store, transaction, false));
}

void device_remove(struct device *device)
{
    unbind_ports(device);
    drop(front(device, ""));
    drop(back(device, ""));
}

void device_renew(struct device *device)
{
    device_remove(device);
    nap(100);
    device_create(device);
}

void show(const struct device *device, int state)
{
    put(back(device, "state"), "%d", state);
}

int wait_front(const struct device *device, unsigned int mask)
{
    double end = now() + PATIENCE;
    long state;

    for (;;) {
        state = get(front(device, "state"));
        if (state > 0 && state < 32 && (mask >> state & 1))
            return (int)state;
        if (now() > end)
            fail("%s: the guest is in state %ld, expected one of %#x", device->name, state, mask);
        nap(5);
    }
}

void close_down(struct device *device)
{
    unbind_ports(device);
    show(device, CLOSED);
    wait_front(device, 1 << CLOSED | 1 << INITIALISING);
}

void bind_port(struct device *device, const char *node)
{
    int port = xenevtchn_bind_interdomain(events, guest, (uint32_t)get(front(device, node)));

    if (port < 0)
        fail("%s: cannot bind the guest's port", device->name);
    device->ports[device->ports[0] > 0] = port;
}

void unbind_ports(struct device *device)
{
    for (unsigned int i = 0; i < 2; i++) {
        if (device->ports[i] > 0)
            xenevtchn_unbind(events, (evtchn_port_t)device->ports[i]);
        device->ports[i] = 0;
    }
}

void ring_bell(const struct device *device)
{
    for (unsigned int i = 0; i < 2; i++)
        if (device->ports[i] > 0)
            xenevtchn_notify(events, (evtchn_port_t)device->ports[i]);
}

static void *map_for(const long *references, unsigned int count, int protection)
{
    uint32_t numbers[2];
    void *pages;

    for (unsigned int i = 0; i < count && i < 2; i++)
        numbers[i] = (uint32_t)references[i];
    pages = xengnttab_map_domain_grant_refs(grants, count, guest, numbers, protection);
    if (pages == NULL)
        fail("cannot map grant %ld", references[0]);
    return pages;
}

void *map(long reference)
{
    return map_for(&reference, 1, PROT_READ | PROT_WRITE);
}

void *map_to_read(long reference)
{
    return map_for(&reference, 1, PROT_READ);
}

void *map_several(const long *references, unsigned int count)
{
    return map_for(references, count, PROT_READ | PROT_WRITE);
}

void unmap(void *page)
{
    unmap_several(page, 1);
}

void unmap_several(void *pages, unsigned int count)
{
    if (pages != NULL)
        xengnttab_unmap(grants, pages, count);
}
