/* SPDX-License-Identifier: MIT */
/*
 * Multicast: the backend is asked to pass on only frames for groups that somebody here wants
 * ("multicast control" of <xen-abi/io/netif.h>).
 *
 * The backend keeps a list of groups; a request without data, with extra-info behind it, adds one
 * or takes one away. Ours is a table of what is wanted and what the backend was told, and both are
 * made to agree: at most one word about a group is under way, with an id of its own, and the next
 * one waits for the answer, or for room in the ring. So a group that comes and goes a thousand times
 * costs no more than the ring can take, and a connection that begins anew only forgets what was
 * told.
 *
 * A backend that comes back behind a connection may have an empty list, or still its old one: then
 * each group is first taken away, which does no harm to one that is not there, and then added.
 *
 * Either list may be too short: then the backend is asked to pass everything on, until the next
 * connection. It hears of that through xenstore, which only threads may use that can wait, so the
 * watch thread does it; and a backend that does not look there while it is connected (it offers no
 * "dynamic" control) is never asked to filter. Nor is it where nobody says which groups they want.
 */
#include "netfront.h"

#include <xen-abi/io/netif.h>

#define SLOTS_PER_WORD 2u /* a request and its extra-info */

/* What the backend is to be told of a group next, or NONE. */
static unsigned int word_for(const struct netfront_group *group)
{
    if (group->in_flight)
        return XEN_NETIF_EXTRA_TYPE_NONE;
    if (group->state == NETFRONT_GROUP_UNSURE ||
        (group->state == NETFRONT_GROUP_LISTED && group->users == 0))
        return XEN_NETIF_EXTRA_TYPE_MCAST_DEL;
    if (group->state == NETFRONT_GROUP_ABSENT && group->users > 0)
        return XEN_NETIF_EXTRA_TYPE_MCAST_ADD;
    return XEN_NETIF_EXTRA_TYPE_NONE;
}

void netfront_multicast_settle(struct netfront *nic)
{
    struct netfront_multicast *multicast = &nic->multicast;
    struct netfront_group *group = multicast->group;
    struct netfront_transmit *transmit;
    unsigned int i, word;

    multicast->unsettled = false;
    if (!multicast->filtering || !nic->connected || nic->broken)
        return;
    transmit = &nic->queue[0]->transmit;
    for (i = 0; i < NETFRONT_GROUPS; i++, group++) {
        word = word_for(group);
        if (word != XEN_NETIF_EXTRA_TYPE_NONE && ring_space(&transmit->ring) >= SLOTS_PER_WORD) {
            netfront_transmit_word(transmit, i, word, group->mac);
            group->in_flight = true;
        }
        multicast->unsettled |= word != XEN_NETIF_EXTRA_TYPE_NONE || group->in_flight;
    }
    if (multicast->unsettled)
        netfront_transmit_publish(nic->queue[0]);
}

/* The backend forgets, or may have forgotten, what it was told; words under way stay so. */
void netfront_multicast_set_told(struct netfront_multicast *multicast,
                                 enum netfront_group_state state)
{
    unsigned int i;

    for (i = 0; i < NETFRONT_GROUPS; i++)
        if (!multicast->group[i].in_flight && multicast->group[i].state != NETFRONT_GROUP_ABSENT)
            multicast->group[i].state = state;
}

void netfront_multicast_reset(struct netfront *nic)
{
    struct netfront_multicast *multicast = &nic->multicast;
    unsigned int i;

    for (i = 0; i < NETFRONT_GROUPS; i++) {
        multicast->group[i].in_flight = false;
        multicast->group[i].state = NETFRONT_GROUP_ABSENT;
    }
    multicast->filtering = multicast->refused = multicast->unsettled = multicast->begun = false;
}

void netfront_multicast_give_up(struct netfront *nic)
{
    struct netfront_multicast *multicast = &nic->multicast;

    if (!multicast->filtering)
        return;
    multicast->filtering = false;
    multicast->refused = true;
    netfront_multicast_set_told(multicast, NETFRONT_GROUP_ABSENT);
    xenbus_again(nic->bus);
}

bool netfront_multicast_answered(struct netfront *nic, unsigned int index, int status)
{
    struct netfront_group *group;

    if (index >= NETFRONT_GROUPS || !nic->multicast.group[index].in_flight)
        return false;
    group = &nic->multicast.group[index];
    group->in_flight = false;
    if (group->state != NETFRONT_GROUP_ABSENT || !nic->multicast.filtering)
        group->state = NETFRONT_GROUP_ABSENT;
    else if (status >= NETIF_RSP_OKAY)
        group->state = NETFRONT_GROUP_LISTED;
    else
        netfront_multicast_give_up(nic);
    return true;
}

unsigned int netfront_multicast_groups(const struct netfront *nic)
{
    unsigned int i, count = 0;

    for (i = 0; nic->multicast.filtering && i < NETFRONT_GROUPS; i++)
        count += nic->multicast.group[i].users > 0;
    return count;
}
