/* SPDX-License-Identifier: MIT */
/* The guest's other devices, and the requests that it answers over xenstore (../requests.h). */
#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "backend.h"

static char token[32];
static int echo = -1;

static const char *data(const char *node)
{
    static char text[2][64];
    static unsigned int next;
    char *to = text[next++ % 2];

    snprintf(to, sizeof(text[0]), "/local/domain/%u/data/%s", guest, node);
    return to;
}

void guest_open(const char *address)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(7) };
    struct timeval patience = { .tv_sec = 1 };

    inet_pton(AF_INET, address, &to.sin_addr);
    echo = socket(AF_INET, SOCK_DGRAM, 0);
    setsockopt(echo, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    if (connect(echo, (struct sockaddr *)&to, sizeof(to)) != 0)
        fail("no way to %s", address);
}

void ask_start(const char *format, ...)
{
    static unsigned int count;
    char words[128];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(words, sizeof(words), format, arguments);
    va_end(arguments);
    snprintf(token, sizeof(token), "liar%u", ++count);
    put(data("request"), "%s %s", token, words);
}

bool ask_answered(char answer[256])
{
    unsigned int length;
    char *found = xs_read(store, XBT_NULL, data("answer"), &length);
    size_t size = strlen(token);
    bool ours = found != NULL && strncmp(found, token, size) == 0 && found[size] == ' ';

    if (ours)
        snprintf(answer, 256, "%s", found + size + 1);
    free(found);
    return ours;
}

static void wait_answer(char answer[256], double patience)
{
    double end = now() + patience;

    while (!ask_answered(answer)) {
        if (now() > end)
            fail("the guest does not answer");
        nap(5);
    }
}

void ask_wait(char answer[256])
{
    wait_answer(answer, PATIENCE);
}

void ask_expect_within(const char *wanted, double patience)
{
    char answer[256];

    wait_answer(answer, patience);
    if (strcmp(answer, wanted) != 0)
        fail("the guest says '%s', expected '%s'", answer, wanted);
}

void ask_expect(const char *wanted)
{
    ask_expect_within(wanted, PATIENCE);
}

void check_card(const char *after)
{
    char sent[32], received[32];
    static unsigned int count;
    int length = snprintf(sent, sizeof(sent), "echo %u", ++count);

    for (int attempt = 0; attempt < (int)PATIENCE; attempt++) {
        if (send(echo, sent, (size_t)length, 0) != length)
            continue;
        while (recv(echo, received, sizeof(received), 0) == length)
            if (memcmp(sent, received, (size_t)length) == 0)
                return;
    }
    fail("after %s: no echo over the honest card", after);
}

void check_honest(const char *after)
{
    ask_start("read xvda 65536");
    ask_expect("ok");
    check_card(after);
    note("ok: %s: the honest disk and card answer", after);
}

/* Without what may change (../../usage.h): the first two words. */
static void ask_usage(char usage[256])
{
    char *space;

    ask_start("usage");
    ask_wait(usage);
    space = strchr(usage, ' ');
    space = space != NULL ? strchr(space + 1, ' ') : NULL;
    if (space == NULL)
        fail("the guest says of what is in use: '%s'", usage);
    memmove(usage, space + 1, strlen(space));
}

static char usage_before[256];

void usage_note(void)
{
    ask_usage(usage_before);
}

/* Pages that were let go late come back within a second. */
void usage_check(const char *after)
{
    double end = now() + PATIENCE;
    char usage[256];

    while (ask_usage(usage), strcmp(usage, usage_before) != 0) {
        if (now() > end)
            fail("after %s: in use is %s; before: %s", after, usage, usage_before);
        nap(50);
    }
}
