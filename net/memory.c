/* SPDX-License-Identifier: MIT */
/*
 * Memory of the network stack: packet buffers and control blocks from the heap, with recycling,
 * counting and limits.
 *
 * Blocks come in a few sizes; each has an 8-byte header that names its size class, and freed blocks
 * of a class wait in a list for the next packet, up to a bound, beyond which they go back to
 * the heap, as all of them do when memory is short.
 *
 * All blocks together stay below a limit, a quarter of the guest's memory or less. Of it,
 *   - 3/8 are for data on its way out, 1/8 for data that waits for its reader: of each, a
 *     connection may hold twice what is left. So the more hold much, the less each may take anew, and
 *     a part is left for those who come later;
 *   - up to 15/16, each connection may hold some segments beyond that, from 3/4 on only one, so that
 *     one whose peer answers goes on whatever the others hold. (The number of connections is limited
 *     by what one segment for each takes.)
 *   - the rest is for small blocks: acknowledgements, control blocks, ARP.
 *
 * This file stands in for lwIP's memp.c: pools are a size and a maximum number.
 */
#define NET_MEMORY_POOLS

#include <string.h>

#include "lib/mm/heap.h"
#include "lib/mm/memory_pressure.h"
#include "lib/mm/pages.h"
#include "lwip/opt.h"
#include "lwip/dns.h"
#include "lwip/etharp.h"
#include "lwip/igmp.h"
#include "lwip/ip4_frag.h"
#include "lwip/ip6_frag.h"
#include "lwip/mld6.h"
#include "lwip/memp.h"
#include "lwip/pbuf.h"
#include "lwip/priv/nd6_priv.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/udp.h"

#include "net_internal.h"

#define GUEST_WITHOUT_NETWORK (256u * 1024)
#define LIMIT_MINIMUM (40u * 1024)
#define LIMIT_MAXIMUM (64u * 1024 * 1024)
#define CACHE_MINIMUM (16u * 1024)
#define TCP_CONNECTIONS_MAXIMUM 2048u
#define TCP_CONNECTIONS_MINIMUM 16u
#define MEMORY_PER_CONNECTION (16u * 1024)
#define TIME_WAIT_MAXIMUM 256u

struct block {
    union {
        uint64_t size_class; /* in use: index into class_size, or the size of a large block | LARGE */
        struct block *next; /* in a list of free blocks */
    };
};

#define LARGE (1ull << 63)

/*
 * 1,688 bytes hold a full Ethernet frame behind lwIP's buffer header and room for its own headers;
 * those above are for the pieces of large TCP segments, 16 KiB at most.
 */
static const uint16_t class_size[] = { 72, 136, 392, 1032, 1688, 4168, 8264, 16456 };
#define CLASSES (sizeof(class_size) / sizeof(class_size[0]))
#define SMALL_MAXIMUM 392u
#define SEGMENTS_MAXIMUM 16u
#define MINIMUM_OF_THE_REST 32u

static struct block *free_blocks[CLASSES];
static size_t cached_bytes;
static size_t used_bytes, used_blocks;

size_t net_memory_unread;

static uint16_t pool_used[MEMP_MAX];

#define LWIP_MEMPOOL(name, number, size, description) [MEMP_##name] = (size),
static const uint16_t pool_size[MEMP_MAX] = {
#include "lwip/priv/memp_std.h"
};

static const uint16_t pool_limit[MEMP_MAX] = {
    [MEMP_TCP_PCB_LISTEN] = 64, [MEMP_UDP_PCB] = 256,   [MEMP_REASSDATA] = 8,
    [MEMP_IP6_REASSDATA] = 8,   [MEMP_ARP_QUEUE] = 64,  [MEMP_ND6_QUEUE] = 64,
    [MEMP_IGMP_GROUP] = 64,     [MEMP_MLD6_GROUP] = 64,
};

static size_t clamp(size_t value, size_t minimum, size_t maximum)
{
    return value < minimum ? minimum : value > maximum ? maximum : value;
}

/* Free blocks go back to the heap, whatever is wanted. */
static size_t release(size_t pages, void *unused)
{
    size_t bytes = cached_bytes;
    unsigned int index;

    (void)pages;
    (void)unused;
    for (index = 0; index < CLASSES; index++) {
        while (free_blocks[index]) {
            struct block *block = free_blocks[index];

            free_blocks[index] = block->next;
            kernel_free(block);
        }
    }
    cached_bytes = 0;
    return bytes / PAGE_SIZE;
}

void memp_init(void)
{
    static struct memory_pressure pressure = { .release = release };

    memory_pressure_register(&pressure);
}

/*
 * Limits follow the guest's memory as it grows and shrinks: computed where they are used. The
 * smallest guests have next to nothing but what they need themselves: if that went to connections,
 * the application could not even wait for them to end.
 */
static size_t guest_memory(void)
{
    size_t total = pages_total() * PAGE_SIZE;

    return total > GUEST_WITHOUT_NETWORK ? total - GUEST_WITHOUT_NETWORK : 0;
}

size_t net_memory_limit(void)
{
    return clamp(guest_memory() / 4, LIMIT_MINIMUM, LIMIT_MAXIMUM);
}

static size_t cache_limit(void)
{
    return clamp(net_memory_limit() / 16, CACHE_MINIMUM, LIMIT_MAXIMUM);
}

static bool pool_is_full(memp_t type)
{
    size_t limit = pool_limit[type];

    if (type == MEMP_TCP_PCB)
        limit = clamp(guest_memory() / MEMORY_PER_CONNECTION, TCP_CONNECTIONS_MINIMUM,
                      TCP_CONNECTIONS_MAXIMUM);
    return limit > 0 && pool_used[type] >= limit;
}

static unsigned int class_for(size_t size)
{
    unsigned int index = 0;

    while (index < CLASSES && size > class_size[index])
        index++;
    return index;
}

static bool admits(size_t size)
{
    size_t limit = net_memory_limit();

    if (size > SMALL_MAXIMUM)
        limit -= limit / 16;
    return size <= limit && used_bytes <= limit - size;
}

static void *take_large(size_t size)
{
    struct block *block;

    if (!admits(size))
        return NULL;
    block = kernel_alloc(size);
    if (!block)
        return NULL;
    block->size_class = size | LARGE;
    used_bytes += size;
    used_blocks++;
    return block + 1;
}

/* A free block of this class, or of a larger one; NULL if there is none. */
static struct block *take_free(unsigned int index, unsigned int last)
{
    struct block *block;

    while (index < last && !free_blocks[index])
        index++;
    block = free_blocks[index];
    if (!block)
        return NULL;
    free_blocks[index] = block->next;
    cached_bytes -= class_size[index];
    block->size_class = index;
    return block;
}

static struct block *take_new(unsigned int index)
{
    struct block *block = kernel_alloc(class_size[index]);

    if (block)
        block->size_class = index;
    return block;
}

void *net_memory_alloc(size_t length)
{
    size_t size = length + sizeof(struct block);
    unsigned int index = class_for(size);
    struct block *block;

    if (index == CLASSES)
        return take_large(size);
    if (!admits(class_size[index]))
        return NULL;
    block = take_free(index, index);
    if (!block)
        block = take_new(index);
    if (!block)
        block = take_free(index, CLASSES - 1);
    if (!block)
        return NULL;
    used_bytes += class_size[block->size_class];
    used_blocks++;
    return block + 1;
}

void *net_memory_calloc(size_t count, size_t size)
{
    void *block;

    if (size && count > SIZE_MAX / size)
        return NULL;
    block = net_memory_alloc(count * size);
    if (block)
        memset(block, 0, count * size);
    return block;
}

void net_memory_free(void *memory)
{
    struct block *block = (struct block *)memory - 1;
    uint64_t index = block->size_class;

    used_blocks--;
    if (index & LARGE) {
        used_bytes -= index & ~LARGE;
        kernel_free(block);
        return;
    }
    used_bytes -= class_size[index];
    if (cached_bytes + class_size[index] > cache_limit()) {
        kernel_free(block);
        return;
    }
    cached_bytes += class_size[index];
    block->next = free_blocks[index];
    free_blocks[index] = block;
}

/*
 * Each new connection is looked for among all those in TIME_WAIT, so those without a socket stay
 * below a number: before a control block is given out, the oldest go. There may be several too
 * many, when many sockets were closed at once.
 */
static bool time_wait_is_long(void)
{
    return tcp_tw_pcbs && pool_used[MEMP_TCP_PCB] > sockets_open + TIME_WAIT_MAXIMUM;
}

static struct tcp_pcb *oldest_in_time_wait(void)
{
    struct tcp_pcb *oldest = tcp_tw_pcbs, *pcb;

    for (pcb = tcp_tw_pcbs; pcb; pcb = pcb->next) {
        if (tcp_ticks - pcb->tmr >= tcp_ticks - oldest->tmr)
            oldest = pcb;
    }
    return oldest;
}

void *memp_malloc(memp_t type)
{
    void *block;

    while (type == MEMP_TCP_PCB && time_wait_is_long())
        tcp_abort(oldest_in_time_wait());
    if (pool_is_full(type))
        return NULL;
    block = net_memory_alloc(pool_size[type]);
    if (block)
        pool_used[type]++;
    return block;
}

void memp_free(memp_t type, void *block)
{
    if (!block)
        return;
    pool_used[type]--;
    net_memory_free(block);
}

unsigned int net_pool_used(unsigned int type)
{
    return pool_used[type];
}

/* What each may hold in any case, between one segment and some; and twice what is left of a part. */
static size_t share(size_t part, size_t taken, size_t maximum)
{
    size_t limit = net_memory_limit() / 4 * 3, left = used_bytes < limit ? limit - used_bytes : 0;
    size_t minimum = clamp(left / MINIMUM_OF_THE_REST, TCP_MSS, SEGMENTS_MAXIMUM * TCP_MSS);

    return clamp(taken < part ? (part - taken) * 2 : 0, minimum, maximum);
}

size_t net_memory_send_share(size_t maximum)
{
    return share(net_memory_limit() / 8 * 3, used_bytes - net_memory_unread, maximum);
}

size_t net_memory_receive_share(size_t maximum)
{
    return share(net_memory_limit() / 8, net_memory_unread, maximum);
}

bool net_memory_scarce(void)
{
    return used_bytes > net_memory_limit() / 16;
}

bool net_memory_ready(size_t length, unsigned int count)
{
    unsigned int index = class_for(length + sizeof(struct block));
    size_t size = class_size[index];
    struct block **block = &free_blocks[index];

    if (!admits(size * count))
        return false;
    for (; count > 0; count--, block = &(*block)->next) {
        if (*block)
            continue;
        *block = kernel_alloc(size);
        if (!*block)
            return false;
        (*block)->next = NULL;
        cached_bytes += size;
    }
    return true;
}

size_t net_memory_used(void)
{
    return used_bytes;
}

size_t net_memory_blocks(void)
{
    return used_blocks;
}
