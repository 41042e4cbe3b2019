/* SPDX-License-Identifier: MIT */
// SRCS: $(TEST_BLKFRONT) $(DRIVER_FAKES) test/unit/fake_blkback.c
// CFLAGS: -include test/unit/ring_hook.h -Wl,--wrap=evtchn_close
/*
 * blkfront with an honest backend: data, names, features, memory that runs out, connections that
 * come and go.
 */
#include "../../blkfront/xenbus.c"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "fake_blkback.h"
#include "xen/evtchn.h"
#include "xen/gnttab.h"
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

void block_contents_replaced(struct block_device *replaced)
{
    CHECK(replaced == block);
}

static void attach(const char *sector_size)
{
    fake_device(&device, &blkfront_driver, "vbd", 51712);
    fake_blkback_start(&device, SECTORS, sector_size);
    CHECK(blkfront_driver.probe(&device) == 0);
}

static void bring_up(void)
{
    /* A backend that was connected closes before it starts over. */
    fake_backend_state(&device, XenbusStateClosed);
    fake_backend_state(&device, XenbusStateInitWait);
    CHECK(device.state == XenbusStateInitialised);
    fake_blkback_connect();
    fake_backend_state(&device, XenbusStateConnected);
    CHECK(device.state == XenbusStateConnected);
    fake_backend = fake_blkback_run;
}

static void nothing_left(void)
{
    CHECK(gnttab_used() == 0);
    CHECK(evtchn_in_use() == 0);
    CHECK(fake_pages == 0);
}

static void detach(void)
{
    fake_backend = NULL;
    blkfront_driver.remove(&device);
    nothing_left();
    fake_blkback_stop();
}

static void check_read(uint64_t offset, size_t length)
{
    uint8_t *buffer = malloc(length);

    memset(buffer, 0xee, length);
    CHECK(block_read(block, offset, buffer, length) == 0);
    CHECK(memcmp(buffer, fake_blkback.disk + offset, length) == 0);
    free(buffer);
}

static void check_write(uint64_t offset, size_t length, uint8_t seed)
{
    uint8_t *buffer = malloc(length);

    for (size_t i = 0; i < length; i++)
        buffer[i] = (uint8_t)(seed + i * 3 + i / 4096);
    CHECK(block_write(block, offset, buffer, length) == 0);
    CHECK(memcmp(buffer, fake_blkback.disk + offset, length) == 0);
    free(buffer);
}

static const size_t lengths[] = {
    512,     4096,    4608, 11 * 4096, 11 * 4096 + 512, 12 * 4096, 64 * 4096, 65 * 4096 + 1024,
    1 << 20, 3 << 20,
};

static void data_goes_both_ways(void)
{
    attach("512");
    bring_up();
    CHECK(strcmp(block->name, "xvda") == 0 && block->size == SECTORS * 512 &&
          block->sector_size == 512);
    CHECK(!block->read_only && fake_settled > 0);
    for (unsigned int i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        check_read(512 * i, lengths[i]);
        check_write(1024 * i, lengths[i], (uint8_t)i);
        check_read(0, lengths[i]);
    }
    CHECK(fake_blkback.indirect > 0);
    CHECK(fake_blkback.in_flight_most > 3);
    detach();
}

static void few_notifications(void)
{
    unsigned int before;

    attach("512");
    bring_up();
    before = fake_notifications(fake_frontend_number(&device, "event-channel"));
    check_read(0, 1 << 20);
    CHECK(fake_notifications(fake_frontend_number(&device, "event-channel")) - before <= 2);
    detach();
}

static unsigned int threads_left;

static void many_transfers(void *argument)
{
    uintptr_t number = (uintptr_t)argument;

    for (unsigned int i = 0; i < 20; i++) {
        check_write(number << 18, 4096 * (1 + (number * 5 + i) % 40), (uint8_t)(number + i));
        check_read(number << 18, 1 << 17);
        thread_yield();
    }
    threads_left--;
}

static void threads_at_once(void)
{
    attach("512");
    fake_memory = 600; /* the smallest pool: threads wait for each other's pages */
    bring_up();
    fake_blkback.at_once = 1;
    threads_left = 16;
    for (uintptr_t i = 0; i < 16; i++)
        thread_create("transfers", many_transfers, (void *)i);
    while (threads_left > 0)
        thread_sleep_until(clock_monotonic() + 1000);
    detach();
}

static void large_sectors(void)
{
    attach("4096");
    bring_up();
    CHECK(block->sector_size == 4096 && block->size == SECTORS * 512);
    check_write(4096, 8 * 4096, 1);
    check_read(0, 20 * 4096);
    detach();
}

static void memory_runs_out(void)
{
    uint8_t buffer[8192];

    attach("512");
    bring_up();
    fake_page_failures = 1;
    CHECK(block_read(block, 0, buffer, sizeof(buffer)) == -ENOMEM);
    check_read(0, 4096);
    fake_page_failures = 1000; /* one page is there by now: it must do */
    check_read(0, 100 * 4096);
    fake_page_failures = 0;
    fake_grants_left = 3;
    check_read(0, 100 * 4096);
    fake_grants_left = -1;
    detach();
}

static void flush_as_offered(void)
{
    attach("512");
    bring_up();
    CHECK(block_flush(block) == 0 && fake_blkback.flushes == 1);
    fake_blkback.status = BLKIF_RSP_ERROR;
    CHECK(block_flush(block) == -EIO);
    fake_blkback.status = BLKIF_RSP_EOPNOTSUPP;
    CHECK(block_flush(block) == -EOPNOTSUPP);
    fake_blkback.status = BLKIF_RSP_OKAY;
    CHECK(block_flush(block) == -EOPNOTSUPP); /* never again */

    fake_backend_node(&device, "feature-flush-cache", "0");
    bring_up();
    CHECK(block_flush(block) == 0 && fake_blkback.barriers == 1);

    fake_backend_node(&device, "feature-barrier", "0");
    bring_up();
    fake_blkback.flushes = fake_blkback.barriers = 0;
    CHECK(block_flush(block) == 0);
    CHECK(fake_blkback.flushes == 0 && fake_blkback.barriers == 0);

    fake_backend_node(&device, "feature-flush-cache", "maybe");
    bring_up();
    CHECK(block_flush(block) == -EOPNOTSUPP);
    fake_backend_node(&device, "info", "4");
    bring_up();
    CHECK(block->read_only && block_flush(block) == 0);
    detach();
}

static void values_are_strict(void)
{
    static const char *const bad[][2] = {
        { "sector-size", "1024" }, { "sector-size", "513" }, { "sector-size", "0" },
        { "sector-size", "512x" }, { "sectors", "-1" },      { "sectors", "18446744073709551615" },
        { "sectors", "" },         { "info", "read-only" },
    };

    for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        attach("512");
        fake_backend_node(&device, bad[i][0], bad[i][1]);
        fake_backend_state(&device, XenbusStateInitWait);
        fake_backend_state(&device, XenbusStateConnected);
        CHECK(device.state == XenbusStateClosed && block == NULL);
        detach();
    }
    CHECK(fake_log_lines == sizeof(bad) / sizeof(bad[0]));
}

/* Each write to xenstore fails in turn: the device is given up and nothing is left over. */
static void half_built(void)
{
    for (unsigned int i = 1; i <= 5; i++) {
        attach("512");
        fake_store_fail_write = i;
        fake_backend_state(&device, XenbusStateInitWait);
        CHECK(device.state == XenbusStateClosed);
        nothing_left();
        fake_backend_state(&device, XenbusStateConnected);
        CHECK(block == NULL);
        detach();
    }
    attach("512");
    fake_backend_state(&device, XenbusStateClosing);
    fake_backend_state(&device, XenbusStateUnknown);
    detach();
    attach("512");
    fake_page_failures = 1;
    fake_backend_state(&device, XenbusStateInitWait);
    CHECK(device.state == XenbusStateClosed);
    detach();
}

static void goes_and_comes_back(void)
{
    uint8_t buffer[512];

    attach("512");
    bring_up();
    check_read(0, 8192);
    fake_backend_state(&device, XenbusStateClosing);
    CHECK(device.state == XenbusStateClosed);
    CHECK(block_read(block, 0, buffer, 512) == -ENODEV);
    CHECK(block_flush(block) == -ENODEV);
    fake_backend = NULL;
    fake_backend_state(&device, XenbusStateClosed);
    nothing_left();
    bring_up();
    check_write(512, 65536, 9);
    detach();
    CHECK(block_read(block, 0, buffer, 512) == -ENODEV);
    attach("512"); /* the same number again: the same disk, smaller */
    fake_backend_node(&device, "sectors", "100");
    bring_up();
    CHECK(block->size == 51200);
    check_read(0, 51200);
    detach();
}

/* The backend still has all pages mapped when the device goes: they are set aside, not freed. */
static void held_pages_are_kept(void)
{
    unsigned int pages;

    attach("512");
    bring_up();
    check_read(0, 1 << 20);
    pages = fake_pages;
    fake_backend_holds = true;
    fake_backend = NULL;
    blkfront_driver.remove(&device);
    CHECK(fake_pages == pages && gnttab_quarantined() == pages && gnttab_used() == 0);
    fake_release_held();
    CHECK(fake_pages == 0);
    fake_blkback_stop();
}

static unsigned int slots(void)
{
    return ((struct blkfront *)block->private_data)->ring.mask + 1;
}

/* What the backend offers and memory allows; and what is to be had, when that is less. */
static void rings_of_many_pages(void)
{
    static const struct {
        const char *offered;
        size_t memory; /* MiB */
        unsigned int slots;
    } cases[] = {
        { "4", 1024, 512 }, { "4", 991, 256 }, { "9", 4096, 512 }, { "2", 4096, 128 },
        { "4", 95, 32 },    { "0", 4096, 32 }, { "x", 4096, 32 },  { "4", 200, 64 },
        { "4", 255, 128 },
    };

    attach("512");
    for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        fake_backend_node(&device, "max-ring-page-order", cases[i].offered);
        fake_memory = cases[i].memory << 8;
        bring_up();
        CHECK(slots() == cases[i].slots && fake_blkback.slots == cases[i].slots);
        check_write(512 * i, 3 << 20, (uint8_t)i);
        check_read(0, 3 << 20);
    }
    fake_memory = 4096 << 8;
    fake_backend_node(&device, "max-ring-page-order", "4");
    fake_page_failures = 2;
    bring_up();
    CHECK(slots() == 128);
    check_read(0, 1 << 20);
    fake_backend_state(&device, XenbusStateClosed);
    fake_grants_left = 5;
    bring_up();
    CHECK(slots() == 128 && fake_grants_left == 1);
    fake_grants_left = -1;
    fake_backend_holds = true; /* each page of the ring is set aside by itself */
    fake_backend = NULL;
    fake_backend_state(&device, XenbusStateClosed);
    CHECK(gnttab_used() == 0 && fake_pages == gnttab_quarantined() && fake_pages >= 4);
    fake_release_held();
    bring_up();
    detach();
}

#define REQUESTS 600u

static struct block_request requests[REQUESTS];
static struct iovec vectors[REQUESTS][3];
static unsigned int finished, again;

static void request_done(struct block_request *request)
{
    unsigned int *count = request->argument;

    ++*count;
    if (again > 0) {
        again--;
        block_submit(block, request);
    }
}

/* In three parts, none of which is a page. */
static void make_request(unsigned int i, enum block_operation operation, uint64_t offset,
                         uint8_t *data, size_t length)
{
    size_t part = length / 3 / 512 * 512;

    for (unsigned int j = 0; j < 3; j++)
        vectors[i][j] = (struct iovec){ data + j * part, j < 2 ? part : length - 2 * part };
    requests[i] = (struct block_request){
        .operation = operation, .offset = offset, .length = length, .vector = vectors[i],
        .done = request_done, .argument = &finished, .result = 77,
    };
}

static void wait_finished(unsigned int count)
{
    for (unsigned int i = 0; finished < count; i++) {
        CHECK(i < 100000);
        thread_sleep_until(clock_monotonic() + 1000);
    }
    for (unsigned int i = 0; i < count; i++)
        CHECK(requests[i].result == 0);
    CHECK(finished == count);
}

/* Many at once, a few of them read backwards: fewer transfers than requests, and all data. */
static void neighbours_merge(void)
{
    uint8_t *data = malloc(REQUESTS * 4096);
    const struct block_statistics *done;
    unsigned int before;

    attach("512");
    fake_backend_node(&device, "max-ring-page-order", "2");
    fake_memory = 256 << 8;
    bring_up();
    done = &block->statistics;
    for (unsigned int i = 0; i < REQUESTS * 4096; i++)
        data[i] = (uint8_t)(i * 31 + i / 4096);
    finished = 0;
    before = fake_blkback.requests;
    block_plug(block);
    for (unsigned int i = 0; i < REQUESTS; i++) {
        make_request(i, BLOCK_WRITE, 4096 * i, data + 4096 * i, 4096);
        block_submit(block, &requests[i]);
    }
    CHECK(finished == 0);
    thread_sleep_until(clock_monotonic() + 1000);
    CHECK(fake_blkback.requests == before);
    block_unplug(block);
    wait_finished(REQUESTS);
    CHECK(fake_blkback.requests - before == (REQUESTS + 63) / 64);
    CHECK(done->requests[BLOCK_WRITE] == REQUESTS && done->bytes[BLOCK_WRITE] == REQUESTS * 4096);
    CHECK(done->transfers == (REQUESTS + 63) / 64 && done->merged == REQUESTS - done->transfers);
    CHECK(memcmp(data, fake_blkback.disk, REQUESTS * 4096) == 0);

    memset(data, 0, REQUESTS * 4096);
    finished = 0;
    block_plug(block);
    for (unsigned int i = 0; i < 16; i++) {
        unsigned int place = 15 - i;

        make_request(i, BLOCK_READ, 1536 * place, data + 1536 * place, 1536);
        block_submit(block, &requests[i]);
    }
    block_unplug(block);
    wait_finished(16);
    CHECK(done->transfers == (REQUESTS + 63) / 64 + 1);
    CHECK(memcmp(data, fake_blkback.disk, 16 * 1536) == 0);
    free(data);
    detach();
}

/* More than the ring holds, of all sizes, in no order, and again from `done` itself. */
static void many_at_once(void)
{
    uint8_t *data = malloc(REQUESTS << 15);

    attach("512");
    bring_up();
    fake_blkback.at_once = 3;
    finished = 0;
    again = 500;
    for (unsigned int i = 0; i < REQUESTS; i++) {
        uint64_t offset = 512 * (uint64_t)fake_random(SECTORS - 64);

        make_request(i, BLOCK_READ, offset, data + (i << 15), 1536 + 512 * fake_random(60));
        block_submit(block, &requests[i]);
    }
    while (finished < REQUESTS + 500)
        thread_sleep_until(clock_monotonic() + 1000);
    for (unsigned int i = 0; i < REQUESTS; i++)
        CHECK(requests[i].result == 0 && memcmp(data + (i << 15), fake_blkback.disk +
                                                requests[i].offset, requests[i].length) == 0);
    CHECK(finished == REQUESTS + 500 && block->statistics.errors == 0);
    CHECK(fake_blkback.in_flight_most == 32);
    free(data);
    detach();
}

static bool small_passed;

static void small_done(struct block_request *request)
{
    (void)request;
    small_passed = finished == 0;
}

/* A small request is not held up by all of a large one; a call while plugged does not hang. */
static void small_ones_pass(void)
{
    static uint8_t large[4 << 20], small[512];

    attach("512");
    fake_memory = 600;
    bring_up();
    fake_blkback.at_once = 1;
    finished = 0;
    make_request(0, BLOCK_READ, 0, large, sizeof(large));
    block_submit(block, &requests[0]);
    make_request(1, BLOCK_READ, 0, small, sizeof(small));
    requests[1].done = small_done;
    block_submit(block, &requests[1]);
    wait_finished(1);
    CHECK(small_passed);
    CHECK(memcmp(large, fake_blkback.disk, sizeof(large)) == 0);
    block_plug(block);
    check_read(512, 4096);
    block_unplug(block);
    detach();
}

static void errors_reach_all(void)
{
    static uint8_t data[8 * 4096];

    attach("512");
    bring_up();
    fake_blkback.status = BLKIF_RSP_ERROR;
    finished = 0;
    block_plug(block);
    for (unsigned int i = 0; i < 8; i++) {
        make_request(i, BLOCK_READ, 4096 * i, data + 4096 * i, 4096);
        block_submit(block, &requests[i]);
    }
    block_unplug(block);
    while (finished < 8)
        thread_sleep_until(clock_monotonic() + 1000);
    for (unsigned int i = 0; i < 8; i++)
        CHECK(requests[i].result == -EIO);
    CHECK(block->statistics.errors == 8);
    fake_blkback.status = BLKIF_RSP_OKAY;

    /* Wrong from the start, and a disk that goes with a full queue. */
    finished = 0;
    make_request(0, BLOCK_READ, 4096 * SECTORS, data, 4096);
    block_submit(block, &requests[0]);
    make_request(1, BLOCK_WRITE, 1, data, 4096);
    block_submit(block, &requests[1]);
    CHECK(finished == 2 && requests[0].result == -ENXIO && requests[1].result == -EINVAL);
    fake_backend = NULL;
    for (unsigned int i = 0; i < 100; i++) {
        make_request(i, BLOCK_READ, 8192 * i, data, 4096);
        block_submit(block, &requests[i]);
    }
    CHECK(finished == 2);
    fake_backend_state(&device, XenbusStateClosing);
    CHECK(finished == 102);
    for (unsigned int i = 0; i < 100; i++)
        CHECK(requests[i].result == (i < 32 ? -EIO : -ENODEV));
    detach();
}

static void discards(void)
{
    uint8_t *disk;

    attach("512");
    bring_up();
    CHECK(block_discard(block, 0, 4096, false) == -EOPNOTSUPP);
    fake_backend_node(&device, "feature-discard", "1");
    bring_up();
    CHECK(block->discard_granularity == 512 && !block->discard_secure);
    CHECK(block_discard(block, 0, 4096, true) == -EOPNOTSUPP);
    fake_backend_node(&device, "discard-granularity", "65536");
    fake_backend_node(&device, "discard-alignment", "4096");
    fake_backend_node(&device, "discard-secure", "1");
    bring_up();
    CHECK(block->discard_granularity == 65536 && block->discard_alignment == 4096);
    disk = fake_blkback.disk;
    memset(disk, 0x77, fake_blkback.size);
    CHECK(block_discard(block, 512, (1 << 20) - 512, false) == 0 && fake_blkback.discards == 1);
    CHECK(disk[511] != 0 && disk[512] == 0 && disk[(1 << 20) - 1] == 0 && disk[1 << 20] != 0);
    CHECK(block_discard(block, 1 << 20, 512, true) == 0 && fake_blkback.secure_discards == 1);
    CHECK(block_discard(block, 4096 * 1024, 512, false) == -ENXIO);
    CHECK(block_discard(block, 100, 512, false) == -EINVAL);
    fake_blkback.status = BLKIF_RSP_ERROR;
    CHECK(block_discard(block, 0, 512, false) == -EIO);
    fake_blkback.status = BLKIF_RSP_EOPNOTSUPP;
    CHECK(block_discard(block, 0, 512, false) == -EOPNOTSUPP);
    fake_blkback.status = BLKIF_RSP_OKAY;
    CHECK(block_discard(block, 0, 512, false) == -EOPNOTSUPP && fake_blkback.discards == 4);
    fake_backend_node(&device, "info", "4");
    bring_up();
    CHECK(block_discard(block, 0, 512, false) == -EROFS);
    detach();
}

static void properties(void)
{
    uint8_t buffer[512];

    attach("512");
    bring_up();
    CHECK(block->physical_sector_size == 512 && !block->cdrom && !block->removable);
    fake_backend_node(&device, "physical-sector-size", "4096");
    fake_backend_node(&device, "info", "7");
    bring_up();
    CHECK(block->physical_sector_size == 4096 && block->cdrom && block->removable &&
          block->read_only);
    fake_backend_node(&device, "physical-sector-size", "99999999999");
    fake_backend_node(&device, "info", "2");
    fake_backend_node(&device, "sectors", "0");
    bring_up();
    CHECK(block->physical_sector_size == 512 && !block->cdrom && block->removable);
    CHECK(block->size == 0 && block_read(block, 0, buffer, 512) == -ENXIO);
    CHECK(block_read(block, 0, buffer, 0) == 0 && block_flush(block) == 0);
    detach();
}

static uint64_t changed_from;

static void changed(struct block_device *device_, uint64_t offset, uint64_t length)
{
    CHECK(device_ == block && length == UINT64_MAX);
    changed_from = offset;
}

static void resized(const char *sectors)
{
    fake_backend_node(&device, "sectors", sectors);
    blkfront_driver.backend_again(&device);
}

/* The backend changes the size while the disk is in use. */
static void resizes(void)
{
    static uint8_t data[4096];

    attach("512");
    fake_backend_node(&device, "sectors", "105");
    bring_up();
    block->changed = changed;
    fake_log_lines = 0;
    resized("105");
    CHECK(fake_log_lines == 0 && changed_from == 0);
    resized("8192");
    CHECK(fake_log_lines == 1 && block->size == 8192 * 512 && changed_from == 105 * 512 / 4096 * 4096);
    check_read(4096 * 1024 - 512, 512);

    /* What was queued for the end that is gone is not asked for. */
    fake_backend = NULL;
    finished = 0;
    for (unsigned int i = 0; i < 40; i++) {
        make_request(i, BLOCK_READ, i == 39 ? 4096 * 1023 : 8192 * i, data, 4096);
        block_submit(block, &requests[i]);
    }
    resized("8191");
    fake_backend = fake_blkback_run;
    while (finished < 40)
        thread_sleep_until(clock_monotonic() + 1000);
    CHECK(requests[38].result == 0 && requests[39].result == -ENXIO);
    CHECK(block_read(block, 4096 * 1023, data, 4096) == -ENXIO);
    CHECK(changed_from == 4096 * 1023);

    resized("-1");
    resized("99999999999999999999");
    CHECK(fake_log_lines == 2 && block->size == 8191 * 512);
    fake_backend_state(&device, XenbusStateClosing);
    resized("100");
    CHECK(block->size == 8191 * 512);
    detach();
}

/* A line for each change, and no flood of them. */
static void size_flips(void)
{
    attach("512");
    bring_up();
    fake_log_lines = 0;
    for (unsigned int i = 0; i < 1000; i++)
        resized(i & 1 ? "8192" : "8191");
    CHECK(block->size == 8192 * 512);
    CHECK(fake_log_lines >= LOG_LIMIT_LINES - 1 && fake_log_lines <= LOG_LIMIT_LINES);
    detach();
}

static void names(void **state)
{
    static const struct {
        unsigned int id;
        const char *name;
    } cases[] = {
        { 51712, "xvda" },
        { 51713, "xvda1" },
        { 51728, "xvdb" },
        { 51952, "xvdp" },
        { 2048, "sda" },
        { 2065, "sdb1" },
        { 768, "hda" },
        { 832, "hdb" },
        { 5632, "hdc" },
        { 5697, "hdd1" },
        { 1u << 28, "xvda" },
        { (1u << 28) | 16 << 8, "xvdq" },
        { (1u << 28) | 26 << 8 | 3, "xvdaa3" },
        { (1u << 28) | 702 << 8, "xvdaaa" },
        { (1u << 29) - 1, "xvdbgqcv255" },
        { 7, "vbd7" },
        { 0xffffffff, "vbd4294967295" },
        { 900, "vbd900" },
    };
    char name[16];

    (void)state;
    for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        blkfront_name(name, sizeof(name), cases[i].id);
        assert_string_equal(name, cases[i].name);
    }
}

#define ISOLATED(body)                    \
    static void test_##body(void **state) \
    {                                     \
        (void)state;                      \
        fake_isolated(body);              \
    }
ISOLATED(data_goes_both_ways)
ISOLATED(few_notifications)
ISOLATED(threads_at_once)
ISOLATED(large_sectors)
ISOLATED(memory_runs_out)
ISOLATED(flush_as_offered)
ISOLATED(values_are_strict)
ISOLATED(half_built)
ISOLATED(goes_and_comes_back)
ISOLATED(held_pages_are_kept)
ISOLATED(rings_of_many_pages)
ISOLATED(neighbours_merge)
ISOLATED(many_at_once)
ISOLATED(small_ones_pass)
ISOLATED(errors_reach_all)
ISOLATED(discards)
ISOLATED(properties)
ISOLATED(resizes)
ISOLATED(size_flips)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_data_goes_both_ways), cmocka_unit_test(test_few_notifications),
        cmocka_unit_test(test_threads_at_once),     cmocka_unit_test(test_large_sectors),
        cmocka_unit_test(test_memory_runs_out),     cmocka_unit_test(test_flush_as_offered),
        cmocka_unit_test(test_values_are_strict),   cmocka_unit_test(test_half_built),
        cmocka_unit_test(test_goes_and_comes_back), cmocka_unit_test(test_held_pages_are_kept),
        cmocka_unit_test(test_rings_of_many_pages), cmocka_unit_test(test_neighbours_merge),
        cmocka_unit_test(test_many_at_once),        cmocka_unit_test(test_small_ones_pass),
        cmocka_unit_test(test_errors_reach_all),    cmocka_unit_test(test_discards),
        cmocka_unit_test(test_properties),          cmocka_unit_test(test_resizes),
        cmocka_unit_test(test_size_flips),
        cmocka_unit_test(names),
    };

    return cmocka_run_group_tests_name("blkfront_transfer", tests, NULL, NULL);
}
