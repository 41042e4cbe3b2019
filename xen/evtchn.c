/* SPDX-License-Identifier: MIT */
/*
 * Event channels: ports and their handlers. events.c has what the scheduler calls.
 *
 * A handler is found by its port's number: in groups of 64, of which the first is always there, and
 * others come when a port of theirs is bound and stay.
 */
#include "event_ports.h"

#include <errno.h>
#include <string.h>

#include "xen/boot_info.h"
#include "xen/hypercall.h"

static struct channel first_group[GROUP];
static struct channel *groups[GROUPS];
static void *(*allocate)(size_t size);
static unsigned int channels_used;

void evtchn_init(void *(*allocate_memory)(size_t size))
{
    allocate = allocate_memory;
    groups[0] = first_group;
}

/* Where a port's handler is or goes; NULL: no port, or its group is not there. */
static struct channel *place_of(uint32_t port)
{
    struct channel *group = port && port < PORTS ? groups[port / GROUP] : NULL;

    return group ? &group[port % GROUP] : NULL;
}

struct channel *evtchn_channel(uint32_t port)
{
    struct channel *channel = place_of(port);

    return channel && channel->handler ? channel : NULL;
}

static int add_group(uint32_t port)
{
    struct channel *group = allocate(sizeof(first_group));

    if (!group)
        return -ENOMEM;
    memset(group, 0, sizeof(first_group));
    groups[port / GROUP] = group;
    return 0;
}

int evtchn_attach(uint32_t port, evtchn_handler handler, void *argument)
{
    if (!port || port >= PORTS || evtchn_channel(port))
        return -EINVAL;
    if (!place_of(port) && add_group(port) != 0)
        return -ENOMEM;
    evtchn_mask((int)port);
    *place_of(port) = (struct channel){ handler, argument };
    channels_used++;
    return 0;
}

static void close_port(evtchn_port_t port)
{
    struct evtchn_close close = { .port = port };

    hypercall_event_channel_op(EVTCHNOP_close, &close);
}

/* Keep a port that Xen has just given, or close it again when there is no place. */
static int keep(evtchn_port_t port, evtchn_handler handler, void *argument)
{
    int error = evtchn_attach(port, handler, argument);

    if (error)
        close_port(port);
    return error ? error : (int)port;
}

int evtchn_alloc_unbound(uint16_t remote_domain, evtchn_handler handler, void *argument)
{
    struct evtchn_alloc_unbound operation = { .dom = DOMID_SELF, .remote_dom = remote_domain };
    int error = hypercall_event_channel_op(EVTCHNOP_alloc_unbound, &operation);

    return error ? error : keep(operation.port, handler, argument);
}

int evtchn_bind_interdomain(uint16_t remote_domain, uint32_t remote_port, evtchn_handler handler,
                            void *argument)
{
    struct evtchn_bind_interdomain operation = { .remote_dom = remote_domain,
                                                 .remote_port = remote_port };
    int error = hypercall_event_channel_op(EVTCHNOP_bind_interdomain, &operation);

    return error ? error : keep(operation.local_port, handler, argument);
}

int evtchn_bind_virq(uint32_t virq, evtchn_handler handler, void *argument)
{
    struct evtchn_bind_virq operation = { .virq = virq, .vcpu = 0 };
    int error = hypercall_event_channel_op(EVTCHNOP_bind_virq, &operation);

    return error ? error : keep(operation.port, handler, argument);
}

void evtchn_close(int port)
{
    struct channel *channel = port > 0 ? evtchn_channel((uint32_t)port) : NULL;

    if (!channel)
        return;
    evtchn_mask(port);
    close_port((evtchn_port_t)port);
    evtchn_clear_bit(boot_info.shared_info->evtchn_pending, (evtchn_port_t)port);
    memset(channel, 0, sizeof(*channel));
    channels_used--;
}

void evtchn_notify(int port)
{
    struct evtchn_send send = { .port = port };

    hypercall_event_channel_op(EVTCHNOP_send, &send);
}

void evtchn_forget_all(void)
{
    for (unsigned int i = 0; i < GROUPS; i++)
        if (groups[i])
            memset(groups[i], 0, sizeof(first_group));
    channels_used = 0;
    evtchn_forget_unmasked();
}

unsigned int evtchn_in_use(void)
{
    return channels_used;
}
