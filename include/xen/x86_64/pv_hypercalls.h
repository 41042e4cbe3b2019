/* SPDX-License-Identifier: MIT */
/* Hypercalls that only a PV guest makes; results as in xen/hypercall.h, in Xen's error numbers. */
#ifndef ARCH_PV_HYPERCALLS_H
#define ARCH_PV_HYPERCALLS_H

#include <stdbool.h>
#include <stdint.h>

#include <xen-abi/xen.h>

#include "xen/hypercall.h"

static inline long pv_set_trap_table(const struct trap_info *traps)
{
    return hypercall(__HYPERVISOR_set_trap_table, (uintptr_t)traps, 0, 0, 0);
}

static inline long pv_mmu_update(const struct mmu_update *updates, unsigned int count)
{
    return hypercall(__HYPERVISOR_mmu_update, (uintptr_t)updates, count, 0, DOMID_SELF);
}

static inline long pv_mmuext_op(const struct mmuext_op *operation)
{
    return hypercall(__HYPERVISOR_mmuext_op, (uintptr_t)operation, 1, 0, DOMID_SELF);
}

static inline long pv_update_va_mapping(uintptr_t address, uint64_t value)
{
    return hypercall(__HYPERVISOR_update_va_mapping, address, value, UVMF_INVLPG | UVMF_LOCAL, 0);
}

static inline long pv_set_segment_base(unsigned int which, uintptr_t base)
{
    return hypercall(__HYPERVISOR_set_segment_base, which, base, 0, 0);
}

static inline long pv_fpu_taskswitch(bool set)
{
    return hypercall(__HYPERVISOR_fpu_taskswitch, set, 0, 0, 0);
}

#endif
