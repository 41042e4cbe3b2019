/* SPDX-License-Identifier: MIT */
// SRCS: $(DRIVER_WORLD) $(TEST_BLKFRONT) blkfront/xenbus.c $(TEST_NETFRONT) netfront/xenbus.c
// CFLAGS: -Wl,-T,test/fuzz/drivers.ld -mllvm -asan-globals=0
/*
 * xenstore's values: xenbus and the handshakes of blkfront and netfront, with any value at any
 * node, another one at each read, nodes that vanish in between, devices that come and go, states
 * in any order, writes that fail. What the drivers come to believe of a disk or a card stays within
 * what they can handle, and in the end nothing is left in use.
 */
#include <errno.h>
#include <string.h>

#include "../../blkfront/blkfront.h"
#include "../../netfront/netfront.h"
#include "fuzz.h"
#include "store.h"
#include "world.h"

#define DISKS 2u
#define NICS 2u

static struct block_device *blocks[DISKS];
static unsigned int block_count;
static struct net_device *nics[NICS];
static bool lying;

/* Above: disks stay for ever, cards come and go. */

int block_register(struct block_device *registered)
{
    FUZZ_CHECK(block_count < DISKS);
    blocks[block_count++] = registered;
    return 0;
}

void block_expect(struct block_device *expected)
{
    FUZZ_CHECK(expected->name[0] != '\0');
}

void block_expect_no_more(struct block_device *expected)
{
    FUZZ_CHECK(expected->name[0] != '\0');
}

void block_contents_replaced(struct block_device *replaced)
{
    FUZZ_CHECK(replaced == blocks[0] || replaced == blocks[1]);
}

static void on_added(struct net_device *added)
{
    unsigned int i = nics[0] == NULL ? 0 : 1;

    FUZZ_CHECK(nics[i] == NULL);
    nics[i] = added;
}

static void on_removed(struct net_device *gone)
{
    unsigned int i = nics[0] == gone ? 0 : 1;

    FUZZ_CHECK(nics[i] == gone);
    nics[i] = NULL;
}

/* The other side: what it says at a node. */

static const char *const words[] = {
    "",
    "0",
    "1",
    "2",
    "3",
    "4",
    "5",
    "6",
    "8",
    "9",
    "-1",
    "512",
    "4096",
    "520",
    "2147483648",
    "9007199254740992",
    "9007199254740993",
    "18446744073709551615",
    "18446744073709551616",
    "00:16:3e:0a:0b:0c",
    "01:00:5e:00:00:01",
    "00:16:3e:0a:0b",
    "zz:16:3e:0a:0b:0c",
    "67",
    "68",
    "1500",
    "9000",
    "65517",
    "65518",
    "65535",
    "0x10",
    " 1",
    "1 ",
    "/local/domain/0/backend/x",
    "/local/domain/0/",
    "/local/domain/1/backend/vbd/1/51712",
    "100000",
    "31",
    "32",
    "256",
    "4294967295",
    "32752",
    "51712",
    "51728",
};

static int lie(const char *path, char value[STORE_VALUE_MAX], size_t *length)
{
    unsigned int what = lying ? fuzz_below(32) : 0;

    (void)path;
    if (what == 1)
        return -ENOENT;
    if (what == 2)
        return fuzz_below(2) ? -EIO : -ENOMEM;
    if (what == 3) {
        const char *word = words[fuzz_below(sizeof(words) / sizeof(words[0]))];

        *length = strlen(word) + fuzz_below(2); /* some end with a NUL */
        memcpy(value, word, *length);
        return 1;
    }
    if (what == 4) {
        *length = fuzz_below(fuzz_below(4) == 3 ? STORE_VALUE_MAX : 24);
        fuzz_bytes(value, *length);
        return 1;
    }
    return 0;
}

static const struct {
    const char *type;
    unsigned int id;
} devices[] = { { "vbd", 51712 }, { "vif", 0 }, { "vbd", 51728 }, { "vif", 1 } };

#define DEVICES (sizeof(devices) / sizeof(devices[0]))

static void plug(unsigned int i)
{
    store_device(devices[i].type, devices[i].id);
    store_backend_set(devices[i].type, devices[i].id, "sectors", "2048");
    store_backend_set(devices[i].type, devices[i].id, "feature-flush-cache", "1");
    store_backend_set(devices[i].type, devices[i].id, "feature-rx-copy", "1");
    store_backend_set(devices[i].type, devices[i].id, "feature-sg", "1");
    store_set(i == 3 ? "device/vif/1/mac" : "device/vif/0/mac", "00:16:3e:00:00:01");
}

static void change_node(unsigned int i)
{
    static const char *const names[] = {
        "sectors",
        "sector-size",
        "info",
        "feature-flush-cache",
        "feature-barrier",
        "online",
        "feature-max-indirect-segments",
        "max-ring-page-order",
        "feature-discard",
        "discard-granularity",
        "discard-alignment",
        "physical-sector-size",
        "feature-rx-copy",
        "feature-sg",
        "feature-no-csum-offload",
    };
    static const char *const ours[] = { "device/vif/0/mac", "device/vif/0/mtu",
                                        "device/vbd/51712/state", "device/vbd/51712/backend-id" };
    const char *word = words[fuzz_below(sizeof(words) / sizeof(words[0]))];

    if (fuzz_below(8) == 7)
        word = NULL;
    if (fuzz_below(2))
        store_set(ours[fuzz_below(sizeof(ours) / sizeof(ours[0]))], word);
    else
        store_backend_set(devices[i].type, devices[i].id,
                          names[fuzz_below(sizeof(names) / sizeof(names[0]))], word);
}

static void unplug(unsigned int i)
{
    char path[64];

    snprintf(path, sizeof(path), "device/%s/%u/backend", devices[i].type, devices[i].id);
    store_set(path, NULL);
}

static void other_side(void)
{
    unsigned int i = fuzz_below(DEVICES);

    switch (fuzz_below(10)) {
    case 1:
        plug(i);
        break;
    case 2:
        unplug(i);
        break;
    case 3:
        change_node(i);
        break;
    case 4:
        store_fire("device");
        break;
    case 5:
        world_pass(MILLISECONDS(fuzz_below(4000)));
        store_fire("device/vbd/51712/x/y"); /* what timers asked for */
        break;
    case 6:
        store_write_failures = fuzz_below(3);
        break;
    case 7:
        world_page_failures = fuzz_below(3);
        break;
    case 8:
        world_hold_all(fuzz_below(2));
        break;
    default:
        store_backend_state(devices[i].type, devices[i].id, fuzz_below(9));
        break;
    }
}

/* One odd value, and the truth around it: what gets furthest. */
static void handshake(void)
{
    unsigned int i = fuzz_below(DEVICES);

    lying = false;
    change_node(i);
    store_backend_state(devices[i].type, devices[i].id, XenbusStateClosed);
    store_backend_state(devices[i].type, devices[i].id, XenbusStateInitWait);
    store_backend_state(devices[i].type, devices[i].id, XenbusStateConnected);
    lying = true;
}

/* Our side. */

static void use_disk(struct block_device *block)
{
    uint8_t sector[4096];
    int result = block_read(block, 0, sector, sizeof(sector));

    FUZZ_CHECK(result == 0 || result == -EIO || result == -ENODEV || result == -ENOMEM ||
               result == -ENXIO);
}

static void use_nic(struct net_device *nic)
{
    static const uint8_t frame[60];
    struct net_fragment whole = { frame, sizeof(frame) };
    struct net_send_info info = { 0 };
    int result = nic->operations->send(nic, &whole, 1, &info);

    nic->operations->poll(nic, 8);
    FUZZ_CHECK(result <= 0);
}

static void use(void)
{
    unsigned int i = fuzz_below(2);

    if (fuzz_below(2) && i < block_count)
        use_disk(blocks[i]);
    else if (nics[i] != NULL)
        use_nic(nics[i]);
}

static void check_disk(const struct block_device *block)
{
    const struct blkfront *disk = block->private_data;

    if (!disk->ready)
        return;
    FUZZ_CHECK(block->sector_size == 512 || block->sector_size == 4096);
    FUZZ_CHECK(block->size % block->sector_size == 0 && block->size <= 1ull << 62);
    FUZZ_CHECK(disk->segments >= 11 && disk->segments <= BLKFRONT_SEGMENTS_MAX);
    FUZZ_CHECK(disk->bus != NULL && disk->bus->backend_domain < DOMID_FIRST_RESERVED);
}

static void check_nic(const struct net_device *nic)
{
    if (!nic->link_up)
        return;
    FUZZ_CHECK(nic->mtu >= 68 && nic->mtu + 18 <= NETFRONT_FRAME_MAX);
    FUZZ_CHECK((nic->mac[0] & 1) == 0);
}

static void check(void)
{
    for (unsigned int i = 0; i < block_count; i++)
        check_disk(blocks[i]);
    for (unsigned int i = 0; i < NICS; i++)
        if (nics[i] != NULL)
            check_nic(nics[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool listening;

    fuzz_start(data, size);
    world_start();
    world_memory = 900;
    if (!listening)
        net_device_listen(on_added, on_removed);
    listening = true;
    store_start();
    xenbus_init();
    plug(0);
    plug(1);
    world_backend = other_side;
    store_lie = lie;
    lying = true;
    store_fire("device");
    while (fuzz_left()) {
        unsigned int what = fuzz_below(4);

        if (what == 2)
            use();
        else if (what == 3)
            handshake();
        else
            other_side();
        world_deliver();
        check();
    }
    store_remove_devices();
    FUZZ_CHECK(nics[0] == NULL && nics[1] == NULL && xenbus_devices() == 0);
    world_end();
    return 0;
}
