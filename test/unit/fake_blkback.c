/* SPDX-License-Identifier: MIT */
/*
 * A block backend in memory: see fake_blkback.h.
 */
#include "fake_blkback.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xen-abi/io/blkif.h>

#include "xen/bus/xenstore.h"
#include "xen_driver_fakes.h"
#include "xen_fakes.h"

#define SLOTS_MAX 512u

struct fake_blkback fake_blkback;

/* The ring's first page; with several, they lie side by side. */
static struct blkif_sring *ring(void)
{
    return fake_grant_page(fake_frontend_number(fake_blkback.device, "ring-ref"), true);
}

/* How the ring was offered, by the rules of <xen-abi/io/blkif.h>. */
static void read_ring(void)
{
    uint8_t *first = (uint8_t *)ring();
    uint64_t order;
    char name[24];

    fake_blkback.slots = 32;
    if (xenstore_read_number(XENSTORE_NONE, fake_blkback.device->node, "ring-page-order", 0, 4,
                             &order) != 0)
        return;
    fake_blkback.slots <<= order;
    for (unsigned int i = 0; i < 1u << order; i++) {
        snprintf(name, sizeof(name), "ring-ref%u", i);
        CHECK(fake_grant_page(fake_frontend_number(fake_blkback.device, name), true) ==
              first + 4096 * i);
    }
}

void fake_blkback_start(struct xenbus_device *device, unsigned int sectors, const char *sector_size)
{
    char text[32];

    memset(&fake_blkback, 0, sizeof(fake_blkback));
    fake_blkback.device = device;
    fake_blkback.size = (size_t)sectors * 512;
    fake_blkback.disk = malloc(fake_blkback.size + 1);
    for (size_t i = 0; i < fake_blkback.size; i++)
        fake_blkback.disk[i] = (uint8_t)(i * 7 + i / 512 * 13);
    snprintf(text, sizeof(text), "%u", sectors);
    fake_backend_node(device, "sectors", text);
    fake_backend_node(device, "sector-size", sector_size);
    fake_backend_node(device, "info", "0");
    fake_backend_node(device, "feature-flush-cache", "1");
    fake_backend_node(device, "feature-barrier", "1");
    fake_backend_node(device, "feature-persistent", "1");
    fake_backend_node(device, "feature-max-indirect-segments", "64");
}

void fake_blkback_connect(void)
{
    fake_blkback.consumed = fake_blkback.produced = 0;
    read_ring();
}

void fake_blkback_stop(void)
{
    free(fake_blkback.disk);
    fake_blkback.disk = NULL;
}

static bool touches_bad;

static void move_data(uint8_t operation, uint64_t sector,
                      const struct blkif_request_segment *segments, unsigned int count)
{
    size_t offset = sector * 512;
    uint64_t bad = fake_blkback.bad_sector;

    for (unsigned int i = 0; i < count; i++) {
        uint8_t *page = fake_grant_page(segments[i].gref, true);
        size_t length = (segments[i].last_sect - segments[i].first_sect + 1u) * 512;

        CHECK(page != NULL && segments[i].first_sect <= segments[i].last_sect &&
              segments[i].last_sect < 8);
        CHECK(offset + length <= fake_blkback.size);
        page += segments[i].first_sect * 512;
        if (operation == BLKIF_OP_READ)
            memcpy(page, fake_blkback.disk + offset, length);
        else
            memcpy(fake_blkback.disk + offset, page, length);
        offset += length;
    }
    touches_bad = bad != 0 && bad >= sector && bad < offset / 512;
}

static void discard(const struct blkif_request_discard *request)
{
    CHECK((request->sector_number + request->nr_sectors) * 512 <= fake_blkback.size);
    CHECK(request->handle == fake_blkback.device->id && request->nr_sectors > 0);
    memset(fake_blkback.disk + request->sector_number * 512, 0, request->nr_sectors * 512);
    fake_blkback.discards++;
    fake_blkback.secure_discards += (request->flag & BLKIF_DISCARD_SECURE) != 0;
}

/* Do what is asked; the operation that the response names. */
static uint8_t perform(const union blkif_sring_entry *entry)
{
    const struct blkif_request *request = &entry->req;
    const struct blkif_request_indirect *indirect = (const void *)&entry->req;

    fake_blkback.requests++;
    switch (request->operation) {
    case BLKIF_OP_FLUSH_DISKCACHE:
        CHECK(request->nr_segments == 0);
        fake_blkback.flushes++;
        return request->operation;
    case BLKIF_OP_WRITE_BARRIER:
        CHECK(request->nr_segments == 0);
        fake_blkback.barriers++;
        return request->operation;
    case BLKIF_OP_DISCARD:
        discard((const void *)&entry->req);
        return request->operation;
    case BLKIF_OP_INDIRECT:
        fake_blkback.indirect++;
        CHECK(indirect->nr_segments > 0 && indirect->nr_segments <= 512);
        CHECK(indirect->handle == fake_blkback.device->id);
        CHECK(fake_grant_page(indirect->indirect_grefs[0], false) != NULL);
        move_data(indirect->indirect_op, indirect->sector_number,
                  fake_grant_page(indirect->indirect_grefs[0], false), indirect->nr_segments);
        return indirect->indirect_op;
    default:
        CHECK(request->operation == BLKIF_OP_READ || request->operation == BLKIF_OP_WRITE);
        CHECK(request->nr_segments > 0 && request->nr_segments <= BLKIF_MAX_SEGMENTS_PER_REQUEST);
        CHECK(request->handle == fake_blkback.device->id);
        move_data(request->operation, request->sector_number, request->seg, request->nr_segments);
        return request->operation;
    }
}

static void respond(uint64_t id, uint8_t operation)
{
    struct blkif_response *response =
        &ring()->ring[fake_blkback.produced++ % fake_blkback.slots].rsp;

    response->id = id;
    response->operation = operation;
    response->status = touches_bad ? BLKIF_RSP_ERROR : fake_blkback.status;
    touches_bad = false;
}

static void respond_with_lie(uint64_t id, uint8_t operation)
{
    switch (fake_blkback.lie) {
    case BLKBACK_AHEAD:
        respond(id, operation);
        fake_blkback.produced += fake_blkback.slots;
        break;
    case BLKBACK_BACKWARDS:
        fake_blkback.produced -= 2;
        break;
    case BLKBACK_TWICE:
        respond(id, operation);
        respond(id, operation);
        break;
    case BLKBACK_WRONG_ID:
        respond(id ^ 16, operation);
        break;
    case BLKBACK_HUGE_ID:
        respond(id + (1ull << 32), operation);
        break;
    case BLKBACK_WRONG_OPERATION:
        respond(id, operation ^ 1);
        break;
    default:
        break;
    }
}

static void answer(const union blkif_sring_entry *entry)
{
    uint8_t operation = perform(entry);
    bool lie = fake_blkback.lie != BLKBACK_HONEST && fake_blkback.honest_left == 0;

    uint64_t id = entry->req.operation == BLKIF_OP_DISCARD
                      ? ((const struct blkif_request_discard *)&entry->req)->id
                      : entry->req.id;

    if (lie)
        respond_with_lie(id, operation);
    else
        respond(id, operation);
    if (fake_blkback.honest_left > 0)
        fake_blkback.honest_left--;
}

bool fake_blkback_run(void)
{
    struct blkif_sring *shared = ring();
    uint32_t before = fake_blkback.produced;
    union blkif_sring_entry taken[SLOTS_MAX];
    unsigned int done = 0;

    CHECK(shared != NULL);
    if (shared->req_prod - fake_blkback.consumed > fake_blkback.in_flight_most)
        fake_blkback.in_flight_most = shared->req_prod - fake_blkback.consumed;
    CHECK(shared->req_prod - fake_blkback.consumed <= fake_blkback.slots);
    /* A lie may write over requests that are yet to be read: take them all first. */
    while (fake_blkback.consumed != shared->req_prod &&
           (fake_blkback.at_once == 0 || done < fake_blkback.at_once))
        taken[done++] = shared->ring[fake_blkback.consumed++ % fake_blkback.slots];
    for (unsigned int i = 0; i < done; i++)
        answer(&taken[i]);
    shared->rsp_prod = fake_blkback.produced;
    shared->req_event = fake_blkback.consumed + 1;
    if (fake_blkback.produced - shared->rsp_event < fake_blkback.produced - before)
        fake_event(fake_frontend_number(fake_blkback.device, "event-channel"));
    return done > 0;
}
