/* SPDX-License-Identifier: MIT */
/*
 * Shutdown: the watch on control/shutdown and the last hypercall. A request to suspend is served in
 * the watch's callback, where no other callback, and so no device, is in the middle of a step.
 *
 * The toolstack writes a word and expects the node to change. Reading and clearing happen in one
 * transaction, so that a second word written in between is not lost: then the commit answers
 * -EAGAIN and all is done again, a bounded number of times, since whoever writes in a loop can
 * keep us from ever getting through.
 */
#include "xen/domain/lifecycle.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include <xen-abi/xen.h>
#include <xen-abi/sched.h>

#include "lib/base/printk.h"
#include "xen/bus/console.h"
#include "xen/hypercall.h"
#include "xen/domain/suspend.h"
#include "xen/bus/xenstore.h"
#include "lib/mm/heap.h"

#define NODE "control/shutdown"
#define ATTEMPTS 16
#define LOGGED_LENGTH 32 /* bytes of a foreign word that a log line shows */

static const struct {
    const char *word;
    int reason;
} requests[] = {
    { "poweroff", SHUTDOWN_poweroff }, { "halt", SHUTDOWN_poweroff },
    { "reboot", SHUTDOWN_reboot },     { "crash", SHUTDOWN_crash },
    { "suspend", SHUTDOWN_suspend },
};

static const char *const features[] = { "feature-poweroff", "feature-reboot", "feature-suspend" };

static bool announced;
static void (*ask_to_end)(int reason);

/* The SHUTDOWN_* reason that a word stands for, or -1. */
static int find_reason(const char *word)
{
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
        if (strcmp(word, requests[i].word) == 0)
            return requests[i].reason;
    return -1;
}

/* Printable or not at all: the word comes from outside. */
static void report_unknown(char *word)
{
    for (char *c = word; *c != '\0'; c++)
        if (*c < ' ' || *c > '~')
            *c = '?';
    printk("lifecycle: %s asks for \"%.*s\", which is not understood: ignored", NODE, LOGGED_LENGTH,
           word);
}

/*
 * In a transaction: read the request into *reason (-1: there is none that we know), and clear it
 * if we know it.
 */
static int read_and_clear(xenstore_transaction transaction, int *reason)
{
    char *word;
    int error = xenstore_read(transaction, NODE, &word, NULL);

    *reason = -1;
    if (error < 0)
        return error == -ENOENT ? 0 : error;
    *reason = find_reason(word);
    if (*reason >= 0)
        error = xenstore_write(transaction, NODE, "");
    else if (word[0] != '\0')
        report_unknown(word);
    kernel_free(word);
    return error;
}

/* One attempt to take a request: 0 with *reason set as above, -EAGAIN, or another -errno. */
static int take_request(int *reason)
{
    xenstore_transaction transaction;
    int error = xenstore_transaction_start(&transaction);

    if (error < 0)
        return error;
    error = read_and_clear(transaction, reason);
    bool commit = error == 0 && *reason >= 0;
    int end = xenstore_transaction_end(transaction, commit);
    return commit ? end : error;
}

static void announce(void)
{
    for (size_t i = 0; i < sizeof(features) / sizeof(features[0]) && !announced; i++)
        if (xenstore_write_format(XENSTORE_NONE, "control", features[i], "1") < 0)
            printk("lifecycle: cannot write control/%s", features[i]);
    announced = true;
}

static void shutdown_changed(struct xenstore_watch *watch, const char *path)
{
    int reason = -1;
    int error = -EAGAIN;

    (void)watch;
    (void)path;
    announce();
    for (int attempt = 0; attempt < ATTEMPTS && error == -EAGAIN; attempt++)
        error = take_request(&reason);
    if (error < 0) {
        printk("lifecycle: cannot take the request in %s: %d", NODE, error);
        return;
    }
    if (reason < 0)
        return;
    if (reason == SHUTDOWN_suspend) {
        domain_suspend();
        announced = false; /* a restored domain has new nodes; its new watch ends here again */
        return;
    }
    printk("lifecycle: the toolstack asks for shutdown, reason %d", reason);
    ask_to_end(reason);
}

void lifecycle_init(void (*end)(int shutdown_reason))
{
    static struct xenstore_watch watch = { .path = NODE, .callback = shutdown_changed };

    ask_to_end = end;
    xenstore_watch_register_later(&watch);
}

void domain_shutdown(unsigned int reason)
{
    struct sched_shutdown shutdown = { .reason = reason };

    console_emergency_flush();
    hypercall_sched_op(SCHEDOP_shutdown, &shutdown);
    /* Xen does not come back; if it did, there would be nothing left to run. */
    for (;;)
        hypercall_sched_op(SCHEDOP_block, NULL);
}
