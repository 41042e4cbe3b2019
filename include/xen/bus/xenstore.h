/* SPDX-License-Identifier: MIT */
/*
 * Client of xenstore (<xen-abi/io/xs_wire.h>, docs/misc/xenstore.txt in Xen's tree).
 *
 * Requests of several threads are in flight at once, told apart by their id. All calls block, if
 * not said otherwise: threads only. Each waits at most XENSTORE_TIMEOUT; then -ETIMEDOUT, and the
 * id is not reused while the answer may still come. Errors: 0 or -errno: -ENOENT, -EACCES, -EAGAIN
 * (transaction conflict, or the domain was restored meanwhile: do it all again), -EIO (the other side broke the protocol; all later
 * requests fail so too), -ENOMEM, -E2BIG (over 4096 bytes), -EINVAL. Paths without a leading slash
 * are relative to the domain's own, /local/domain/<id>.
 */
#ifndef XEN_BUS_XENSTORE_H
#define XEN_BUS_XENSTORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/list.h"
#include "lib/sched/sched.h"

#define XENSTORE_TIMEOUT SECONDS(30)

/*
 * A transaction: xenstore's id for it, and above that the number of restores before it began, since
 * a transaction ends with its domain. XENSTORE_NONE means outside of any.
 */
typedef uint64_t xenstore_transaction;
#define XENSTORE_NONE 0u

/* The longest value that xenstore_write_format() makes, with its NUL. */
#define XENSTORE_FORMAT_MAX 256

/*
 * Called once at boot with the ring page and port from the start info, in a thread or before there
 * are any; does not wait for the other side. 0 or -errno, said in one log line; all later calls
 * then answer -EIO.
 */
int xenstore_init(void *ring_page, uint32_t port);

/*
 * Before the domain is saved: new requests wait from now on, and those under way are waited for,
 * until the deadline. What is unanswered then is repeated in the new domain. cancel: go on. Threads
 * only.
 */
void xenstore_suspend(uint64_t deadline);
void xenstore_suspend_cancel(void);
/*
 * In a new domain, with its ring page (NULL: none) and port: requests go on, and each watch is
 * registered anew, which calls its callback. Transactions of before answer -EAGAIN. 0 or -errno, as
 * xenstore_init(). Any context.
 */
int xenstore_resume(void *ring_page, uint32_t port);

/*
 * *value becomes a NUL-terminated copy (for kernel_free()); *length, when asked for, its length.
 */
int xenstore_read(xenstore_transaction transaction, const char *path, char **value, size_t *length);
int xenstore_write(xenstore_transaction transaction, const char *path, const char *value);
int xenstore_remove(xenstore_transaction transaction, const char *path);
int xenstore_make_directory(xenstore_transaction transaction, const char *path);

/*
 * Names of the children: one block (kernel_free(*names)) that holds the pointers and the strings.
 */
int xenstore_directory(xenstore_transaction transaction, const char *path, char ***names,
                       unsigned int *count);

int xenstore_transaction_start(xenstore_transaction *transaction);
/* Commit or abort. -EAGAIN: nothing was done, start over. */
int xenstore_transaction_end(xenstore_transaction transaction, bool commit);

/*
 * Values are other people's data: these read, parse strictly, and fail with -EINVAL (bad form) or
 * -ERANGE. `node` is appended to `directory` with a slash. A formatted value over
 * XENSTORE_FORMAT_MAX is -E2BIG.
 */
int xenstore_read_number(xenstore_transaction transaction, const char *directory, const char *node,
                         uint64_t minimum, uint64_t maximum, uint64_t *number);
int xenstore_write_format(xenstore_transaction transaction, const char *directory, const char *node,
                          const char *format, ...) __attribute__((format(printf, 4, 5)));

/*
 * Watches: `callback(watch, path)` is called in the xenstore watch thread, the one thread for all
 * watches and for xenbus (it may block and use xenstore), once right after the registration and
 * then whenever something at or below the path changed. `path` is what changed, valid during the
 * call; equal events that wait are reported once, and when more wait than can be kept, `path` is
 * the watch's own.
 *
 * xenstore_watch_register: waits for the answer; on error nothing has changed.
 * xenstore_watch_register_later: does not wait (any context, also before xenstore_init()); the
 * watch thread asks, again if there is no answer, and logs a failure. Unregistering waits for a running callback, unless it is
 * called from it; the struct may then be freed. The caller owns the struct and the path string,
 * and fills in the first three members. xenstore_watch_again: call the callback once more, with
 * the watch's own path, though nothing changed: how a timer gets work done in the watch thread
 * (any context); nothing, when the watch is not registered.
 */
struct xenstore_watch {
    const char *path;
    void (*callback)(struct xenstore_watch *watch, const char *path);
    void *argument;
    struct list link; /* from here on xenstore's own */
    struct list pending, mark;
    struct xenstore_watch *next_in_bucket;
    uint32_t token;
    unsigned char state, attempts;
    bool known; /* registered, or to be */
};
int xenstore_watch_register(struct xenstore_watch *watch);
void xenstore_watch_register_later(struct xenstore_watch *watch);
void xenstore_watch_unregister(struct xenstore_watch *watch);
void xenstore_watch_again(struct xenstore_watch *watch);

/*
 * Requests without an answer yet (those that timed out included) and watches registered, for tests
 * that count what is left over.
 */
unsigned int xenstore_requests_in_flight(void);
unsigned int xenstore_watches(void);

#endif
