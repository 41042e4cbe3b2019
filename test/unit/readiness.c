/* SPDX-License-Identifier: MIT */
/*
 * poll() and select() with each kind of file but sockets (test/unit/socket_ready.c): the answers agree
 * with the calls that follow, nobody is kept from running, and many files cost what they must.
 */
// SRCS: test/unit/fakes.c test/unit/fake_disk.c test/unit/failing_malloc.c
// SRCS: $(TEST_VFS) $(TEST_RAMFS) lib/fs/devfs/devfs.c lib/fs/start.c
// SRCS: lib/posix/io_vector.c lib/file/descriptor.c
// SRCS: lib/posix/duplicate.c lib/posix/limits.c lib/file/console_file.c lib/posix/open.c
// SRCS: lib/posix/names.c lib/posix/path.c lib/posix/status.c lib/posix/change.c
// SRCS: lib/posix/working_directory.c lib/posix/statvfs.c lib/posix/directory.c lib/file/poll.c
// SRCS: lib/posix/select.c lib/file/pipe.c
// CFLAGS: -Wno-stringop-overflow -include test/unit/posix_names.h -Wl,-T,test/unit/sets.ld -fsanitize-coverage=trace-pc
// CFLAGS: -Wl,--wrap=malloc,--wrap=calloc,--wrap=strdup,--wrap=strndup
#include "fakes.h"

#include <errno.h>
#include <string.h>

#include "fake_disk.h"
#include "lib/file/file.h"
#include "lib/sched/sched.h"
#include "readiness.h"
#include "steps.h"

#define MANY 10000u
#define FEW 10u
#define PIPE_SMALL 512u

extern void (*const initcalls_start[])(void);
extern void (*const initcalls_end[])(void);

static uint32_t seed = 7;

static int set_up(void **state)
{
    (void)state;
    for (void (*const *call)(void) = initcalls_start; call < initcalls_end; call++)
        (*call)();
    return 0;
}

/* Bytes go in and out at random; in each state of the ring both ends are asked. */
static void pipes_agree(void **state)
{
    static char buffer[4096];
    int p[2];

    (void)state;
    assert_int_equal(pipe2(p, O_NONBLOCK), 0);
    for (unsigned int i = 0; i < 5000; i++) {
        size_t size = 1 + fake_random_seeded(&seed) % 900;

        if (fake_random_seeded(&seed) % 2)
            write(p[1], buffer, size);
        else
            read(p[0], buffer, size);
        readiness_agrees(p[1], PIPE_SMALL);
        readiness_agrees(p[0], 0);
    }
    close(p[1]);
    while (readiness_of(p[0]) & POLLIN)
        readiness_agrees(p[0], 0);
    assert_int_equal(readiness_of(p[0]), POLLHUP);
    readiness_agrees(p[0], 0);
    close(p[0]);
    assert_int_equal(pipe2(p, O_NONBLOCK), 0);
    close(p[0]);
    assert_int_equal(readiness_of(p[1]), POLLERR);
    readiness_agrees(p[1], PIPE_SMALL);
    close(p[1]);
}

static void console_agrees(void **state)
{
    int f = open("/dev/console", O_RDWR | O_NONBLOCK);

    (void)state;
    readiness_agrees(f, 1);
    fake_console_input("abc");
    for (unsigned int i = 0; i < 5; i++)
        readiness_agrees(f, 1);
    close(f);
}

static void files_agree(void **state)
{
    static const char *const names[] = { "/tmp/f",    "/dev/null",   "/dev/zero",
                                         "/dev/full", "/dev/random", "/dev/xvda" };
    static char contents[8192];
    struct fake_disk disk;

    (void)state;
    fake_disk_create(&disk, "xvda", contents, sizeof(contents), 512);
    for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        int f = open(names[i], O_RDWR | O_CREAT | O_NONBLOCK, 0600);

        assert_true(f >= 0);
        assert_int_equal(readiness_of(f), POLLIN | POLLOUT);
        for (unsigned int round = 0; round < 20; round++)
            readiness_agrees(f, 1000);
        close(f);
    }
    fake_disk_destroy(&disk);
}

static bool other_ran;

static void other(void *argument)
{
    (void)argument;
    other_ran = true;
}

static int ready_pipe[2], empty_pipe[2];

static void poll_ready(void)
{
    struct pollfd poller = { ready_pipe[0], POLLIN, 0 };

    assert_int_equal(poll(&poller, 1, -1), 1);
}

static void poll_only_looking(void)
{
    struct pollfd poller = { empty_pipe[0], POLLIN, 0 };

    assert_int_equal(poll(&poller, 1, 0), 0);
}

static void select_ready(void)
{
    fd_set set;

    FD_ZERO(&set);
    FD_SET(ready_pipe[0], &set);
    assert_int_equal(select(ready_pipe[0] + 1, &set, NULL, NULL, NULL), 1);
}

static void read_again(void)
{
    char byte;

    assert_true(read(empty_pipe[0], &byte, 1) == -1 && errno == EAGAIN);
}

static int zero;

static void read_data(void)
{
    char byte;

    assert_int_equal(read(zero, &byte, 1), 1);
}

static void write_data(void)
{
    assert_int_equal(write(zero, "", 1), 1);
}

/* A loop of any of these, which never sleep, lets another thread run soon. */
static void loops_let_others_run(void **state)
{
    static void (*const calls[])(void) = { poll_ready, poll_only_looking, select_ready,
                                           read_again, read_data,         write_data };

    (void)state;
    assert_int_equal(pipe2(ready_pipe, O_NONBLOCK), 0);
    assert_int_equal(pipe2(empty_pipe, O_NONBLOCK), 0);
    assert_int_equal(write(ready_pipe[1], "x", 1), 1);
    zero = open("/dev/zero", O_RDWR);
    for (unsigned int i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        unsigned int turns = 0;

        other_ran = false;
        thread_create("other", other, NULL);
        while (!other_ran && turns++ < 1000)
            calls[i]();
        assert_in_range(turns, 1, 100);
    }
    close(zero);
    for (unsigned int i = 0; i < 2; i++) {
        close(ready_pipe[i]);
        close(empty_pipe[i]);
    }
}

/* What others do while a call gives way does not make its answer untrue: it comes before the look. */
static void empty_it(void *argument)
{
    char byte;

    (void)argument;
    assert_int_equal(read(ready_pipe[0], &byte, 1), 1);
    other_ran = true;
}

static void giving_way_before_the_look(void **state)
{
    struct pollfd poller;
    int result = 1;

    (void)state;
    assert_int_equal(pipe2(ready_pipe, O_NONBLOCK), 0);
    assert_int_equal(write(ready_pipe[1], "x", 1), 1);
    other_ran = false;
    thread_create("other", empty_it, NULL);
    for (unsigned int i = 0; i < 100 && result == 1; i++) {
        poller = (struct pollfd){ ready_pipe[0], POLLIN, 0 };
        result = poll(&poller, 1, 0);
        assert_int_equal(result == 1, !other_ran);
    }
    assert_true(other_ran);
    close(ready_pipe[0]);
    close(ready_pipe[1]);
}

/* A kind of file of the test's own. */
struct probe {
    struct file file;
    struct wait_queue queue;
    bool ready;
    unsigned int asked;
};

static short probe_poll(struct file *file, short events)
{
    struct probe *probe = container_of(file, struct probe, file);

    probe->asked++;
    return probe->ready ? events & POLLIN : 0;
}

static unsigned int registrations;

static struct wait_queue *probe_queue(struct file *file)
{
    registrations++;
    return &container_of(file, struct probe, file)->queue;
}

static void probe_release(struct file *file)
{
    (void)file;
}

static const struct file_operations probe_operations = {
    .poll = probe_poll,
    .wait_queue = probe_queue,
    .release = probe_release,
};

static struct probe probes[MANY];
static struct pollfd pollers[MANY];
static unsigned long steps_of_a_wake;

static void waker(void *argument)
{
    struct probe *probe = argument;

    for (unsigned int i = 0; i < 100; i++) {
        steps();
        wake_all(&probe->queue);
        thread_yield();
        steps_of_a_wake = steps();
    }
    probe->ready = true;
    wake_all(&probe->queue);
}

/* poll() on so many: steps for each wake-up of one that is not ready; *whole: of the call and per file. */
static void poll_on(unsigned int count, unsigned long *wake, unsigned long *per_file)
{
    struct rlimit limit = { MANY + 10, 1048576 };

    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    for (unsigned int i = 0; i < count; i++) {
        probes[i] = (struct probe){ .ready = false };
        wait_queue_init(&probes[i].queue);
        file_init(&probes[i].file, &probe_operations, O_RDONLY);
        pollers[i] = (struct pollfd){ descriptor_install(&probes[i].file, 0), POLLIN, 0 };
    }
    thread_create("waker", waker, &probes[count / 2]);
    assert_int_equal(poll(pollers, count, -1), 1);
    assert_int_equal(pollers[count / 2].revents, POLLIN);
    *wake = steps_of_a_wake;
    /* Once to register, and that is all, but for whom the wake-ups named. */
    for (unsigned int i = 0; i < count; i++) {
        assert_int_equal(probes[i].asked, i == count / 2 ? 102 : 1);
        assert_true(list_empty(&probes[i].queue.waiters));
        assert_int_equal(probes[i].file.references, 1);
    }
    steps();
    assert_int_equal(poll(pollers, count, 1000), 1);
    *per_file = steps() / count;
    /* Once one is ready nobody is registered with. */
    probes[0].ready = true;
    registrations = 0;
    assert_int_equal(poll(pollers, count, 1000), 2);
    assert_int_equal(registrations, 0);
    for (unsigned int i = 0; i < count; i++)
        assert_int_equal(descriptor_close(pollers[i].fd), 0);
}

static void many_files(void **state)
{
    unsigned long few, many, per_few, per_many;

    (void)state;
    poll_on(FEW, &few, &per_few);
    poll_on(MANY, &many, &per_many);
    assert_int_equal(few, many);
    assert_true(per_many <= 2 * per_few);
}

/* No memory to wait with: who is ready is told, and else the call says so. */
static void poll_without_memory(void **state)
{
    struct pollfd set[200];

    (void)state;
    assert_int_equal(pipe2(ready_pipe, O_NONBLOCK), 0);
    for (unsigned int i = 0; i < 200; i++)
        set[i] = (struct pollfd){ ready_pipe[0], POLLIN, 0 };
    fake_fail_at = 1;
    assert_int_equal(poll(set, 40, 1), -1);
    assert_int_equal(errno, ENOMEM);
    assert_int_equal(poll(set, 40, 1), 0);
    fake_fail_at = 1;
    assert_int_equal(poll(set, 200, 0), 0); /* it only looks */
    fake_fail_at = 1;
    set[20] = (struct pollfd){ ready_pipe[1], POLLOUT, 0 };
    assert_int_equal(poll(set, 100, -1), 1);
    fake_fail_at = 0;
    close(ready_pipe[0]);
    close(ready_pipe[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pipes_agree),
        cmocka_unit_test(console_agrees),
        cmocka_unit_test(files_agree),
        cmocka_unit_test(loops_let_others_run),
        cmocka_unit_test(giving_way_before_the_look),
        cmocka_unit_test(many_files),
        cmocka_unit_test(poll_without_memory),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
