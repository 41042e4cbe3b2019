/* SPDX-License-Identifier: MIT */
/*
 * The PV console (<xen-abi/io/console.h>): what `xl console` shows and xenconsoled logs.
 *
 * Output: "\n" goes out as "\r\n", since the reader's terminal is in raw mode. Log lines never
 * wait; they and everything written before console_init() go through a backlog of 4 KiB, from
 * which the newest text is dropped when it is full. Threads wait for room, but never longer than
 * CONSOLE_STALL_TIMEOUT without progress. Dropped bytes are counted, and a line says how many once
 * there is room again. A backend that breaks the ring's rules loses that direction of the console.
 */
#ifndef XEN_BUS_CONSOLE_H
#define XEN_BUS_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/sched/sched.h"

#define CONSOLE_STALL_TIMEOUT SECONDS(1)

/*
 * Take over the ring page and the port that the domain builder made; what was written before comes
 * out. Boot context or a thread. 0 or -errno; after an error, or when never called (no console),
 * output is dropped and input is at its end.
 */
int console_init(void *ring_page, uint32_t port);

/*
 * In a new domain: the same with its ring page (NULL: it has no console) and port, whatever became
 * of the old ones. What the old domain's backend had not read is lost with the old page, if that
 * was replaced, and counted as dropped. Any context.
 */
void console_resume(void *ring_page, uint32_t port);

/*
 * Write all of it. 0, also when some had to be dropped because the backend stands still, or -EIO
 * (broken or no console). Writes of several threads do not mix. Threads only.
 */
int console_write(const void *data, size_t length);

/*
 * Write what the ring takes at once: the count (> 0), -EAGAIN (nothing now), -EIO as above. Any
 * context.
 */
ssize_t console_write_now(const void *data, size_t length);

/* True when console_write_now() would not answer -EAGAIN. Any context. */
bool console_writable(void);

/* One log line of printk(). Never waits; any context. */
void console_log_write(const void *data, size_t length);

/*
 * Last words: busy-waits for room, for at most CONSOLE_STALL_TIMEOUT in all. Any context, traps
 * included.
 */
void console_emergency_write(const void *data, size_t length);

/*
 * Read what has arrived, at most `size` bytes: the count, 0 at the end (no console), -EAGAIN
 * (nonblocking and nothing there), -EIO (broken). The Return key's "\r" reads as "\n". Waits
 * without limit unless nonblocking. Threads only.
 */
ssize_t console_read(void *buffer, size_t size, bool nonblocking);

/* True when console_read() would not wait. Any context. */
bool console_readable(void);

/* Woken when console_readable() or console_writable() may have become true. */
struct wait_queue *console_wait_queue(void);

/* Wait until the backend has taken all output, at the latest until the deadline. Threads only. */
void console_flush(uint64_t deadline);

/* The same by busy waiting, at most CONSOLE_STALL_TIMEOUT. Any context. */
void console_emergency_flush(void);

/* Bytes dropped since boot, for tests and statistics. */
uint64_t console_dropped(void);

#endif
