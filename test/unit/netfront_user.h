/* SPDX-License-Identifier: MIT */
/*
 * For netfront's tests: one card, what is above it, and frames. Includes the driver's handshake,
 * whose functions are not for others.
 */
#ifndef TEST_NETFRONT_USER_H
#define TEST_NETFRONT_USER_H

#include "../../netfront/xenbus.c"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "fake_netback.h"
#include "xen/evtchn.h"
#include "xen/bus/gnttab.h"
#include "xen_driver_fakes.h"
#include "xen_fakes.h"

static struct xenbus_device device;
static struct net_device *nic;
static unsigned int added, removed, pending, writable, changed;
static void (*when_added)(void); /* what else is done then */

/* The last frame that came in. */
static struct {
    uint8_t data[70000];
    size_t length;
    unsigned int count;
    struct net_receive_info info;
} received;

static inline void on_receive(struct net_device *from, const struct net_fragment *fragments,
                              unsigned int count, const struct net_receive_info *info)
{
    CHECK(from == nic && count > 0 && count <= NETFRONT_CHAIN_MAX);
    received.length = 0;
    for (unsigned int i = 0; i < count; i++) {
        memcpy(received.data + received.length, fragments[i].data, fragments[i].length);
        received.length += fragments[i].length;
    }
    CHECK(received.length >= NETFRONT_ETHERNET_HEADER && received.length <= NETFRONT_FRAME_MAX);
    received.info = *info;
    received.count++;
}

static inline void on_pending(struct net_device *from)
{
    CHECK(from == nic);
    pending++;
}

static inline void on_writable(struct net_device *from)
{
    CHECK(from == nic);
    writable++;
}

static inline void on_changed(struct net_device *from)
{
    CHECK(from == nic);
    changed++;
}

static inline void on_added(struct net_device *new)
{
    nic = new;
    nic->receive = on_receive;
    nic->pending = on_pending;
    nic->writable = on_writable;
    nic->changed = on_changed;
    added++;
    if (when_added != NULL)
        when_added();
}

static inline void on_removed(struct net_device *gone)
{
    CHECK(gone == nic);
    nic = NULL;
    removed++;
}

static inline void meet_backend(void)
{
    fake_backend_state(&device, XenbusStateInitWait);
    CHECK(device.state == XenbusStateConnected);
    fake_netback_connect();
    fake_backend_state(&device, XenbusStateConnected);
    CHECK(nic != NULL && nic->link_up);
}

static inline void bring_up(void)
{
    if (device.driver == NULL) {
        net_device_listen(on_added, on_removed);
        fake_device(&device, &netfront_driver, "vif", 0);
        fake_netback_start(&device);
        CHECK(netfront_driver.probe(&device) == 0);
    }
    /* A backend that was connected closes before it starts over. */
    fake_backend_state(&device, XenbusStateClosed);
    meet_backend();
}

static inline void nothing_left(void)
{
    CHECK(gnttab_used() == 0 && evtchn_in_use() == 0 && fake_pages == 0);
}

static inline void detach(void)
{
    netfront_driver.remove(&device);
    nothing_left();
    CHECK(removed == added);
    device.driver = NULL;
}

static inline void fill(uint8_t *data, size_t length, unsigned int seed)
{
    for (size_t i = 0; i < length; i++)
        data[i] = (uint8_t)(seed + i * 5 + i / 251);
}

static inline int send(const void *data, size_t length, bool partial)
{
    struct net_fragment whole = { data, length };
    struct net_send_info info = { .checksum_partial = partial };

    return nic->operations->send(nic, &whole, 1, &info);
}

/* A frame to be cut into segments of that payload. */
static inline int send_large(const void *data, size_t length, uint16_t segment, bool ipv6)
{
    struct net_fragment whole = { data, length };
    struct net_send_info info = { true, ipv6, segment };

    return nic->operations->send(nic, &whole, 1, &info);
}

#endif
