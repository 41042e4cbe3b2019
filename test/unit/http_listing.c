/* SPDX-License-Identifier: MIT */
// SRCS: apps/httpd/listing.c apps/httpd/path.c apps/httpd/date.c apps/httpd/text.c apps/httpd/budget.c
// CFLAGS: -Iapps/httpd
/* The list of a folder, on a real one: it shows what a request can name, and nothing else. */
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

#include "budget.h"
#include "listing.h"
#include "path.h"

static const char *const shown[] = { "plain.txt", "with space", "a&b", ".well-known", "\xc3\xa4" };
static const char *const hidden[] = { ".secret", "back\\slash", "new\nline", "bell\a",
                                      "delete\x7f" };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static char folder[] = "/tmp/http_listing.XXXXXX";

static void make(const char *name)
{
    char path[128];
    int descriptor;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    descriptor = open(path, O_WRONLY | O_CREAT, 0600);
    assert_true(descriptor >= 0);
    close(descriptor);
}

static void drop(const char *name)
{
    char path[128];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    unlink(path);
}

static int start(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    for (size_t i = 0; i < COUNT(shown); i++)
        make(shown[i]);
    for (size_t i = 0; i < COUNT(hidden); i++)
        make(hidden[i]);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(shown); i++)
        drop(shown[i]);
    for (size_t i = 0; i < COUNT(hidden); i++)
        drop(hidden[i]);
    return rmdir(folder);
}

static unsigned int rows(const struct body *body)
{
    char page[LISTING_PAGE_MAX + 1];
    unsigned int count = 0;

    memcpy(page, body->memory, body->memory_size);
    page[body->memory_size] = '\0';
    for (const char *at = page; (at = strstr(at, "<tr>")) != NULL; at++)
        count++;
    return count;
}

static void what_requests_can_name_is_listed(void **state)
{
    struct body body = { 0 };
    char path[64];

    (void)state;
    snprintf(path, sizeof(path), "%s/", folder);
    assert_int_equal(listing_make(path, "/", 1, &body), 0);
    assert_int_equal(rows(&body), COUNT(shown));
    budget_give(body.memory, body.memory_size);
}

static void a_name_and_a_request_for_it_agree(void **state)
{
    char encoded[64], out[64];
    struct path path;

    (void)state;
    for (int byte = 1; byte < 256; byte++) {
        char name[2] = { 'x', (char)byte };

        if (byte == '/')
            continue;
        snprintf(encoded, sizeof(encoded), "/x%%%02x", byte);
        assert_int_equal(path_can_name(name, 2),
                         path_decode(encoded, strlen(encoded), out, sizeof(out), &path) == 0);
    }
    assert_false(path_can_name(".", 1));
    assert_false(path_can_name("..", 2));
    assert_true(path_can_name(".well-known", 11));
    assert_false(path_can_name(".well-known2", 12));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_requests_can_name_is_listed),
        cmocka_unit_test(a_name_and_a_request_for_it_agree),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
