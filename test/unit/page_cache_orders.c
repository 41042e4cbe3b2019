/* SPDX-License-Identifier: MIT */
/*
 * Writes of different bytes at the same time, through the cache and past it: none is lost, whatever
 * the order in which the disk works. The disk does each request in two steps (the data moves; the
 * caller is told), and every order of these steps is tried: a scenario is run again and again, each
 * time with the next sequence of choices.
 */
// SRCS: test/unit/fakes.c test/unit/failing_malloc.c test/unit/fake_disk.c $(TEST_BLOCK)
// CFLAGS: -Wl,--wrap=malloc,--wrap=calloc,--wrap=strdup,--wrap=strndup
#include "page_cache_user.h"

#define MOST_CHOICES 64u
#define MOST_REQUESTS 16u
#define SIZE (16 * 4096u)

/* The choices of this run, and how many there were at each. */
static unsigned int choices[MOST_CHOICES], options[MOST_CHOICES], chosen;

static unsigned int choose(unsigned int count)
{
    assert_true(chosen < MOST_CHOICES);
    options[chosen] = count;
    return choices[chosen++];
}

/* The next sequence: false after the last. */
static bool next_choices(void)
{
    while (chosen > 0 && choices[chosen - 1] + 1 == options[chosen - 1])
        choices[--chosen] = 0;
    if (chosen == 0)
        return false;
    choices[chosen - 1]++;
    return true;
}

struct step {
    struct block_request *request;
    bool moved;
};

static struct block_device device;
static struct step steps[MOST_REQUESTS];
static unsigned int pending;

static void submit(struct block_device *unused, struct block_request *request)
{
    (void)unused;
    assert_true(pending < MOST_REQUESTS);
    steps[pending++] = (struct step){ request, request->operation == BLOCK_FLUSH };
}

static const struct block_operations operations = { .submit = submit };

static void move_data(const struct block_request *request)
{
    unsigned char *data = contents + request->offset;

    for (uint64_t done = 0, i = 0; done < request->length; done += request->vector[i++].iov_len) {
        if (request->operation == BLOCK_WRITE)
            memcpy(data + done, request->vector[i].iov_base, request->vector[i].iov_len);
        else
            memcpy(request->vector[i].iov_base, data + done, request->vector[i].iov_len);
    }
}

static void step(unsigned int i)
{
    struct block_request *request = steps[i].request;

    if (!steps[i].moved) {
        steps[i].moved = true;
        move_data(request);
        return;
    }
    steps[i] = steps[--pending];
    block_finish(&device, request, 0);
}

enum way { CACHED, DIRECT, SYNC };

struct write {
    enum way way;
    size_t offset, length;
};

struct scenario {
    bool cached_before;
    bool overlap; /* the last write lies within the first: its bytes may be of either */
    unsigned int count;
    struct write writes[3];
};

static const struct scenario *scenario;
static unsigned int finished;

static void writer(void *argument)
{
    static unsigned char data[3][SIZE];
    unsigned int number = (unsigned int)(uintptr_t)argument;
    const struct write *write = &scenario->writes[number];
    ssize_t result = 0;

    memset(data[number], 0xa0 + (int)number, write->length);
    if (write->way == SYNC)
        assert_int_equal(disk_sync(&device), 0);
    else if (write->way == DIRECT)
        result = disk_write_direct(&device, write->offset, data[number], write->length);
    else
        result = disk_write(&device, write->offset, data[number], write->length);
    assert_int_equal(result, write->length);
    finished++;
}

static void syncer(void *unused)
{
    (void)unused;
    assert_int_equal(disk_sync(&device), 0);
    finished++;
}

static void cached_reader(void *unused)
{
    (void)unused;
    assert_int_equal(disk_read_all(&device, 0, buffer, SIZE), 0);
    finished++;
}

/* Each time that all threads wait for the disk: it takes a step, or one more writer begins. */
static void run_writers(void)
{
    unsigned int waiting[3] = { 0, 1, 2 }, count = scenario->count;

    finished = 0;
    while (finished < scenario->count) {
        unsigned int i = choose(pending + count);

        if (i < pending) {
            step(i);
        } else {
            thread_create("writer", writer, (void *)(uintptr_t)waiting[i - pending]);
            waiting[i - pending] = waiting[--count];
        }
        fake_run_others();
    }
}

static void finish_all(void)
{
    while (pending > 0) {
        step(0);
        fake_run_others();
    }
}

static void alone(void (*function)(void *))
{
    thread_create("alone", function, NULL);
    fake_run_others();
    finish_all();
}

static void check_bytes(const unsigned char *bytes)
{
    for (size_t i = 0; i < SIZE; i++) {
        unsigned char expected = (unsigned char)i % 0xa0, other;
        bool either = false;

        for (unsigned int w = 0; w < scenario->count; w++) {
            const struct write *write = &scenario->writes[w];

            if (i < write->offset || i - write->offset >= write->length)
                continue;
            other = expected;
            either = scenario->overlap && expected >= 0xa0;
            expected = (unsigned char)(0xa0 + w);
        }
        if (bytes[i] != expected && !(either && bytes[i] == other))
            fail_msg("byte %zu is %x, not %x", i, bytes[i], expected);
    }
}

static void run_once(void)
{
    for (size_t i = 0; i < SIZE; i++)
        contents[i] = (unsigned char)i % 0xa0;
    if (scenario->cached_before)
        alone(cached_reader);
    run_writers();
    finish_all();
    alone(cached_reader);
    check_bytes(buffer);
    alone(syncer);
    check_bytes(contents);
}

static void all_orders(const struct scenario *of)
{
    unsigned int orders = 0;

    scenario = of;
    memset(choices, 0, sizeof(choices));
    do {
        chosen = 0;
        device = (struct block_device){
            .name = "orders", .size = SIZE, .sector_size = 512, .operations = &operations
        };
        assert_int_equal(block_register(&device), 0);
        run_once();
        block_unregister(&device);
        orders++;
    } while (next_choices());
    print_message("%u orders\n", orders);
    assert_true(orders > 1);
}

/* A large write, whose whole pages go past the cache, and small ones in the pages at its borders. */
static void small_beside_large(void **state)
{
    struct scenario of = {
        .count = 3,
        .writes = { { CACHED, 1000, 40000 }, { CACHED, 10, 100 }, { CACHED, 41000, 100 } }
    };

    (void)state;
    all_orders(&of);
    of.cached_before = true;
    all_orders(&of);
}

/* O_DIRECT of whole sectors, and a small write in the same page; written back meanwhile. */
static void small_beside_direct(void **state)
{
    struct scenario of = {
        .count = 3, .writes = { { DIRECT, 512, 8192 }, { CACHED, 10, 100 }, { SYNC, 0, 0 } }
    };

    (void)state;
    all_orders(&of);
    of.cached_before = true;
    all_orders(&of);
    of.writes[1] = (struct write){ CACHED, 8704, 100 };
    all_orders(&of);
    /* What is claimed waits for one page to be written while another is being read for a change. */
    of.cached_before = false;
    of.writes[2] = (struct write){ CACHED, 10, 100 };
    all_orders(&of);
}

/* Both in one sector. */
static void direct_beside_direct(void **state)
{
    struct scenario of = { .count = 2, .writes = { { DIRECT, 100, 1000 }, { DIRECT, 1100, 50 } } };

    (void)state;
    all_orders(&of);
    of.cached_before = true;
    all_orders(&of);
}

/* What a small write within a large one does not touch is the large one's. */
static void small_within_large(void **state)
{
    struct scenario of = { .overlap = true,
                           .count = 2,
                           .writes = { { CACHED, 4096, 36864 }, { CACHED, 9000, 10 } } };

    (void)state;
    all_orders(&of);
    of.writes[0].way = DIRECT;
    all_orders(&of);
    of.cached_before = true;
    all_orders(&of);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_beside_large),
        cmocka_unit_test(small_beside_direct),
        cmocka_unit_test(direct_beside_direct),
        cmocka_unit_test(small_within_large),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
