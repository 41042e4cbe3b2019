/* SPDX-License-Identifier: MIT */
/*
 * What the compiler calls in place of memcpy() and its kin when it knows how much room the
 * destination has but not how much will be written (_FORTIFY_SOURCE; newlib's <ssp/string.h>).
 * newlib has these too, but built without frame pointers: the report could not name the caller.
 */
#include <ssp/ssp.h>
#include <string.h>

#include "lib/base/printk.h"

void *__memcpy_chk(void *to, const void *from, size_t length, size_t room);
void *__memmove_chk(void *to, const void *from, size_t length, size_t room);
void *__mempcpy_chk(void *to, const void *from, size_t length, size_t room);
void *__memset_chk(void *to, int value, size_t length, size_t room);
char *__strcpy_chk(char *to, const char *from, size_t room);
char *__stpcpy_chk(char *to, const char *from, size_t room);
char *__strcat_chk(char *to, const char *from, size_t room);
char *__strncpy_chk(char *to, const char *from, size_t length, size_t room);
char *__stpncpy_chk(char *to, const char *from, size_t length, size_t room);
char *__strncat_chk(char *to, const char *from, size_t length, size_t room);

void __chk_fail(void)
{
    panic("buffer overflow: a function of the C library was to write past the end of its "
          "destination");
}

static void check(size_t length, size_t room)
{
    if (length > room)
        __chk_fail();
}

void *__memcpy_chk(void *to, const void *from, size_t length, size_t room)
{
    check(length, room);
    return memcpy(to, from, length);
}

void *__memmove_chk(void *to, const void *from, size_t length, size_t room)
{
    check(length, room);
    return memmove(to, from, length);
}

void *__mempcpy_chk(void *to, const void *from, size_t length, size_t room)
{
    check(length, room);
    return (char *)memcpy(to, from, length) + length;
}

void *__memset_chk(void *to, int value, size_t length, size_t room)
{
    check(length, room);
    return memset(to, value, length);
}

/* Returns the end of the copy. */
static char *copy_string(char *to, const char *from, size_t room)
{
    size_t length = strlen(from);

    check(length + 1, room);
    memcpy(to, from, length + 1);
    return to + length;
}

char *__stpcpy_chk(char *to, const char *from, size_t room)
{
    return copy_string(to, from, room);
}

char *__strcpy_chk(char *to, const char *from, size_t room)
{
    copy_string(to, from, room);
    return to;
}

char *__strcat_chk(char *to, const char *from, size_t room)
{
    size_t used = strnlen(to, room);

    copy_string(to + used, from, room - used);
    return to;
}

char *__strncpy_chk(char *to, const char *from, size_t length, size_t room)
{
    check(length, room);
    return strncpy(to, from, length);
}

char *__stpncpy_chk(char *to, const char *from, size_t length, size_t room)
{
    check(length, room);
    return stpncpy(to, from, length);
}

char *__strncat_chk(char *to, const char *from, size_t length, size_t room)
{
    size_t used = strnlen(to, room), added = strnlen(from, length);

    check(used + added + 1, room);
    memcpy(to + used, from, added);
    to[used + added] = '\0';
    return to;
}
