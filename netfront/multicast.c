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

#include <string.h>

#include <xen-abi/io/netif.h>

#include "lib/base/printk.h"
#include "xen/bus/xenstore.h"

#define SLOTS_PER_WORD 2u /* a request and its extra-info */
#define REQUEST_NODE "request-multicast-control"

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

/* The same where nobody looks for answers yet. */
static void settle(struct netfront *nic)
{
    netfront_multicast_settle(nic);
    if (nic->multicast.unsettled)
        netfront_transmit_expect(nic->queue[0]);
}

/* The backend forgets, or may have forgotten, what it was told; words under way stay so. */
static void set_told(struct netfront_multicast *multicast, enum netfront_group_state state)
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

static void give_up(struct netfront *nic)
{
    struct netfront_multicast *multicast = &nic->multicast;

    if (!multicast->filtering)
        return;
    multicast->filtering = false;
    multicast->refused = true;
    set_told(multicast, NETFRONT_GROUP_ABSENT);
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
        give_up(nic);
    return true;
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
        give_up(nic);
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
    set_told(multicast,
             multicast->filtering ? NETFRONT_GROUP_UNSURE : NETFRONT_GROUP_ABSENT);
    settle(nic);
    result = netfront_multicast_request(nic, multicast->filtering);
    if (result != 0)
        printk_limited(&nic->bus->log, "%s: cannot ask for multicast: error %d", nic->device.name, -result);
}

unsigned int netfront_multicast_groups(const struct netfront *nic)
{
    unsigned int i, count = 0;

    for (i = 0; nic->multicast.filtering && i < NETFRONT_GROUPS; i++)
        count += nic->multicast.group[i].users > 0;
    return count;
}
