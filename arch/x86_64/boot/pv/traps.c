/* SPDX-License-Identifier: MIT */
/*
 * Trap table under PV. Xen delivers an exception on the stack that it happened on: when that stack
 * is not writable, Xen ends the domain as crashed, without a report of ours. No event callback is
 * registered, since the upcall mask, which the domain builder sets, is never cleared.
 */
#include "xen/x86_64/pv.h"

#include "arch/x86_64.h"
#include "xen/x86_64/pv_hypercalls.h"

extern char pv_trap_stubs[];

void pv_traps_init(void)
{
    struct trap_info traps[TRAP_VECTORS + 1] = { 0 }; /* the last one ends the table */

    for (unsigned int i = 0; i < TRAP_VECTORS; i++)
        traps[i] = (struct trap_info){
            .vector = i,
            .cs = FLAT_KERNEL_CS,
            .address = (uintptr_t)pv_trap_stubs + i * TRAP_STUB_SIZE,
        };
    pv_set_trap_table(traps);
}
