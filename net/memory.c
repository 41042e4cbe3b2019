/* SPDX-License-Identifier: MIT */
/*
 * Memory of the network stack: packet buffers and control blocks from the heap, with recycling,
 * counting and limits.
 *
 * Blocks come in a few sizes; each has an 8-byte header that names its size class, and freed blocks
 * of a class wait in a list for the next packet, up to a bound, beyond which they go back to
 * the heap, as all of them do when memory is short. All blocks together stay below a limit that follows the memory of the guest (a quarter of
 * it). Small blocks (acknowledgements, control blocks, ARP) may use all of the limit, large ones
 * only three quarters: a stack whose buffers are full of data that waits for acknowledgements can
 * always take in those acknowledgements.
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

#define LIMIT_MINIMUM (256u * 1024)
#define LIMIT_MAXIMUM (64u * 1024 * 1024)
#define CACHE_MINIMUM (64u * 1024)
#define TCP_CONNECTIONS_MAXIMUM 2048u
#define TCP_CONNECTIONS_MINIMUM 64u
#define MEMORY_PER_CONNECTION (16u * 1024)
#define TIME_WAIT_MAXIMUM 256u

struct block {
    union {
        uint64_t
            size_class; /* in use: index into class_size, or the size of a large block | LARGE */
        struct block *next;    /* in a list of free blocks */
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

static struct block *free_blocks[CLASSES];
static size_t cached_bytes, cache_limit;
static size_t used_bytes, used_blocks, memory_limit;

static uint16_t pool_used[MEMP_MAX];

#define LWIP_MEMPOOL(name, number, size, description) [MEMP_##name] = (size),
static const uint16_t pool_size[MEMP_MAX] = {
#include "lwip/priv/memp_std.h"
};

static uint16_t pool_limit[MEMP_MAX] = {
    [MEMP_TCP_PCB_LISTEN] = 64,
    [MEMP_UDP_PCB] = 256,
    [MEMP_REASSDATA] = 8,
    [MEMP_IP6_REASSDATA] = 8,
    [MEMP_ARP_QUEUE] = 64,
    [MEMP_ND6_QUEUE] = 64,
    [MEMP_IGMP_GROUP] = 64,
    [MEMP_MLD6_GROUP] = 64,
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
    size_t memory = pages_total() * PAGE_SIZE;

    memory_limit = clamp(memory / 4, LIMIT_MINIMUM, LIMIT_MAXIMUM);
    cache_limit = clamp(memory_limit / 16, CACHE_MINIMUM, LIMIT_MAXIMUM);
    pool_limit[MEMP_TCP_PCB] = (uint16_t)clamp(memory / MEMORY_PER_CONNECTION,
                                               TCP_CONNECTIONS_MINIMUM, TCP_CONNECTIONS_MAXIMUM);
    memory_pressure_register(&pressure);
}

static unsigned int class_for(size_t size)
{
    unsigned int index = 0;

    while (index < CLASSES && size > class_size[index])
        index++;
    return index;
}

static void *take_large(size_t size)
{
    struct block *block;

    if (size > memory_limit || used_bytes + size > memory_limit / 4 * 3)
        return NULL;
    block = kernel_alloc(size);
    if (!block)
        return NULL;
    block->size_class = size | LARGE;
    used_bytes += size;
    used_blocks++;
    return block + 1;
}

void *net_memory_alloc(size_t length)
{
    size_t size = length + sizeof(struct block);
    unsigned int index = class_for(size);
    struct block *block;

    if (index == CLASSES)
        return take_large(size);
    size = class_size[index];
    if (used_bytes + size > (size <= SMALL_MAXIMUM ? memory_limit : memory_limit / 4 * 3))
        return NULL;
    block = free_blocks[index];
    if (block) {
        free_blocks[index] = block->next;
        cached_bytes -= size;
    } else {
        block = kernel_alloc(size);
        if (!block)
            return NULL;
    }
    block->size_class = index;
    used_bytes += size;
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
    if (cached_bytes + class_size[index] > cache_limit) {
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
    if (pool_limit[type] && pool_used[type] >= pool_limit[type])
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

bool net_memory_pressure(void)
{
    return used_bytes > memory_limit / 2;
}

size_t net_memory_used(void)
{
    return used_bytes;
}

size_t net_memory_blocks(void)
{
    return used_blocks;
}

size_t net_memory_limit(void)
{
    return memory_limit;
}
