/* SPDX-License-Identifier: MIT */
// SRCS: apps/httpd/document.c apps/httpd/mime.c apps/httpd/text.c apps/httpd/date.c apps/httpd/clock.c
// CFLAGS: -Iapps/httpd
/*
 * The cache of open files, on a real folder with a clock moved by hand: changes are seen, old
 * states stay whole while they are in use, and descriptors and memory stay bounded.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock.h"
#include "date.h"
#include "document.h"

enum { NOW = 1700000000 };

static char folder[] = "/tmp/http_file.XXXXXX";
static char path[64];

static const char *in_folder(const char *name)
{
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static void write_file(const char *name, const char *data, size_t len, time_t modified)
{
    struct timespec times[2] = { { modified, 0 }, { modified, 0 } };
    int descriptor = open(in_folder(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);

    assert_true(descriptor >= 0);
    assert_int_equal(write(descriptor, data, len), len);
    assert_int_equal(futimens(descriptor, times), 0);
    close(descriptor);
}

static struct document *open_file(const char *name)
{
    struct document *file = NULL;

    in_folder(name);
    assert_int_equal(document_open(path, strlen(path), &file), 0);
    return file;
}

static int error_of(const char *name)
{
    struct document *file = NULL;

    in_folder(name);
    return document_open(path, strlen(path), &file);
}

static void assert_content(const struct document *file, const char *expected)
{
    char data[64];

    assert_int_equal(file->size, strlen(expected));
    assert_int_equal(document_read(file, data, sizeof(data), 0), strlen(expected));
    assert_memory_equal(data, expected, strlen(expected));
}

static int descriptors(void)
{
    int count = 0;

    for (int i = 0; i < 512; i++)
        count += fcntl(i, F_GETFD) >= 0;
    return count;
}

static int start(void **state)
{
    (void)state;
    server_clock.seconds = NOW;
    return mkdtemp(folder) ? 0 : -1;
}

static int stop(void **state)
{
    char command[64];

    (void)state;
    snprintf(command, sizeof(command), "rm -r %s", folder);
    return system(command);
}

static void small_files_are_kept(void **state)
{
    int before = descriptors();

    (void)state;
    write_file("a.txt", "one", 3, NOW - 100);

    struct document *file = open_file("a.txt");

    assert_content(file, "one");
    assert_int_equal(descriptors(), before);
    assert_false(file->validators.weak);
    assert_memory_equal(file->fields, "Content-Type: text/plain; charset=utf-8\r\n", 41);
    assert_ptr_equal(open_file("a.txt"), file);
    document_release(file);
    document_release(file);
}

static void a_change_is_seen_within_a_second(void **state)
{
    (void)state;
    write_file("b.txt", "one", 3, NOW - 100);

    struct document *old = open_file("b.txt");

    write_file("b.txt", "two", 3, NOW - 50);
    document_release(open_file("b.txt"));
    server_clock.seconds++;

    struct document *changed = open_file("b.txt");

    assert_ptr_not_equal(changed, old);
    assert_content(changed, "two");
    assert_content(old, "one");
    document_release(changed);
    document_release(old);
    unlink(in_folder("b.txt"));
    server_clock.seconds++;
    assert_int_equal(error_of("b.txt"), -ENOENT);
}

/* Same size, same second: only reading again can show it. */
static void a_hidden_change_is_seen(void **state)
{
    (void)state;
    write_file("c.txt", "one", 3, server_clock.seconds);

    struct document *file = open_file("c.txt");

    assert_true(file->validators.weak);
    document_release(file);
    write_file("c.txt", "two", 3, server_clock.seconds);
    server_clock.seconds++;
    file = open_file("c.txt");
    assert_content(file, "two");
    document_release(file);
    server_clock.seconds += 5;
    file = open_file("c.txt");
    assert_false(file->validators.weak);
    document_release(file);
}

static void what_is_not_a_file(void **state)
{
    (void)state;
    assert_int_equal(mkdir(in_folder("dir"), 0700), 0);
    assert_int_equal(mkfifo(in_folder("fifo"), 0600), 0);
    write_file("d.txt", "", 0, NOW - 100);
    assert_int_equal(error_of("dir"), -EISDIR);
    assert_int_equal(error_of("fifo"), -ENOENT);
    assert_int_equal(error_of("d.txt/index.html"), -ENOTDIR);
    assert_int_equal(error_of("nothing"), -ENOENT);
}

static void large_files_are_read_in_place(void **state)
{
    char *data = malloc(3 * DOCUMENT_CONTENT_MAX);
    char part[16];

    (void)state;
    assert_non_null(data);
    for (int i = 0; i < 3 * DOCUMENT_CONTENT_MAX; i++)
        data[i] = (char)(i / 3);
    write_file("large", data, 3 * DOCUMENT_CONTENT_MAX, NOW - 100);

    struct document *file = open_file("large");

    assert_null(file->content);
    assert_int_equal(document_read(file, part, sizeof(part), 40000), sizeof(part));
    assert_memory_equal(part, data + 40000, sizeof(part));
    assert_int_equal(document_read(file, part, sizeof(part), 3 * DOCUMENT_CONTENT_MAX - 5), 5);
    assert_int_equal(document_read(file, part, sizeof(part), 3 * DOCUMENT_CONTENT_MAX), 0);
    document_release(file);
    free(data);
}

static void a_date_to_come_is_not_told(void **state)
{
    char expected[DATE_LENGTH];
    struct document *file;
    const char *told;

    (void)state;
    write_file("tomorrow", "x", 1, server_clock.seconds + 86400);
    file = open_file("tomorrow");
    told = strstr(file->fields, "Last-Modified: ");
    assert_non_null(told);
    date_format(server_clock.seconds, expected);
    assert_memory_equal(told + strlen("Last-Modified: "), expected, sizeof(expected));
    document_release(file);
}

static void the_cache_is_bounded(void **state)
{
    static char data[DOCUMENT_CONTENT_MAX + 1];
    struct document *held[100];
    char name[16];
    int before = descriptors();

    (void)state;
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof(name), "many%d", i);
        write_file(name, data, sizeof(data), NOW - 100);
        held[i] = open_file(name);
    }
    assert_true(descriptors() >= before + 100 - DOCUMENT_CACHE_ENTRIES);
    for (int i = 0; i < 100; i++)
        document_release(held[i]);
    assert_true(descriptors() <= before + DOCUMENT_CACHE_ENTRIES);
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof(name), "many%d", i);
        write_file(name, data, DOCUMENT_CONTENT_MAX, NOW - 200);
        server_clock.seconds++;
        document_release(open_file(name));
    }
    assert_true(descriptors() <= before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_files_are_kept),
        cmocka_unit_test(a_change_is_seen_within_a_second),
        cmocka_unit_test(a_hidden_change_is_seen),
        cmocka_unit_test(what_is_not_a_file),
        cmocka_unit_test(large_files_are_read_in_place),
        cmocka_unit_test(a_date_to_come_is_not_told),
        cmocka_unit_test(the_cache_is_bounded),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
