/* SPDX-License-Identifier: MIT */
/*
 * A block backend in memory, honest or not, for blkfront's tests.
 */
#ifndef TEST_FAKE_BLKBACK_H
#define TEST_FAKE_BLKBACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xen/bus/xenbus.h"

enum blkback_lie {
    BLKBACK_HONEST,
    BLKBACK_AHEAD,     /* producer beyond what is outstanding */
    BLKBACK_BACKWARDS, /* producer behind what was taken */
    BLKBACK_TWICE,     /* the same id again */
    BLKBACK_WRONG_ID,  /* an id that is not pending */
    BLKBACK_HUGE_ID,
    BLKBACK_WRONG_OPERATION,
    BLKBACK_SILENT, /* no answer at all */
    BLKBACK_LIES,
};

struct fake_blkback {
    struct xenbus_device *device;
    uint8_t *disk;
    size_t size;
    uint32_t consumed, produced;
    unsigned int slots;   /* of the ring */
    unsigned int at_once; /* requests answered in one turn; 0: all */
    int16_t status;       /* for all answers */
    uint64_t bad_sector;  /* what touches it fails; 0: there is none */
    enum blkback_lie lie;
    unsigned int honest_left; /* answers before the lie */
    unsigned int flushes, barriers, indirect, requests, discards, secure_discards;
    uint32_t in_flight_most;
};

extern struct fake_blkback fake_blkback;

/* A backend's directory as Linux' blkback fills it, with a disk of `sectors` times 512 bytes. */
void fake_blkback_start(struct xenbus_device *device, unsigned int sectors,
                        const char *sector_size);
/* A new connection: the ring starts over. */
void fake_blkback_connect(void);
void fake_blkback_stop(void);
/* The backend's turn: see fake_backend. */
bool fake_blkback_run(void);

#endif
