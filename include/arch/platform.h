/* SPDX-License-Identifier: MIT */
/*
 * What depends on the guest type (PVH; PV later has the same functions in its own folder).
 */
#ifndef ARCH_PLATFORM_H
#define ARCH_PLATFORM_H

#include <stdint.h>

/*
 * Map frame `index` of the grant table, growing the table up to it: its address in *address. 0, or
 * -errno from Xen (the host's limit is reached).
 */
int platform_map_grant_frame(unsigned int index, void **address);

/* What the toolstack gives each domain: the rings, mapped (NULL: there is none), and their ports. */
struct platform_rings {
    void *console, *xenstore;
    uint32_t console_port, xenstore_port;
};

/*
 * Stop the domain for saving. 0: this is the new domain; shared_info is mapped where it was,
 * hypercalls work, *rings are the new ones. 1: the suspend was cancelled, nothing has changed.
 * -errno: Xen refused, nothing has changed. Does not switch threads.
 */
int platform_suspend(struct platform_rings *rings);

#endif
