/* SPDX-License-Identifier: MIT */
/* Discards of large disks: the steps, between which others are served, and a disk that goes. */
// SRCS: lib/block/request.c test/unit/xen_fakes.c
#include "lib/block/blockdev.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "xen_fakes.h"

#define TERABYTE (1ull << 40)

static struct block_request *pending;
static unsigned int steps, fails_at;
static uint64_t next_offset, longest, told;

static void submit(struct block_device *device, struct block_request *request)
{
    CHECK(pending == NULL && request->offset == next_offset && device->plugged == 0);
    next_offset += request->length;
    longest = request->length > longest ? request->length : longest;
    steps++;
    pending = request;
}

static const struct block_operations operations = { .submit = submit };

static void changed(struct block_device *device, uint64_t offset, uint64_t length)
{
    (void)device;
    CHECK(offset == told);
    told += length;
}

static const struct block_watcher watcher = { .changed = changed };

static struct block_device disk = {
    .name = "xvda",
    .size = 8 * TERABYTE,
    .sector_size = 512,
    .discard_granularity = 512,
    .operations = &operations,
    .watcher = &watcher,
};

static bool answer(void)
{
    struct block_request *request = pending;

    if (request == NULL)
        return false;
    pending = NULL;
    block_finish(&disk, request, fails_at == steps ? -ENODEV : 0);
    return true;
}

static int discard(uint64_t offset, uint64_t length)
{
    steps = 0;
    longest = 0;
    next_offset = told = offset;
    return block_discard(&disk, offset, length, false);
}

static void in_steps(void)
{
    fake_backend = answer;
    CHECK(discard(512, 4 * TERABYTE) == 0);
    CHECK(steps == 4097 && longest == 1 << 30 && next_offset == 4 * TERABYTE + 512);
    CHECK(told == next_offset);
    CHECK(discard(4096, 1 << 30) == 0 && steps == 1);
    CHECK(discard(0, 0) == 0 && steps == 0);
}

/* No step ends within a granule. */
static void granules(void)
{
    static const struct {
        uint32_t granularity, alignment;
    } cases[] = { { 4096, 0 }, { 3 << 20, 0 }, { 3 << 20, 1 << 20 }, { 1u << 31, 4096 } };

    fake_backend = answer;
    for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint64_t first;

        disk.discard_granularity = cases[i].granularity;
        disk.discard_alignment = cases[i].alignment;
        fails_at = 1; /* the first step alone: its end is where another begins */
        CHECK(discard(1 << 20, 5ull << 30) == -ENODEV && steps == 1);
        first = next_offset;
        CHECK((first - cases[i].alignment) % cases[i].granularity == 0);
        fails_at = 0;
        CHECK(discard(first, 5ull << 30) == 0);
        CHECK(longest % cases[i].granularity == 0 && longest >= 1 << 29);
    }
    CHECK(discard(4096, 3ull << 29) == 0 && steps == 1 && next_offset == 4096 + (3ull << 29));
}

/* Whatever is wrong with the end is said before anything is done. */
static void checked_first(void)
{
    fake_backend = answer;
    CHECK(discard(0, 9 * TERABYTE) == -ENXIO && steps == 0);
    CHECK(discard(0, TERABYTE + 1) == -EINVAL && steps == 0);
    disk.discard_granularity = 0;
    CHECK(discard(0, TERABYTE) == -EOPNOTSUPP && steps == 0);
}

static void ends_with_the_disk(void)
{
    fake_backend = answer;
    fails_at = 7;
    CHECK(discard(0, TERABYTE) == -ENODEV && steps == 7);
}

ISOLATED(in_steps)
ISOLATED(granules)
ISOLATED(checked_first)
ISOLATED(ends_with_the_disk)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_steps),
        cmocka_unit_test(test_granules),
        cmocka_unit_test(test_checked_first),
        cmocka_unit_test(test_ends_with_the_disk),
    };

    return cmocka_run_group_tests_name("block_discard", tests, NULL, NULL);
}
