/* SPDX-License-Identifier: MIT */
/*
 * What depends on the guest type (PVH; PV later has the same functions in its own folder).
 */
#ifndef ARCH_PLATFORM_H
#define ARCH_PLATFORM_H

/*
 * Map frame `index` of the grant table, growing the table up to it: its address in *address. 0, or
 * -errno from Xen (the host's limit is reached).
 */
int platform_map_grant_frame(unsigned int index, void **address);

#endif
