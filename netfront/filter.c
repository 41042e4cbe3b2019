/* SPDX-License-Identifier: MIT */
/*
 * Which groups are wanted, and whether the backend is asked to filter: multicast.c tells how.
 */
#include "netfront.h"

#include <string.h>

#include "lib/base/printk.h"
#include "xen/bus/xenstore.h"

#define REQUEST_NODE "request-multicast-control"

/* The same where nobody looks for answers yet. */
static void settle(struct netfront *nic)
{
    netfront_multicast_settle(nic);
    if (nic->multicast.unsettled)
        netfront_transmit_expect(nic->queue[0]);
}

/* The group's entry; for one that is not in the table, a free one or NULL. */
static struct netfront_group *find(struct netfront_multicast *multicast, const uint8_t mac[6])
{
    struct netfront_group *group, *unused = NULL;

    for (group = multicast->group; group < multicast->group + NETFRONT_GROUPS; group++) {
        bool is_free = group->users == 0 && !group->in_flight &&
                       group->state == NETFRONT_GROUP_ABSENT;

        if (!is_free && memcmp(group->mac, mac, sizeof(group->mac)) == 0)
            return group;
        if (is_free && unused == NULL)
            unused = group;
    }
    if (unused != NULL)
        memcpy(unused->mac, mac, sizeof(unused->mac));
    return unused;
}

/*
 * Groups without an entry are only counted, and nothing is filtered while there are any: one that
 * is given up and has no entry, or no user there, is one of them.
 */
void netfront_filter(struct net_device *device, const uint8_t mac[6], bool wanted)
{
    struct netfront *nic = netfront_of(device);
    struct netfront_multicast *multicast = &nic->multicast;
    struct netfront_group *group = find(multicast, mac);

    if (wanted && group != NULL)
        group->users++;
    else if (wanted)
        multicast->excess++;
    else if (group != NULL && group->users > 0)
        group->users--;
    else if (multicast->excess > 0)
        multicast->excess--;
    if (multicast->excess > 0)
        netfront_multicast_give_up(nic);
    if (!multicast->asked && multicast->begun)
        xenbus_again(nic->bus);
    multicast->asked = true;
    settle(nic);
}

int netfront_multicast_request(struct netfront *nic, bool filter)
{
    int result;

    if (filter == nic->multicast.requested)
        return 0;
    result = xenstore_write_format(XENSTORE_NONE, nic->bus->node, REQUEST_NODE, "%d", filter);
    if (result == 0)
        nic->multicast.requested = filter;
    return result;
}

/* The list goes first, so that nothing that is wanted is missed meanwhile. */
void netfront_multicast_begin(struct netfront *nic)
{
    struct netfront_multicast *multicast = &nic->multicast;
    bool offered =
        frontend_read_number(nic->bus->backend, "feature-dynamic-multicast-control", 1, 0) == 1;
    int result;

    if (nic->broken)
        return;
    multicast->begun = true;
    multicast->refused |= multicast->excess > 0;
    multicast->filtering = offered && multicast->asked && !multicast->refused;
    netfront_transmit_reap(nic->queue[0]);
    netfront_multicast_set_told(multicast, multicast->filtering ? NETFRONT_GROUP_UNSURE
                                                                : NETFRONT_GROUP_ABSENT);
    settle(nic);
    result = netfront_multicast_request(nic, multicast->filtering);
    if (result != 0)
        printk_limited(&nic->bus->log, "%s: cannot ask for multicast: error %d", nic->device.name,
                       -result);
}
