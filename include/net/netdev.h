/* SPDX-License-Identifier: MIT */
/*
 * Network devices as the stack above sees them: "packets in, packets out". netfront provides them,
 * net/ takes them up.
 *
 * Frames are Ethernet frames without their check sequence; one with a TCP segment may have up to 64
 * KiB, to be cut later: those that come in stay as they are, those that go out are cut by the device
 * or behind it. Checksum state travels with each frame:
 * on the way in `checksum_blank` says that the TCP/UDP checksum is partial and the data can be
 * trusted (it never crossed a wire), `checksum_valid` that the backend has verified it.
 */
#ifndef NET_NETDEV_H
#define NET_NETDEV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/list.h"

struct net_device;

struct net_receive_info {
    bool checksum_blank;
    bool checksum_valid;
};

struct net_send_info {
    bool checksum_partial; /* the TCP/UDP checksum field holds only the pseudo header's sum: allowed
                              if the device has transmit_checksum */
    bool ipv6;
    uint16_t segment_size; /* 0; or: a TCP segment (with a partial checksum) to be cut into such with
                              this much payload each: allowed if the device has transmit_large */
};

/* A piece of an outgoing frame: anywhere in memory. */
struct net_fragment {
    const void *data;
    size_t length;
};

struct net_operations {
    /*
     * Send one frame given in pieces (at most 65,535 bytes in all; over 1,514 only if the device
     * said so). The data is copied or taken before return: the caller may reuse it at once. 0;
     * -EAGAIN: the ring is full, `writable` will be called; -EIO, -ENODEV: link down; -EINVAL: not
     * with this device.
     */
    int (*send)(struct net_device *device, const struct net_fragment *fragments, unsigned int count,
                const struct net_send_info *info);
    /* Tell the backend of frames queued since the last call (send() alone need not notify). */
    void (*kick)(struct net_device *device);
    /*
     * Take in what the backend has delivered, at most `budget` frames, calling device->receive for
     * each; the number taken.
     */
    unsigned int (*poll)(struct net_device *device, unsigned int budget);
    /*
     * Frames for a group of stations are wanted, or no longer wanted. Calls are counted: a group
     * stays wanted until each wish for it is taken back. Any context; does not wait. Only a hint:
     * other groups' frames may come too, and all do until the first call. May be NULL.
     */
    void (*filter)(struct net_device *device, const uint8_t mac[6], bool wanted);
};

struct net_device {
    char name[16]; /* "eth0" */
    uint8_t mac[6];
    unsigned int mtu; /* bytes of payload, 1500 unless the toolstack says otherwise */
    bool link_up;
    bool moved;               /* with `changed`: the link is up at another place; net/ clears it */
    bool transmit_checksum;   /* send() takes checksum_partial */
    bool transmit_large_ipv4; /* send() takes segment_size, for TCP over IPv4 */
    bool transmit_large_ipv6;
    const struct net_operations *operations;
    unsigned int send_pages; /* pages, each with a grant, that the provider keeps for sending: as
                                 many as the load has needed so far, within its limit */
    void *private_data;      /* the provider's */
    struct list link;

    /*
     * Set by net/ when it takes the device up. receive: one frame, in one or more pieces that lie
     * in memory the backend can still write: copy first, then parse the copy; valid only during the
     * call. pending: called in the scheduler when frames wait; it wakes the network thread, which
     * calls poll until it returns less than its budget. changed: link state or MTU.
     */
    void (*receive)(struct net_device *device, const struct net_fragment *fragments,
                    unsigned int count, const struct net_receive_info *info);
    void (*pending)(struct net_device *device);
    void (*writable)(struct net_device *device);
    void (*changed)(struct net_device *device);
    void *user;

    struct {
        uint64_t received, received_bytes, receive_dropped, receive_errors;
        uint64_t received_large; /* of the received: TCP segments that stand for several */
        uint64_t sent, sent_bytes, send_dropped, sent_large;
    } statistics;
};

/* Called by the provider: 0 or -errno. net/ takes registered devices up as they come. */
int net_device_register(struct net_device *device);
void net_device_unregister(struct net_device *device);
struct net_device *net_device_at(unsigned int index);
/* Called by net/ to hear of devices: once for each that is there, then for new and leaving ones. */
void net_device_listen(void (*added)(struct net_device *device),
                       void (*removed)(struct net_device *device));

#endif
