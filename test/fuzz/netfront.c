/* SPDX-License-Identifier: MIT */
// SRCS: $(DRIVER_WORLD) $(TEST_NETFRONT) netfront/xenbus.c test/fuzz/netfront_side.c
// CFLAGS: -Wl,-T,test/fuzz/drivers.ld -mllvm -asan-globals=0
/*
 * netfront's rings, of one queue or two. The other side posts and completes, plausibly or not,
 * changes both pages around each access, flaps its state, and keeps pages mapped. Each frame that
 * comes up lies in our pages, within the protocol's limits; no buffer is handed out twice; a storm
 * of events costs a few calls; a backend that answers truly has the groups that are wanted in its
 * list, once each; and in the end nothing is left in use.
 */
#include "netfront_side.h"

#include <string.h>

#include "fuzz.h"
#include "store.h"
#include "world.h"
#include "xen/bus/gnttab.h"

struct net_device *nic;
unsigned int users[GROUPS];

/* Above. */

static void on_receive(struct net_device *from, const struct net_fragment *fragments,
                       unsigned int count, const struct net_receive_info *info)
{
    size_t length = 0;

    (void)info;
    FUZZ_CHECK(from == nic && count > 0 && count <= NETFRONT_CHAIN_MAX);
    FUZZ_CHECK(!netfront_of(nic)->broken);
    for (unsigned int i = 0; i < count; i++) {
        uintptr_t start = (uintptr_t)fragments[i].data;

        FUZZ_CHECK(start % 4096 + fragments[i].length <= 4096);
        for (size_t byte = 0; byte < fragments[i].length; byte += 61)
            (void)((const volatile uint8_t *)fragments[i].data)[byte];
        length += fragments[i].length;
    }
    FUZZ_CHECK(length >= 14 && length <= 65535);
}

static void on_added(struct net_device *added)
{
    nic = added;
    nic->receive = on_receive;
}

static void on_removed(struct net_device *gone)
{
    FUZZ_CHECK(gone == nic);
    nic = NULL;
}

/* Our side. */

static void send(void)
{
    static uint8_t data[66000] = { [12] = 0x08, [14] = 0x45, [23] = 6 }; /* TCP over IPv4 */
    struct net_fragment pieces[2] = { { data, 40 }, { data, 0 } };
    unsigned int count = 1 + fuzz_below(64), flow = 0;
    struct net_send_info info = { .checksum_partial = nic->transmit_checksum };
    int result;

    if (fuzz_below(4) == 3) {
        info.segment_size = (uint16_t)fuzz_below(2000);
        info.ipv6 = fuzz_below(2);
    }
    pieces[1].length = fuzz_below(4) == 3 ? fuzz_below(65536) : fuzz_below(256);
    for (; count > 0 && nic != NULL; count--) {
        data[37] = (uint8_t)flow++; /* of its ports */
        result = nic->operations->send(nic, pieces, 2, &info);
        FUZZ_CHECK(result == 0 || result == -EAGAIN || result == -EIO || result == -ENODEV ||
                   result == -ENOMEM || result == -EINVAL);
    }
    if (nic != NULL)
        nic->operations->kick(nic);
}

static void filter(void)
{
    uint8_t mac[6] = { 0x33, 0x33 };

    for (unsigned int count = 1 + fuzz_below(16); count > 0; count--) {
        unsigned int group = fuzz_below(fuzz_below(4) == 3 ? GROUPS : 8);
        bool wanted = users[group] == 0 || fuzz_below(2);

        mac[5] = (uint8_t)group;
        users[group] += wanted ? 1 : -1u;
        nic->operations->filter(nic, mac, wanted);
    }
}

static void poll(void)
{
    unsigned int budget = 1 + fuzz_below(64);

    FUZZ_CHECK(nic->operations->poll(nic, budget) <= budget);
}

static unsigned int pending(const struct ring_ids *ids)
{
    unsigned int count = 0;

    for (unsigned int i = 0; i < ids->count; i++)
        count += ids->next[i] == RING_ID_PENDING;
    return count;
}

static void check_queue(const struct netfront_queue *queue)
{
    const struct netfront_transmit *transmit = &queue->transmit;

    FUZZ_CHECK(queue->receive.pages <= NETFRONT_RING_SLOTS);
    FUZZ_CHECK(queue->nic->broken ||
               ring_outstanding(&queue->receive.ring) <= queue->receive.pages);
    FUZZ_CHECK(pending(&transmit->small) + transmit->small.unused == 2 * transmit->small_pages);
    FUZZ_CHECK(pending(&transmit->large) + transmit->large.unused == transmit->large_pages);
}

static void check(void)
{
    const struct netfront *front;

    FUZZ_CHECK(world_lines_with("broke the protocol") <= connections + 1);
    if (!side_connected())
        return;
    front = netfront_of(nic);
    FUZZ_CHECK(front->queues == side_queues());
    for (unsigned int queue = 0; queue < front->queues; queue++)
        check_queue(front->queue[queue]);
    FUZZ_CHECK(!front->broken || (!nic->link_up && !honest));
}

static void set_up(void)
{
    static const char *const features[] = { "feature-rx-copy",
                                            "feature-sg",
                                            "feature-ipv6-csum-offload",
                                            "feature-gso-tcpv4",
                                            "feature-gso-tcpv6",
                                            "feature-split-event-channels",
                                            "feature-dynamic-multicast-control" };
    const unsigned int offered = fuzz_below(2) ? 7 : 3;
    unsigned int memory;
    static bool listening;

    if (!listening)
        net_device_listen(on_added, on_removed);
    listening = true;
    memory = fuzz_below(4);
    world_memory = memory == 3 ? 2000 : memory == 2 ? 8192 : 900; /* 64 receive pages, 128, or 16 */
    store_start();
    store_device("vif", 0);
    store_set("device/vif/0/mac", "00:16:3e:0a:0b:0c");
    for (unsigned int i = 0; i < offered; i++)
        store_backend_set("vif", 0, features[i], "1");
    store_backend_set("vif", 0, "multi-queue-max-queues", memory == 2 ? "2" : "1");
    xenbus_init();
    store_fire("device");
    store_backend_state("vif", 0, XenbusStateInitWait);
    memset(users, 0, sizeof(users));
    side_start(offered == 7);
    store_backend_state("vif", 0, XenbusStateConnected);
    FUZZ_CHECK(side_connected() && nic->link_up);
    FUZZ_CHECK(netfront_of(nic)->queues == (memory == 2 ? 2 : 1));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_start(data, size);
    world_start();
    set_up();
    fuzz_hook = side_hook;
    while (fuzz_left()) {
        unsigned int what = fuzz_below(5);

        if (nic != NULL && what == 1)
            send();
        else if (nic != NULL && what == 2)
            poll();
        else if (nic != NULL && what == 4)
            filter();
        else
            side_act();
        world_deliver();
        check();
    }
    fuzz_hook = NULL;
    store_remove_devices();
    FUZZ_CHECK(nic == NULL);
    world_end();
    return 0;
}
