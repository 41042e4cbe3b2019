/* SPDX-License-Identifier: MIT */
/*
 * maxmem above memory under PVH: the memory map shows maxmem, but Xen has set aside only `memory`
 * (populate on demand: a frame is filled at the first access). Whoever touches more frames than are
 * set aside is killed. What is set aside is in the domain's reservation, together with a few pages
 * that are in no memory map (the rings of console and xenstore, ACPI tables).
 */
#include "xen/x86_64/pvh.h"

#include <xen-abi/xen.h>
#include <xen-abi/memory.h>

#include "lib/mm/pages.h"
#include "xen/hypercall.h"

#define UNMAPPED_PAGES 64u /* more than the toolstack makes outside of the memory map */

long pvh_reservation(void)
{
    domid_t self = DOMID_SELF;

    return hypercall_memory_op(XENMEM_current_reservation, &self);
}

uint64_t pvh_memory_present(uint64_t mapped)
{
    long pages = pvh_reservation();

    if (pages <= UNMAPPED_PAGES || (uint64_t)pages * PAGE_SIZE >= mapped)
        return mapped;
    return (uint64_t)(pages - UNMAPPED_PAGES) * PAGE_SIZE;
}
