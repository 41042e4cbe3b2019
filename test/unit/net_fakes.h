/* SPDX-License-Identifier: MIT */
/*
 * Two network devices, "eth0" and "eth1", joined by a wire with faults: the frames that one sends,
 * the other receives some virtual time later. With a third end: the test sees each frame and can
 * inject others. The stack gets 10.0.0.1/24 and 10.0.0.2/24; what is bound to one address and sent
 * to the other crosses the wire. A frame for a group arrives only where the stack has asked for it.
 */
#ifndef TEST_NET_FAKES_H
#define TEST_NET_FAKES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fakes.h"
#include "net/netdev.h"

/* Faults, each in frames of a thousand; they come from a repeatable generator. */
struct fake_wire {
    unsigned int lose, corrupt, delay, duplicate;
    uint64_t latency;           /* ns */
    bool cut;                   /* nothing arrives */
    bool silent;                /* what arrives is not told */
    bool whole;                 /* large TCP segments arrive as they were sent; else in pieces */
    unsigned int frames, kicks; /* seen so far */
    unsigned int refused;       /* times that a ring was full */
    unsigned int large;         /* frames handed to a device for cutting */
    /* When set: called with each frame before it travels; false swallows it. */
    bool (*tap)(unsigned int from, const uint8_t *frame, size_t length);
};
extern struct fake_wire fake_wire;

/* Start the stack with both devices. `offload`: they complete checksums; `first_words`: values for
 * "ip" of eth0 and eth1, or NULL. */
void fake_net_start(bool offload, const char *eth0, const char *eth1);
/* Set before the start: the devices cut large TCP segments over IPv4. */
extern bool fake_net_large;
struct net_device *fake_net_device(unsigned int index);
/* Hand a frame to a device as if the backend had delivered it. */
void fake_net_inject(unsigned int device, const uint8_t *frame, size_t length, bool trusted);
/* How often a device was asked for this group; users of all groups together. */
unsigned int fake_net_wanted(unsigned int device, const uint8_t mac[6]);
unsigned int fake_net_groups(unsigned int device);
/* How many frames a device takes before send() answers -EAGAIN; they leave as time goes on. */
extern unsigned int fake_net_ring;

/* Memory is short: the stack gives back what it keeps. */
void fake_net_pressure(void);

/* Set a word of the command line: what its function answers, or -ENOENT. */
int fake_net_option(const char *name, const char *value);

/* A listening TCP socket at 10.0.0.2 and a client connected to it across the wire from 10.0.0.1. */
int fake_net_listen(uint16_t port, int backlog);
int fake_net_connect(uint16_t port);
/* Let virtual time pass. */
void fake_net_sleep(uint64_t ns);

/* All sockets closed and all old connections gone: the stack must hold no more than this at the
 * start. Fails the test otherwise. */
void fake_net_check_leftovers(void);

#endif
