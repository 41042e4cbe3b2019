/* SPDX-License-Identifier: MIT */
/*
 * Requests from run.sh to a running image, over xenstore, so that asking touches neither network
 * nor console: dom0 writes data/request, "TOKEN WORDS…", and finds the answer in data/answer,
 * "TOKEN TEXT" (`ask` in lib.sh does both). One request at a time; the answer is made in the
 * caller's thread.
 */
#ifndef TEST_GUEST_REQUESTS_H
#define TEST_GUEST_REQUESTS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/sched/sched.h"
#include "xen/bus/xenstore.h"

#define REQUESTS_ANSWER 200

/* A request's first word, and who answers it; `rest` is what follows the word, perhaps nothing. */
struct requests_command {
    const char *name;
    void (*run)(char *rest, char *answer);
};

static struct wait_queue requests_queue = WAIT_QUEUE_INIT(requests_queue);
static bool requests_waiting;

static void requests_changed(struct xenstore_watch *watch, const char *path)
{
    (void)watch;
    (void)path;
    requests_waiting = true;
    wake_all(&requests_queue);
}

/*
 * Answer requests until `handle` returns false. It reads the words and writes its answer, one line,
 * into `answer`. 0, or -errno of the watch.
 */
static inline int requests_serve(bool (*handle)(char *words, char answer[REQUESTS_ANSWER]))
{
    static struct xenstore_watch watch = { .path = "data/request", .callback = requests_changed };
    char answer[REQUESTS_ANSWER], last[32] = "";
    int error = xenstore_watch_register(&watch);
    bool more = error == 0;

    while (more) {
        char *request, *words;

        wait_until(&requests_queue, requests_waiting, DEADLINE_NEVER);
        requests_waiting = false;
        if (xenstore_read(XENSTORE_NONE, "data/request", &request, NULL) < 0)
            continue;
        words = strchr(request, ' ');
        if (words && words - request < (long)sizeof(last)) {
            *words++ = '\0';
            if (strcmp(request, last) != 0) {
                strcpy(last, request);
                answer[0] = '\0';
                more = handle(words, answer);
                xenstore_write_format(XENSTORE_NONE, "data", "answer", "%s %s", last, answer);
            }
        }
        free(request);
    }
    if (error == 0)
        xenstore_watch_unregister(&watch);
    return error;
}

/* For a `handle` of commands: all but "end" are answered. */
static inline bool requests_dispatch(const struct requests_command *commands, size_t count,
                                     char *words, char *answer)
{
    char *rest = words + strcspn(words, " ");

    if (*rest == ' ')
        *rest++ = '\0';
    if (strcmp(words, "end") == 0)
        return false;
    snprintf(answer, REQUESTS_ANSWER, "no such request: %s", words);
    for (size_t i = 0; i < count; i++)
        if (strcmp(words, commands[i].name) == 0)
            commands[i].run(rest, answer);
    return true;
}

#endif
