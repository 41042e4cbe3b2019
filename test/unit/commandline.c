/* SPDX-License-Identifier: MIT */
// SRCS: lib/boot/commandline.c
// CFLAGS: -Wl,-T,test/unit/sets.ld
/*
 * The command line: words, quotes, the application's part, the environment, options that take or
 * refuse their value, warnings by name, and any bytes at all.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/boot/application.h"
#include "lib/base/commandline.h"
#include "lib/base/printk.h"

/* What the words point to stays for ever, by design. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "detect_leaks=0";
}

const char application_name[] = "app";

static char log_text[4096];

void printk(const char *format, ...)
{
    size_t used = strlen(log_text);
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(log_text + used, sizeof(log_text) - used, format, arguments);
    va_end(arguments);
}

static char stirred[256];

void random_stir_seed(const char *seed, size_t length)
{
    size_t used = strlen(stirred);

    assert_true(length > 0 && used + length + 2 <= sizeof(stirred));
    snprintf(stirred + used, sizeof(stirred) - used, "%.*s;", (int)length, seed);
}

static char last_value[256];

static int set_color(const char *value)
{
    snprintf(last_value, sizeof(last_value), "%s", value);
    return strcmp(value, "bad") == 0 ? -EINVAL : 0;
}
COMMANDLINE_OPTION("color", set_color);

static struct application_arguments parse(const char *text)
{
    struct application_arguments arguments = { 0 };

    log_text[0] = last_value[0] = '\0';
    assert_int_equal(commandline_parse(text, &arguments), 0);
    assert_string_equal(arguments.arguments[0], "app");
    assert_null(arguments.arguments[arguments.count]);
    assert_null(arguments.environment[arguments.environment_count]);
    return arguments;
}

static void test_parts(void **state)
{
    struct application_arguments a =
        parse("color=red  env:A=b=c\tenv:D= -- one \"two words\" env:X=1 -- \\\"q");

    (void)state;
    assert_string_equal(last_value, "red");
    assert_int_equal(a.count, 6);
    assert_string_equal(a.arguments[1], "one");
    assert_string_equal(a.arguments[2], "two words");
    assert_string_equal(a.arguments[3], "env:X=1");
    assert_string_equal(a.arguments[4], "--");
    assert_string_equal(a.arguments[5], "\"q");
    assert_int_equal(a.environment_count, 2);
    assert_string_equal(a.environment[0], "A=b=c");
    assert_string_equal(a.environment[1], "D=");
    assert_string_equal(log_text, "");
}

static void test_warnings(void **state)
{
    (void)state;
    parse("colour=red colors=2 color=bad nothing env:noequals");
    assert_non_null(strstr(log_text, "\"colour=red\""));
    assert_non_null(strstr(log_text, "\"colors=2\""));
    assert_non_null(strstr(log_text, "\"color=bad\" is not understood"));
    assert_non_null(strstr(log_text, "\"nothing\""));
    assert_non_null(strstr(log_text, "\"env:noequals\""));
    parse("color");
    assert_string_equal(last_value, "");
}

static void test_empty(void **state)
{
    (void)state;
    assert_int_equal(parse("").count, 1);
    assert_int_equal(parse("   ").count, 1);
    assert_int_equal(parse("--").count, 1);
    assert_int_equal(parse("-- \"\"").count, 2);
    assert_int_equal(parse("-- \"open").count, 2);
    assert_int_equal(parse("-- x\\").count, 2);
}

/* What is left of a command line, and what went to the generator. */
static void check_seed(const char *text, const char *left, const char *seed)
{
    char copy[100];

    stirred[0] = '\0';
    snprintf(copy, sizeof(copy), "%s", text);
    commandline_take_seed(copy);
    assert_string_equal(copy, left);
    assert_string_equal(stirred, seed);
}

static void test_seed(void **state)
{
    (void)state;
    check_seed("seed=0123abcd", "seed=********", "0123abcd;");
    check_seed(" a seed=1 b seed=22 -- seed=3", " a seed=* b seed=** -- seed=3", "1;22;");
    check_seed("\"seed=1 2\" b", "\"seed=***\" b", "1 2\";");
    check_seed("seed=\"1 2\" b", "seed=\"***\" b", "\"1 2\";");
    check_seed("seed=1\\\"2 b", "seed=**** b", "1\\\"2;");
    check_seed("a=\" -- \" seed=1", "a=\" -- \" seed=*", "1;");
    check_seed("seed= seeds=1 xseed=1 env:seed=1", "seed= seeds=1 xseed=1 env:seed=1", "");
    check_seed("", "", "");
    check_seed("seed=1\\", "seed=**", "1\\;");
    parse("seed=****");
    assert_string_equal(log_text, "");
    parse("seed=");
    assert_non_null(strstr(log_text, "\"seed=\" is not understood"));
}

static void test_any_bytes(void **state)
{
    static const char letters[] = " \t\"\\-=:aenvsd";
    char text[64];

    (void)state;
    srand(3);
    for (int round = 0; round < 20000; round++) {
        struct application_arguments a;
        size_t length = rand() % sizeof(text);

        for (size_t i = 0; i < length; i++)
            text[i] = letters[rand() % (sizeof(letters) - 1)];
        text[length ? length - 1 : 0] = '\0';
        stirred[0] = '\0';
        commandline_take_seed(text);
        a = parse(text);
        free(a.arguments);
        free(a.environment);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts),     cmocka_unit_test(test_warnings),
        cmocka_unit_test(test_empty),     cmocka_unit_test(test_seed),
        cmocka_unit_test(test_any_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
