/* SPDX-License-Identifier: MIT */
/*
 * The console's flow control: order of log lines and output, a reader that is slow, stands still,
 * comes back or lies; last words; input; nothing waits for ever.
 */
// SRCS: xen/bus/console.c xen/bus/console_ring.c test/unit/xen_fakes.c xen/bus/frontend_port.c test/unit/fake_timer.c
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <xen-abi/io/console.h>

#include "fake_timer.h"
#include "xen/bus/console.h"
#include "xen/bus/frontend.h"
#include "xen_fakes.h"

#define PORT 2u

static struct xencons_interface page;
static char seen[1 << 20];
static size_t seen_length;
static bool standing_still;
static unsigned int chunk = 100;

/* xenconsoled: takes at most `chunk` bytes a step. */
static bool reader_step(void)
{
    unsigned int taken = 0;

    if (standing_still)
        return false;
    CHECK(page.out_prod - page.out_cons <= sizeof(page.out));
    while (page.out_cons != page.out_prod && taken++ < chunk)
        seen[seen_length++] = page.out[page.out_cons++ % sizeof(page.out)];
    seen[seen_length] = '\0';
    if (taken > 0)
        fake_event(PORT);
    return taken > 0;
}

static void reader_on_yield(void)
{
    reader_step();
}

static void log_to_console(const char *line, int length)
{
    console_log_write(line, (size_t)length);
}

static void start(void)
{
    fake_backend = reader_step;
    fake_log = log_to_console;
    CHECK(console_init(&page, PORT) == 0);
}

static void settle(void)
{
    thread_sleep_until(deadline_after(MILLISECONDS(10)));
}

static void say(const char *text)
{
    CHECK(console_write(text, strlen(text)) == 0);
}

static void log_line(const char *text)
{
    console_log_write(text, strlen(text));
}

static void order(void)
{
    log_line("before\n");
    start();
    log_line("log 1\n");
    say("out 1\n");
    log_line("log 2\n");
    say("out 2\n");
    console_flush(deadline_after(SECONDS(1)));
    CHECK(strcmp(seen, "before\r\nlog 1\r\nout 1\r\nlog 2\r\nout 2\r\n") == 0);
    CHECK(fake_notifications(PORT) == 5);
}

static void no_console(void)
{
    char byte;

    log_line("nobody reads this\n");
    CHECK(console_write("x", 1) == -EIO);
    CHECK(console_readable());
    CHECK(console_read(&byte, 1, false) == 0);
    console_emergency_write("x", 1);
    console_emergency_flush();
    console_flush(deadline_after(SECONDS(1)));
    page.out_prod = 9999;
    CHECK(console_init(&page, PORT) == -EIO);
    CHECK(console_write("x", 1) == -EIO);
}

/* Much more than the ring holds, through a slow reader: nothing is lost. */
static void slow_reader(void)
{
    char text[10000];

    start();
    chunk = 3;
    for (unsigned int i = 0; i < sizeof(text); i++)
        text[i] = (char)('a' + i % 26);
    CHECK(console_write(text, sizeof(text)) == 0);
    console_flush(deadline_after(SECONDS(1)));
    CHECK(seen_length == sizeof(text) && memcmp(seen, text, sizeof(text)) == 0);
    CHECK(console_dropped() == 0);
}

/*
 * Writes that do not wait: what fits, then -EAGAIN until the reader has made room and events say
 * so.
 */
static void write_now(void)
{
    char text[10000];
    size_t sent = 0;
    ssize_t taken;

    start();
    memset(text, 'n', sizeof(text));
    standing_still = true;
    CHECK(console_writable());
    while ((taken = console_write_now(text, sizeof(text) - sent)) > 0)
        sent += (size_t)taken;
    CHECK(taken == -EAGAIN && sent == sizeof(page.out) && !console_writable());
    standing_still = false;
    while (sent < sizeof(text)) {
        CHECK(wait_until(console_wait_queue(), console_writable(), deadline_after(SECONDS(1))) ==
              0);
        taken = console_write_now(text, sizeof(text) - sent);
        CHECK(taken > 0);
        sent += (size_t)taken;
    }
    console_flush(deadline_after(SECONDS(1)));
    CHECK(seen_length == sizeof(text) && console_dropped() == 0);
}

/* At each fill of the ring: ready is who does not answer -EAGAIN, and the other way round. */
static void ready_or_not(void)
{
    start();
    standing_still = true;
    for (size_t sent = 0; sent < 2 * sizeof(page.out); sent++) {
        bool ready = console_writable();
        ssize_t taken = console_write_now("y", 1);

        CHECK(taken == (ready ? 1 : -EAGAIN));
    }
    CHECK(!console_writable());
}

static unsigned int finished;

static void writing_thread(void *argument)
{
    char line[200];
    unsigned int me = (unsigned int)(uintptr_t)argument;

    memset(line, (int)('a' + me), sizeof(line));
    line[sizeof(line) - 1] = '\n';
    for (unsigned int i = 0; i < 20; i++)
        CHECK(console_write(line, sizeof(line)) == 0);
    finished++;
}

/* Lines of several threads do not mix. */
static void threads(void)
{
    start();
    for (uintptr_t i = 0; i < 8; i++)
        thread_create("writer", writing_thread, (void *)i);
    while (finished < 8)
        settle();
    console_flush(deadline_after(SECONDS(1)));
    CHECK(seen_length == 8 * 20 * 201);
    for (size_t at = 0; at < seen_length; at += 201)
        for (size_t i = 0; i < 199; i++)
            CHECK(seen[at + i] == seen[at]);
}

/* A reader that stands still costs one second once; what is lost is told when it comes back. */
static void reader_stands_still(void)
{
    static char text[5000];
    uint64_t before;

    start();
    standing_still = true;
    memset(text, 'x', sizeof(text));
    before = clock_monotonic();
    CHECK(console_write(text, sizeof(text)) == 0);
    CHECK(clock_monotonic() - before == CONSOLE_STALL_TIMEOUT);
    CHECK(console_dropped() == 5000 - 2048);
    before = clock_monotonic();
    for (unsigned int i = 0; i < 100; i++)
        CHECK(console_write(text, 100) == 0);
    CHECK(clock_monotonic() == before);
    console_flush(deadline_after(SECONDS(2)));
    CHECK(clock_monotonic() - before == SECONDS(2));

    standing_still = false;
    fake_event(PORT);
    settle();
    say("back\n");
    console_flush(deadline_after(SECONDS(1)));
    CHECK(strstr(seen, "xxx\r\n[console: 12952 bytes dropped]\r\n") != NULL);
    CHECK(strcmp(seen + seen_length - 6, "back\r\n") == 0);
    before = clock_monotonic();
    CHECK(console_write(text, sizeof(text)) == 0); /* and it waits again */
    CHECK(console_dropped() == 12952);
}

/* Log lines never wait: backlog, then drop. */
static void log_backlog(void)
{
    char line[64];
    uint64_t before = clock_monotonic();

    start();
    standing_still = true;
    for (unsigned int i = 0; i < 1000; i++) {
        snprintf(line, sizeof(line), "line %03u %s\n", i,
                 "..............................................");
        log_line(line);
    }
    CHECK(clock_monotonic() == before);
    CHECK(console_dropped() > 40000 && console_dropped() < 56000);
    standing_still = false;
    say("after\n");
    console_flush(deadline_after(SECONDS(1)));
    CHECK(strstr(seen, "line 000") != NULL && strstr(seen, "line 100") != NULL);
    char *report = strstr(seen, "bytes dropped]");
    CHECK(report != NULL && report < strstr(seen, "after"));
}

/* Events without progress do not make a writer wait longer. */
static bool storm_step(void)
{
    static unsigned int events;

    fake_event(PORT);
    return ++events % 50 != 0; /* let time pass now and then */
}

static void event_storm(void)
{
    static char text[5000];
    uint64_t before = clock_monotonic();

    start();
    fake_backend = storm_step;
    CHECK(console_write(text, sizeof(text)) == 0);
    CHECK(clock_monotonic() - before == CONSOLE_STALL_TIMEOUT);
}

/* Too many events without progress, and the port rests; the next progress is seen all the same. */
static void brake(void)
{
    unsigned int events;
    char byte;

    start();
    fake_backend = NULL;
    for (events = 0; events < 100 && !fake_port_masked(PORT); events++) {
        fake_event(PORT);
        settle();
    }
    CHECK(events == FRONTEND_IDLE_EVENTS + 1 && fake_timer != NULL);
    CHECK(fake_timer->deadline <= deadline_after(FRONTEND_DELAY_FIRST));
    page.in[0] = 'k';
    page.in_prod = 1;
    fake_event(PORT);
    fake_timer->function(fake_timer->argument);
    CHECK(!fake_port_masked(PORT));
    settle();
    CHECK(!fake_port_masked(PORT) && fake_timer == NULL);
    CHECK(console_read(&byte, 1, true) == 1 && byte == 'k');
}

static void lying_consumer(void)
{
    char byte;

    start();
    fake_backend = NULL;
    page.out_cons = 77;
    CHECK(console_write("x", 1) == -EIO);
    CHECK(console_write("x", 1) == -EIO);
    log_line("nobody\n");
    console_flush(deadline_after(SECONDS(1)));
    console_emergency_write("x", 1);
    console_emergency_flush();
    CHECK(clock_monotonic() < SECONDS(1));
    CHECK(fake_log_lines == 1 && strstr(fake_log_last, "no more output") != NULL);
    page.in[0] = 'k'; /* input still works */
    page.in_prod = 1;
    fake_event(PORT);
    settle();
    CHECK(!fake_port_masked(PORT));
    CHECK(console_read(&byte, 1, true) == 1 && byte == 'k');
}

static void waiting_reader(void *argument)
{
    char byte;

    (void)argument;
    CHECK(console_read(&byte, 1, false) == -EIO);
    finished++;
}

static void lying_producer(void)
{
    char byte;

    start();
    thread_create("reader", waiting_reader, NULL);
    settle();
    page.in_prod = 3000;
    fake_event(PORT);
    settle();
    CHECK(finished == 1);
    CHECK(console_read(&byte, 1, true) == -EIO);
    say("still speaking\n");
    fake_event(PORT);
    settle();
    CHECK(fake_log_lines == 1 && !fake_port_masked(PORT));
    CHECK(strstr(seen, "no more input") != NULL && strstr(seen, "still speaking") != NULL);
}

static unsigned int input_lines, output_lines;

static void count_lines(const char *line, int length)
{
    input_lines += strstr(line, "no more input") != NULL;
    output_lines += strstr(line, "no more output") != NULL;
    log_to_console(line, length);
}

/* With both directions broken there is nothing left to hear: the port rests for good. */
static void lying_both_ways(void)
{
    char byte;

    start();
    fake_backend = NULL;
    fake_log = count_lines;
    page.in_prod = 3000;
    page.out_cons = 77;
    for (unsigned int events = 0; events < 3; events++) {
        fake_event(PORT);
        settle();
        CHECK(fake_port_masked(PORT) && fake_timer == NULL);
        CHECK(input_lines == 1 && output_lines == 1 && fake_log_lines == 2);
        CHECK(console_write("x", 1) == -EIO && console_read(&byte, 1, false) == -EIO);
    }
    memset(&page, 0, sizeof(page));
    console_resume(&page, PORT);
    page.out_cons = 5000; /* a new domain's console breaks anew, and says so */
    fake_event(PORT);
    settle();
    CHECK(!fake_port_masked(PORT) && input_lines == 1 && output_lines == 2);
}

static void typing_reader(void *argument)
{
    char buffer[16];

    (void)argument;
    CHECK(console_read(buffer, sizeof(buffer), false) == 3);
    CHECK(memcmp(buffer, "ab\n", 3) == 0);
    finished++;
}

static void input(void)
{
    char buffer[16];

    start();
    CHECK(console_read(buffer, sizeof(buffer), true) == -EAGAIN && !console_readable());
    thread_create("reader", typing_reader, NULL);
    settle();
    CHECK(finished == 0 && fake_notifications(PORT) == 0);
    memcpy(page.in, "ab\r", 3);
    page.in_prod = 3;
    fake_event(PORT);
    settle();
    CHECK(finished == 1 && page.in_cons == 3 && !console_readable());
    CHECK(fake_notifications(PORT) == 1); /* the other side may wait for the room */
}

/* Last words: pushed out behind what waits, by busy waiting with an end. */
static void emergency(void)
{
    static char text[5000];

    start();
    fake_backend = NULL;
    fake_yield = reader_on_yield;
    memset(text, 'y', sizeof(text));
    for (unsigned int i = 0; i < 30; i++)
        console_log_write(text, 100);
    console_emergency_write(text, sizeof(text));
    console_emergency_write("the end\n", 8);
    console_emergency_flush();
    CHECK(seen_length == 3000 + 5000 + 9 && strcmp(seen + 8000, "the end\r\n") == 0);

    fake_yield = NULL;
    uint64_t before = clock_monotonic();
    console_emergency_write(text, sizeof(text));
    console_emergency_write(text, sizeof(text));
    console_emergency_flush();
    CHECK(clock_monotonic() - before < CONSOLE_STALL_TIMEOUT + MILLISECONDS(1));
}

/* A new domain's console: what was not read is lost, and said; writers and readers go on. */
static void restored(void)
{
    char byte;

    start();
    say("read\n");
    console_flush(deadline_after(SECONDS(1)));
    standing_still = true;
    say("lost\n");
    memset(&page, 0, sizeof(page));
    standing_still = false;
    console_resume(&page, PORT);
    say("anew\n");
    console_flush(deadline_after(SECONDS(1)));
    CHECK(strcmp(seen, "read\r\n\r\n[console: 6 bytes dropped]\r\nanew\r\n") == 0);
    CHECK(console_dropped() == 6);

    standing_still = true;
    say("kept\n"); /* a page that the new domain has kept loses nothing */
    standing_still = false;
    console_resume(&page, PORT);
    console_flush(deadline_after(SECONDS(1)));
    CHECK(strcmp(seen + seen_length - 6, "kept\r\n") == 0 && console_dropped() == 6);

    fake_backend = NULL;
    page.out_cons += 5; /* a lie: broken, until the next restore */
    fake_event(PORT);
    settle();
    CHECK(console_write("x", 1) == -EIO);
    memset(&page, 0, sizeof(page));
    console_resume(&page, PORT);
    say("again\n");
    console_resume(NULL, 0);
    CHECK(console_write("x", 1) == -EIO && console_read(&byte, 1, false) == 0);
}

ISOLATED(order)
ISOLATED(no_console)
ISOLATED(slow_reader)
ISOLATED(write_now)
ISOLATED(ready_or_not)
ISOLATED(threads)
ISOLATED(reader_stands_still)
ISOLATED(log_backlog)
ISOLATED(event_storm)
ISOLATED(brake)
ISOLATED(lying_consumer)
ISOLATED(lying_producer)
ISOLATED(lying_both_ways)
ISOLATED(input)
ISOLATED(emergency)
ISOLATED(restored)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_no_console),
        cmocka_unit_test(test_slow_reader),
        cmocka_unit_test(test_write_now),
        cmocka_unit_test(test_ready_or_not),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_reader_stands_still),
        cmocka_unit_test(test_log_backlog),
        cmocka_unit_test(test_event_storm),
        cmocka_unit_test(test_brake),
        cmocka_unit_test(test_lying_consumer),
        cmocka_unit_test(test_lying_producer),
        cmocka_unit_test(test_lying_both_ways),
        cmocka_unit_test(test_input),
        cmocka_unit_test(test_emergency),
        cmocka_unit_test(test_restored),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
