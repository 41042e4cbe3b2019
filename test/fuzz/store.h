/* SPDX-License-Identifier: MIT */
/*
 * xenstore for the drivers' fuzzers: the calls of include/xen/bus/xenstore.h on a flat table, which a
 * fuzzer may answer in place of at each read; and the way to the drivers through the real xenbus.
 * Linked with test/fuzz/drivers.ld.
 */
#ifndef TEST_FUZZ_STORE_H
#define TEST_FUZZ_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STORE_VALUE_MAX 256u

/* Empty, and without watches. */
void store_start(void);

/* NULL removes. Nobody is told: see store_fire(). */
void store_set(const char *path, const char *value);
void store_set_number(const char *path, uint64_t value);
/* 0 when it is absent or no number. */
uint64_t store_number(const char *path);

/* Call the watches that are at or above the path. */
void store_fire(const char *path);

/*
 * Asked at each read, when set: 1 and a value of *length bytes (at most STORE_VALUE_MAX), 0 for
 * what the table says, or -errno.
 */
extern int (*store_lie)(const char *path, char value[STORE_VALUE_MAX], size_t *length);
/* The next writes fail. */
extern unsigned int store_write_failures;

/*
 * A device of domain 1 as the toolstack makes it, with its backend in domain 0; then the backend's
 * state, which the driver hears of; and its removal.
 */
void store_device(const char *type, unsigned int id);
void store_backend_state(const char *type, unsigned int id, unsigned int state);
void store_backend_set(const char *type, unsigned int id, const char *node, const char *value);
uint64_t store_frontend_number(const char *type, unsigned int id, const char *node);
void store_remove_devices(void);

#endif
