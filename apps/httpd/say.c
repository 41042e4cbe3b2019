/* SPDX-License-Identifier: MIT */
/* Without stdio, which nothing else here needs either. */
#include <errno.h>
#include <unistd.h>

#include "say.h"
#include "text.h"

void say(int descriptor, const char *first, const char *second, const char *third,
         const char *fourth)
{
    char buffer[1024];
    struct text t = { .data = buffer, .cap = sizeof(buffer) - 1 };

    text_literal(&t, "httpd: ");
    text_string(&t, first);
    text_string(&t, second);
    text_string(&t, third);
    text_string(&t, fourth);
    t.cap = sizeof(buffer);
    text_literal(&t, "\n");

    ssize_t written = write(descriptor, t.data, t.len);

    (void)written;
}

int complain(const char *first, const char *second, const char *third, const char *fourth)
{
    say(STDERR_FILENO, first, second, third, fourth);
    return -EINVAL;
}
