/* SPDX-License-Identifier: MIT */
/*
 * Event channels with a brake, and ring memory: see include/xen/frontend.h.
 */
#include "xen/frontend.h"

#include <errno.h>
#include <string.h>

#include "lib/pages.h"
#include "xen/evtchn.h"
#include "xen/gnttab.h"
#include "xen/xenstore.h"

static void unmask(struct frontend_port *port)
{
    port->masked = false;
    evtchn_unmask(port->port);
}

static void delay_over(void *argument)
{
    unmask(argument);
}

static void handle(void *argument)
{
    struct frontend_port *port = argument;

    port->masked = true;
    port->event(port->argument);
}

void frontend_port_init(struct frontend_port *port)
{
    memset(port, 0, sizeof(*port));
    timer_init(&port->timer, delay_over, port);
}

int frontend_port_open(struct frontend_port *port, uint16_t domain, void (*event)(void *argument),
                       void *argument)
{
    int result;

    port->event = event;
    port->argument = argument;
    port->masked = true;
    port->idle = 0;
    result = evtchn_alloc_unbound(domain, handle, port);
    if (result < 0)
        return result;
    port->port = result;
    return 0;
}

/* 1 ms for the first event too many, doubled with each further one. */
static uint64_t delay_of(unsigned int idle)
{
    unsigned int doublings = idle - FRONTEND_IDLE_EVENTS - 1;
    uint64_t delay = FRONTEND_DELAY_FIRST << doublings;

    return delay < FRONTEND_DELAY_MAX ? delay : FRONTEND_DELAY_MAX;
}

void frontend_port_rearm(struct frontend_port *port, bool worked)
{
    if (port->port == 0 || !port->masked)
        return;
    if (worked) {
        port->idle = 0;
        timer_cancel(&port->timer);
        unmask(port);
        return;
    }
    if (port->idle < FRONTEND_IDLE_EVENTS + 16)
        port->idle++;
    if (port->idle <= FRONTEND_IDLE_EVENTS)
        unmask(port);
    else
        timer_set(&port->timer, deadline_after(delay_of(port->idle)));
}

void frontend_port_silence(struct frontend_port *port)
{
    timer_cancel(&port->timer);
    if (port->port > 0)
        evtchn_mask(port->port);
    port->masked = true;
}

void frontend_port_close(struct frontend_port *port)
{
    timer_cancel(&port->timer);
    if (port->port > 0)
        evtchn_close(port->port);
    port->port = 0;
    port->masked = true;
}

int frontend_ring_alloc(uint16_t domain, void **memory, int *reference)
{
    void *page;

    *memory = NULL;
    if (gnttab_held_by(domain) > pages_total() / FRONTEND_HELD_SHARE)
        return -EBUSY;
    page = page_alloc_zeroed();
    if (page == NULL)
        return -ENOMEM;
    *reference = gnttab_grant(domain, page_frame(page), false);
    if (*reference < 0) {
        page_free(page);
        return -ENOSPC;
    }
    *memory = page;
    return 0;
}

void frontend_ring_free(void **memory, int *reference)
{
    if (*memory == NULL)
        return;
    gnttab_end_and_free(*reference, *memory);
    *memory = NULL;
}

uint64_t frontend_read_number(const char *directory, const char *node, uint64_t maximum,
                              uint64_t fallback)
{
    uint64_t number;

    if (xenstore_read_number(XENSTORE_NONE, directory, node, 0, maximum, &number) != 0)
        return fallback;
    return number;
}
