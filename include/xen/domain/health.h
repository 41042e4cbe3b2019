/* SPDX-License-Identifier: MIT */
/*
 * The domain's health, in one line of xenstore: data/health below the domain's own path, which
 * docs/health.md describes. Written when the state changes or a device comes or goes, at most once
 * a second; otherwise looked at once a minute and written when it differs; and at once for whoever
 * empties or removes the node. Only images with this room.
 */
#ifndef XEN_DOMAIN_HEALTH_H
#define XEN_DOMAIN_HEALTH_H

#include <stddef.h>

/*
 * A number of the line, offered by its room with HEALTH_NUMBER(). listen: NULL, or called once at
 * boot with a function that the room shall call (any context) when its number has changed.
 */
struct health_number {
    const char *name;
    size_t (*value)(void);
    void (*listen)(void (*changed)(void));
};

#define HEALTH_NUMBER(number)                               \
    static const struct health_number *const number##_entry \
        __attribute__((used, section(".health_numbers"))) = &(number)

#endif
