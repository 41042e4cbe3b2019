/* SPDX-License-Identifier: MIT */
// SRCS: $(TEST_BLKFRONT) $(DRIVER_FAKES) test/unit/fake_blkback.c
// CFLAGS: -include test/unit/ring_hook.h -Wl,--wrap=evtchn_close
/*
 * blkfront with an honest backend: what it reads of a disk, the size of the ring, names, connections
 * that come and go, a size that changes.
 */
#include "blkfront_user.h"

#include "../../xen/bus/xenbus_internal.h"

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
    nothing_left();
    CHECK(device.state == XenbusStateInitialising && block == NULL);
    CHECK(fake_timers_run(SECONDS(1)) == 1 &&
          fake_again == 1); /* tried again when that has passed */
    xenbus_handshake(&device);
    CHECK(device.state == XenbusStateInitialised && fake_timer_next() == UINT64_MAX);
    detach();
}

/* xenstore is late with a write: the step is taken again, and the connection is as any other. */
static void late_store(void)
{
    for (unsigned int i = 1; i <= 5; i++) {
        attach("512");
        fake_store_error = -ETIMEDOUT;
        fake_log_lines = 0;
        fake_store_fail_write = i;
        fake_backend_state(&device, XenbusStateInitWait);
        CHECK(device.state == XenbusStateInitialising && device.unfinished && fake_log_lines == 0);
        fake_backend_state(&device, XenbusStateInitWait);
        CHECK(device.state == XenbusStateInitialised && !device.unfinished);
        meet_backend();
        check_read(0, 8192);
        detach();
    }
}

static void ignore_event(void *unused)
{
    (void)unused;
}

/* All ports are in use: the device is given up, nothing is kept; with a port it works. */
static void without_a_port(void)
{
    int taken[64], count = 0;

    attach("512");
    while (count < 64 && (taken[count] = evtchn_alloc_unbound(0, ignore_event, NULL)) >= 0)
        count++;
    CHECK(count > 0 && count < 64 && taken[count] == -ENOSPC);
    fake_backend_state(&device, XenbusStateInitWait);
    CHECK(device.state == XenbusStateClosed && block == NULL && fake_log_lines == 1);
    CHECK(gnttab_used() == 0 && fake_pages == 0);
    while (count > 0)
        evtchn_close(taken[--count]);
    nothing_left();
    bring_up();
    check_read(0, 8192);
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
    CHECK(replacements == 1 && block->generation == 0); /* it may be another disk */
    check_write(512, 65536, 9);
    CHECK(block->kept_pages == ((struct blkfront *)block->private_data)->pool.count);
    CHECK(block->kept_pages >= 65536 / 4096);
    detach();
    CHECK(block->kept_pages == 0);
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

/* As many as the backend takes and memory admits; where it takes none, what a request itself holds. */
static void segments_of_a_request(void)
{
    static const struct {
        const char *offered;
        size_t memory; /* MiB */
        unsigned int segments;
    } cases[] = {
        { "256", 1024, 256 }, { "100000", 1024, 263 }, { "256", 16, 72 }, { "32", 16, 32 },
        { "256", 1, 11 },     { "0", 1024, 11 },       { "x", 1024, 11 },
    };

    attach("512");
    for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        fake_backend_node(&device, "feature-max-indirect-segments", cases[i].offered);
        fake_memory = cases[i].memory << 8;
        bring_up();
        CHECK(((struct blkfront *)block->private_data)->segments == cases[i].segments);
        check_write(512 * i, 3 << 20, (uint8_t)i);
        check_read(0, 3 << 20);
    }
    detach();
}

/* `xl mem-set` while the disk is connected: its pool follows. */
static void the_pool_grows_with_memory(void)
{
    const struct blkfront_pool *pool;

    attach("512");
    fake_memory = 600;
    bring_up();
    pool = &((struct blkfront *)block->private_data)->pool;
    check_write(0, 3 << 20, 7);
    CHECK(pool->count == 42); /* a fourteenth */
    fake_memory = 4096;
    check_write(0, 3 << 20, 8);
    check_read(0, 3 << 20);
    CHECK(pool->count > 250 && pool->count <= 292);
    fake_memory = 600;
    check_write(0, 3 << 20, 9);
    check_read(0, 3 << 20);
    detach();
    fake_memory = 65536;
}

/* Nothing is left but what may be drawn on to get memory back: the disk can still be written. */
static void the_first_page_is_to_be_had(void)
{
    const struct blkfront_pool *pool;

    attach("512");
    bring_up();
    pool = &((struct blkfront *)block->private_data)->pool;
    fake_only_critical = true;
    check_write(0, 1 << 20, 7);
    CHECK(pool->count == 1);
    fake_only_critical = false;
    check_read(0, 1 << 20);
    CHECK(pool->count > 1);
    detach();
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
        { "4", 1024, 512 }, { "4", 991, 256 }, { "9", 4096, 512 },
        { "2", 4096, 128 }, { "4", 95, 32 },   { "0", 4096, 32 },
        { "x", 4096, 32 },  { "4", 200, 64 },  { "4", 255, 128 },
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

static unsigned int times_gone;

static void replaced(struct block_device *device_, bool lost)
{
    CHECK(device_ == block && !lost);
    times_gone++;
}

static const struct block_watcher watcher = { .changed = changed, .replaced = replaced };

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
    block->watcher = &watcher;
    fake_log_lines = 0;
    resized("105");
    CHECK(fake_log_lines == 0 && changed_from == 0);
    resized("8192");
    CHECK(fake_log_lines == 1 && block->size == 8192 * 512 &&
          changed_from == 105 * 512 / 4096 * 4096);
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

    fake_store_error = -ETIMEDOUT; /* xenstore is late: xenbus has it asked again */
    fake_store_fail_read = 1;
    fake_backend_node(&device, "sectors", "8190");
    CHECK(blkfront_driver.backend_again(&device) == -ETIMEDOUT && block->size == 8191 * 512);
    fake_backend_node(&device, "sectors", "8191");
    CHECK(blkfront_driver.backend_again(&device) == 0);

    resized("-1");
    resized("99999999999999999999");
    CHECK(fake_log_lines == 2 && block->size == 8191 * 512);
    times_gone = 0;
    fake_backend_state(&device, XenbusStateClosing);
    resized("100");
    CHECK(block->size == 8191 * 512);
    detach();
    CHECK(times_gone == 1); /* who has pages of it is told */
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

ISOLATED(values_are_strict)
ISOLATED(half_built)
ISOLATED(late_store)
ISOLATED(without_a_port)
ISOLATED(goes_and_comes_back)
ISOLATED(held_pages_are_kept)
ISOLATED(segments_of_a_request)
ISOLATED(the_pool_grows_with_memory)
ISOLATED(the_first_page_is_to_be_had)
ISOLATED(rings_of_many_pages)
ISOLATED(properties)
ISOLATED(resizes)
ISOLATED(size_flips)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_are_strict),
        cmocka_unit_test(test_half_built),
        cmocka_unit_test(test_late_store),
        cmocka_unit_test(test_without_a_port),
        cmocka_unit_test(test_goes_and_comes_back),
        cmocka_unit_test(test_held_pages_are_kept),
        cmocka_unit_test(test_segments_of_a_request),
        cmocka_unit_test(test_the_pool_grows_with_memory),
        cmocka_unit_test(test_the_first_page_is_to_be_had),
        cmocka_unit_test(test_rings_of_many_pages),
        cmocka_unit_test(test_properties),
        cmocka_unit_test(test_resizes),
        cmocka_unit_test(test_size_flips),
        cmocka_unit_test(names),
    };

    return cmocka_run_group_tests_name("blkfront_life", tests, NULL, NULL);
}
