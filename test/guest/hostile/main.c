/* SPDX-License-Identifier: MIT */
/*
 * A guest with an honest disk (xvda) and card (eth0), and another of each (xvdb, eth1) whose backend
 * lies: backend/ in this folder, a program in dom0. That asks it to use one or the other, and how
 * it is.
 */
#include <errno.h>
#include <string.h>

#include "../disks.h"
#include "../network/services.h"
#include "../requests.h"
#include "../usage.h"
#include "lib/block/blockdev.h"
#include "net/netdev.h"
#include "xen/bus/xenbus.h"

static unsigned char scratch[1 << 18];

static void tell(char *answer, int error)
{
    snprintf(answer, REQUESTS_ANSWER, "%s", error == 0 ? "ok" : strerror(-error));
}

static struct net_device *card(const char *name)
{
    struct net_device *device;

    for (unsigned int i = 0; (device = net_device_at(i)) != NULL; i++)
        if (strcmp(device->name, name) == 0)
            return device;
    return NULL;
}

/* "read DISK LENGTH": from the disk itself, past any cache. */
static void read_disk(char *words, char *answer)
{
    char *space = strchr(words, ' ');
    size_t length = space ? strtoul(space, NULL, 10) : 0;
    struct block_device *disk;

    if (space)
        *space = '\0';
    disk = block_find(words);
    tell(answer,
         disk == NULL || length > sizeof(scratch) ? -EINVAL : block_read(disk, 0, scratch, length));
}

/* "send CARD COUNT": frames, until one is refused. */
static void send_frames(char *words, char *answer)
{
    static unsigned char frame[60] = { 255, 255, 255, 255, 255, 255 };
    static const struct net_send_info plain;
    struct net_fragment whole = { frame, sizeof(frame) };
    char *space = strchr(words, ' ');
    unsigned long count = space ? strtoul(space, NULL, 10) : 0;
    struct net_device *device;
    int error = 0;

    if (space)
        *space = '\0';
    device = card(words);
    if (device == NULL)
        error = -ENODEV;
    for (; count > 0 && error == 0; count--)
        error = device->operations->send(device, &whole, 1, &plain);
    if (device != NULL)
        device->operations->kick(device);
    tell(answer, error);
}

/* "card NAME" */
static void tell_card(char *words, char *answer)
{
    struct net_device *device = card(words);

    if (device == NULL)
        snprintf(answer, REQUESTS_ANSWER, "none");
    else
        snprintf(answer, REQUESTS_ANSWER, "%s mtu=%u received=%llu errors=%llu",
                 device->link_up ? "up" : "down", device->mtu,
                 (unsigned long long)device->statistics.received,
                 (unsigned long long)device->statistics.receive_errors);
}

static void tell_usage(char *words, char *answer)
{
    size_t length;

    (void)words;
    usage_line(answer, REQUESTS_ANSWER - 16, disks_usage_now());
    length = strlen(answer);
    snprintf(answer + length, REQUESTS_ANSWER - length, " devices=%u", xenbus_devices());
}

static const struct requests_command commands[] = {
    { "read", read_disk },
    { "send", send_frames },
    { "card", tell_card },
    { "usage", tell_usage },
};

static bool handle(char *words, char answer[REQUESTS_ANSWER])
{
    return requests_dispatch(commands, sizeof(commands) / sizeof(commands[0]), words, answer);
}

int main(void)
{
    CHECK(services_start() == 0);
    printf("services are up\n");
    CHECK(requests_serve(handle) == 0);
    return check_verdict();
}
