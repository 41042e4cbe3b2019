/* SPDX-License-Identifier: MIT */
/* Between boot and restore of a PVH guest: what each new domain must set up. */
#ifndef ARCH_PVH_H
#define ARCH_PVH_H

#include <stdint.h>

#include "arch/platform.h"

/* Have Xen write the hypercall page; returns Xen's version. */
uint32_t pvh_find_hypercalls(void);
/* Map shared_info at its place, which the page tables have: 0 or -errno. */
int pvh_map_shared_info(void);
void pvh_find_rings(struct platform_rings *rings);

#endif
