/* SPDX-License-Identifier: MIT */
/*
 * How lwIP is configured: raw API without threads of its own, memory from net/memory.c, timers from
 * net/timers.c.
 *
 * Nothing here reserves memory in advance: lwIP's pools are counted, limited and served by
 * net/memory.c (which takes the place of lwIP's memp.c), and the limits follow the memory of the
 * guest.
 */
#ifndef NET_LWIPOPTS_H
#define NET_LWIPOPTS_H

/* One caller at a time: threads are cooperative and nothing inside of lwIP blocks. */
#define NO_SYS 1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_NETCONN 0
#define LWIP_SOCKET 0
#define LWIP_TIMERS_CUSTOM 1
#define LWIP_HOOK_FILENAME "lwip_hooks.h"
#define LWIP_HOOK_IP4_ROUTE_SRC net_route_by_source

/* Memory. */
#define MEM_ALIGNMENT 8
#define MEM_CUSTOM_ALLOCATOR 1
#define MEM_CUSTOM_MALLOC net_memory_alloc
#define MEM_CUSTOM_CALLOC net_memory_calloc
#define MEM_CUSTOM_FREE net_memory_free
#define MEMP_MEM_MALLOC 1
#define LWIP_STATS 0

/* The functions of lwIP's memp.c yield to those of net/memory.c, should both be linked. */
#ifndef NET_MEMORY_POOLS
#pragma weak memp_init
#pragma weak memp_malloc
#pragma weak memp_free
#endif

/*
 * What a buffer that begins a frame says of it (net/transmit.c): whose it is, enum net_frame_kind; and
 * the payload of each piece that the device is to cut it into, 0: none.
 */
#define LWIP_PBUF_CUSTOM_DATA \
    u16_t segment_size;       \
    u8_t kind;
#define LWIP_PBUF_CUSTOM_DATA_INIT(p) ((p)->segment_size = (p)->kind = 0)

/* Ethernet, ARP. */
#define LWIP_ARP 1
#define ARP_TABLE_SIZE 32
#define ARP_QUEUEING 1
#define ARP_QUEUE_LEN 8
#define LWIP_NETIF_HWADDRHINT 1
#define LWIP_NETIF_HOSTNAME 1
#define LWIP_NETIF_STATUS_CALLBACK 1
#define LWIP_NETIF_LOOPBACK 1
#define LWIP_LOOPBACK_MAX_PBUFS 256

/* IPv4. */
#define LWIP_IPV4 1
#define IP_DEFAULT_TTL 64
#define IP_FORWARD 0
#define IP_REASSEMBLY 1
#define IP_REASS_MAX_PBUFS 96
#define IP_FRAG 1
#define IP_SOF_BROADCAST 1
#define IP_SOF_BROADCAST_RECV 0
#define LWIP_ICMP 1
#define LWIP_IGMP 1
#define LWIP_RAW 0

/* DHCP: no address probing, which would add seconds before the first reply; servers probe
 * themselves. */
#define LWIP_DHCP 1
#define LWIP_DHCP_DOES_ACD_CHECK 0
#define LWIP_DHCP_MAX_DNS_SERVERS 3
#define LWIP_ACD 0
#define LWIP_AUTOIP 0

/* IPv6: SLAAC, neighbour discovery, MLD. */
#define LWIP_IPV6 1
#define LWIP_IPV6_NUM_ADDRESSES 4
#define LWIP_IPV6_DHCP6 0
#define IPV6_FRAG_COPYHEADER 1 /* pointers are larger than a fragment header leaves room for */
#define LWIP_ND6_NUM_NEIGHBORS 16
#define LWIP_ND6_NUM_DESTINATIONS 16
#define LWIP_ND6_QUEUEING 1

/* DNS. */
#define LWIP_DNS 1
#define DNS_TABLE_SIZE 8
#define DNS_MAX_SERVERS 3

/* UDP. */
#define LWIP_UDP 1
#define SO_REUSE 1

/*
 * TCP. Windows of 228 KiB need a scale of 2. The send buffer is what one connection may hold
 * unacknowledged when memory is plentiful; net/socket_tcp.c lowers it under memory pressure.
 */
#define LWIP_TCP 1
#define TCP_MSS 1460
#define TCP_WND (160 * TCP_MSS)
#define TCP_SND_BUF (160 * TCP_MSS)
#define TCP_SND_QUEUELEN 640
#define TCP_SNDLOWAT (2 * TCP_MSS)
/* A buffer that may be added to has room for one MSS, also in segments that may become larger. */
#define TCP_OVERSIZE_CALC_LENGTH(length) ((length) < TCP_MSS ? TCP_MSS : (length))
#define TCP_WND_UPDATE_THRESHOLD (TCP_WND / 4)
#define LWIP_WND_SCALE 1
#define TCP_RCV_SCALE 2
#define TCP_QUEUE_OOSEQ 1
#define TCP_OOSEQ_MAX_BYTES TCP_WND
#define TCP_OOSEQ_MAX_PBUFS 200
#define LWIP_TCP_SACK_OUT 1
#define LWIP_TCP_TIMESTAMPS 0
#define LWIP_TCP_KEEPALIVE 1
#define TCP_LISTEN_BACKLOG 1
#define LWIP_TCP_PCB_NUM_EXT_ARGS 1 /* net/hooks.c: when a stray segment was answered last */
#define LWIP_TCP_RTO_TIME 1000
/* TIME_WAIT lasts 60 s, unless its blocks are needed for new connections. */
#define TCP_MSL 30000UL

/* Checksums: per interface, see net/interface.c. */
#define LWIP_CHECKSUM_CTRL_PER_NETIF 1
#define LWIP_CHECKSUM_ON_COPY 0
#define LWIP_CHKSUM net_checksum

#endif
