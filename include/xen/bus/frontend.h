/* SPDX-License-Identifier: MIT */
/*
 * What all frontends share beside the ring: an event channel with a brake, and pages granted for
 * the life of a connection.
 *
 * An event leaves the port masked (xen/evtchn.h). The driver calls frontend_port_rearm() when it
 * has done the work. Events that bring no work are let pass a few times in a row, since a
 * notification may arrive after its work was found by itself; after that, the port stays masked for
 * a while, twice as long each time, up to a second. The first event with work resets this. So a
 * storm costs the guest next to nothing, and an honest backend nothing at all. Any context; nothing
 * blocks.
 */
#ifndef XEN_BUS_FRONTEND_H
#define XEN_BUS_FRONTEND_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/sched/sched.h"

#define FRONTEND_IDLE_EVENTS 8u
#define FRONTEND_DELAY_FIRST MILLISECONDS(1)
#define FRONTEND_DELAY_MAX SECONDS(1)

struct frontend_port {
    int port; /* 0: none */
    bool masked;
    unsigned int idle; /* events in a row without work */
    void (*event)(void *argument);
    void *argument;
    struct timer timer;
};

/* A struct that no port was opened in may be closed. */
void frontend_port_init(struct frontend_port *port);

/*
 * Allocate a port for the backend; it comes masked, rearm starts it. `event` is called with the
 * port masked. 0 or -errno.
 */
int frontend_port_open(struct frontend_port *port, uint16_t domain, void (*event)(void *argument),
                       void *argument);

/* The same for a port that Xen had bound before the domain began to run. 0 or -errno. */
int frontend_port_attach(struct frontend_port *port, uint32_t number, void (*event)(void *argument),
                         void *argument);

/* All event channels are gone, and the number may be someone else's: it is not closed. */
void frontend_port_forget(struct frontend_port *port);

/* The work of the last event is done; `worked` tells whether there was any. */
void frontend_port_rearm(struct frontend_port *port, bool worked);

/* Keep the port masked for good: its device is broken. */
void frontend_port_silence(struct frontend_port *port);

void frontend_port_close(struct frontend_port *port);

/* Work was found without an event: the event that comes for it, and finds none, is no offence. */
static inline void frontend_port_worked(struct frontend_port *port)
{
    port->idle = 0;
}

/*
 * The memory of a ring: a zeroed page, granted writable. On -ENOMEM or -ENOSPC nothing has changed
 * and *memory is NULL. The counterpart accepts NULL; a page that the backend still holds is set
 * aside by the grant table.
 *
 * A backend that connects again and again and never lets go would so take all memory, or all
 * references: it gets no further ring (-EBUSY) while its domain holds more than this part of all
 * pages or of the references that the host allows.
 */
#define FRONTEND_HELD_SHARE 16u
int frontend_ring_alloc(uint16_t domain, void **memory, int *reference);
void frontend_ring_free(void **memory, int *reference);
/* The same for 2^order pages that lie side by side, and as many references. */
int frontend_rings_alloc(uint16_t domain, unsigned int order, void **memory, int *references);
void frontend_rings_free(unsigned int order, void **memory, int *references);

/*
 * An optional number of the backend's: `fallback` when it is absent, malformed or above `maximum`.
 * Waits for xenstore: threads only.
 */
uint64_t frontend_read_number(const char *directory, const char *node, uint64_t maximum,
                              uint64_t fallback);

#endif
