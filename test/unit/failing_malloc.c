/* SPDX-License-Identifier: MIT */
/*
 * malloc() and its relatives fail when fakes.h says so. Link with
 * "// CFLAGS: -Wl,--wrap=malloc,--wrap=calloc,--wrap=strdup,--wrap=strndup".
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fakes.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t length);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t length);

static bool fails(void)
{
    if (!fake_allocation_fails())
        return false;
    errno = ENOMEM;
    return true;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

char *__wrap_strdup(const char *text)
{
    return fails() ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t length)
{
    return fails() ? NULL : __real_strndup(text, length);
}
