/* SPDX-License-Identifier: MIT */
/*
 * For blkfront's tests: one disk, what registers it, and requests. Includes the driver's handshake,
 * whose functions are not for others.
 */
#ifndef TEST_BLKFRONT_USER_H
#define TEST_BLKFRONT_USER_H

#include "../../blkfront/xenbus.c"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "fake_blkback.h"
#include "xen/evtchn.h"
#include "xen/bus/gnttab.h"
#include "xen_driver_fakes.h"
#include "xen_fakes.h"

#define SECTORS 8192u

static struct xenbus_device device;
static struct block_device *block;

int block_register(struct block_device *registered)
{
    CHECK(block == NULL);
    block = registered;
    return 0;
}

void block_expect(struct block_device *expected)
{
    CHECK(block == NULL && strcmp(expected->name, "xvda") == 0);
}

void block_expect_no_more(struct block_device *expected)
{
    CHECK(block == NULL && strcmp(expected->name, "xvda") == 0);
}

static unsigned int replacements; /* of the disk's contents */

void block_contents_replaced(struct block_device *replaced)
{
    CHECK(replaced == block);
    replacements++;
}

static inline void attach(const char *sector_size)
{
    fake_device(&device, &blkfront_driver, "vbd", 51712);
    fake_blkback_start(&device, SECTORS, sector_size);
    CHECK(blkfront_driver.probe(&device) == 0);
}

static inline void meet_backend(void)
{
    fake_backend_state(&device, XenbusStateInitWait);
    CHECK(device.state == XenbusStateInitialised);
    fake_blkback_connect();
    fake_backend_state(&device, XenbusStateConnected);
    CHECK(device.state == XenbusStateConnected);
    fake_backend = fake_blkback_run;
}

/* Attached, if it is not. */
static inline void bring_up(void)
{
    if (device.driver == NULL)
        attach("512");
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
    fake_backend = NULL;
    blkfront_driver.remove(&device);
    nothing_left();
    fake_blkback_stop();
    device.driver = NULL;
}

static inline void check_read(uint64_t offset, size_t length)
{
    uint8_t *buffer = malloc(length);

    memset(buffer, 0xee, length);
    CHECK(block_read(block, offset, buffer, length) == 0);
    CHECK(memcmp(buffer, fake_blkback.disk + offset, length) == 0);
    free(buffer);
}

static inline void check_write(uint64_t offset, size_t length, uint8_t seed)
{
    uint8_t *buffer = malloc(length);

    for (size_t i = 0; i < length; i++)
        buffer[i] = (uint8_t)(seed + i * 3 + i / 4096);
    CHECK(block_write(block, offset, buffer, length) == 0);
    CHECK(memcmp(buffer, fake_blkback.disk + offset, length) == 0);
    free(buffer);
}

/* Many requests at a time; `finished` counts those that are done. */
#define REQUESTS 600u

static struct block_request requests[REQUESTS];
static struct iovec vectors[REQUESTS][3];
static unsigned int finished, again; /* `again`: submitted once more when they are done */

static inline void request_done(struct block_request *request)
{
    unsigned int *count = request->argument;

    ++*count;
    if (again > 0) {
        again--;
        block_submit(block, request);
    }
}

/* In three parts, none of which is a page. */
static inline void make_request(unsigned int i, enum block_operation operation, uint64_t offset,
                                uint8_t *data, size_t length)
{
    size_t part = length / 3 / 512 * 512;

    for (unsigned int j = 0; j < 3; j++)
        vectors[i][j] = (struct iovec){ data + j * part, j < 2 ? part : length - 2 * part };
    requests[i] = (struct block_request){
        .operation = operation,
        .offset = offset,
        .length = length,
        .vector = vectors[i],
        .done = request_done,
        .argument = &finished,
        .result = 77,
    };
}

static inline void wait_finished(unsigned int count)
{
    for (unsigned int i = 0; finished < count; i++) {
        CHECK(i < 100000);
        thread_sleep_until(clock_monotonic() + 1000);
    }
    for (unsigned int i = 0; i < count; i++)
        CHECK(requests[i].result == 0);
    CHECK(finished == count);
}

#endif
