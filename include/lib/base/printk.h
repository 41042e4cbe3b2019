/* SPDX-License-Identifier: MIT */
/*
 * The kernel's own output: one line per event, stamped with the time since the guest's start.
 *
 * Formats: %s %c %d %i %u %x %p %% with the length modifiers l, ll, z, a field width, `0` and `-`
 * flags, `.precision` for %s, and %*. Nothing here allocates or blocks; all may be called in any
 * context, traps included.
 */
#ifndef LIB_BASE_PRINTK_H
#define LIB_BASE_PRINTK_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Log one line; `format` has no newline at its end. Longer lines than 256 bytes are cut. */
void printk(const char *format, ...) __attribute__((format(printf, 1, 2)));

void vprintk(const char *format, va_list arguments);

/*
 * For lines that another domain can cause as often as it likes: LOG_LIMIT_LINES of them in a row
 * for each struct, which begins as zeros, then one for each LOG_LIMIT_PERIOD that has passed. What
 * is left out is counted, and the count printed with the next line. Like printk() otherwise.
 */
#define LOG_LIMIT_LINES 32u
#define LOG_LIMIT_PERIOD 10000000000ull /* ns */
struct log_limit {
    uint64_t since;
    unsigned int used, left_out;
};
bool log_limit_allows(struct log_limit *limit);
#define printk_limited(limit, ...)   \
    do {                             \
        if (log_limit_allows(limit)) \
            printk(__VA_ARGS__);     \
    } while (0)

/*
 * The same for a thread that has much to say on request: waits for room as console_write() does,
 * and is not kept among the last log lines. Threads only.
 */
void printk_wait(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Either of the two, for functions that print for reports and for requests. */
typedef void (*print_line)(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * Format into buffer (always terminated when size > 0); returns the length that the whole text
 * would have, as snprintf does.
 */
int ksnprintf(char *buffer, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int kvsnprintf(char *buffer, size_t size, const char *format, va_list arguments);

/* Report, then stop the domain with the shutdown reason "crash". */
void panic(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
