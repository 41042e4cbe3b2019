/* SPDX-License-Identifier: MIT */
/*
 * Event channels with a brake: see include/xen/bus/frontend.h.
 */
#include "xen/bus/frontend.h"

#include <string.h>

#include "xen/evtchn.h"

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

static void prepare(struct frontend_port *port, void (*event)(void *argument), void *argument)
{
    port->event = event;
    port->argument = argument;
    port->masked = true;
    port->idle = 0;
}

int frontend_port_open(struct frontend_port *port, uint16_t domain, void (*event)(void *argument),
                       void *argument)
{
    int result;

    prepare(port, event, argument);
    result = evtchn_alloc_unbound(domain, handle, port);
    if (result < 0)
        return result;
    port->port = result;
    return 0;
}

int frontend_port_attach(struct frontend_port *port, uint32_t number, void (*event)(void *argument),
                         void *argument)
{
    int result;

    prepare(port, event, argument);
    result = evtchn_attach(number, handle, port);
    if (result == 0)
        port->port = (int)number;
    return result;
}

void frontend_port_forget(struct frontend_port *port)
{
    if (port->port == 0)
        return;
    timer_cancel(&port->timer);
    port->port = 0;
    port->masked = true;
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
