/* SPDX-License-Identifier: MIT */
/*
 * Trap table under PVH. Exceptions run on a stack of their own (IST 1), so that a stack overflow is
 * reported too. The upcall's gate leads to where a call that blocks ends (upcall.S).
 */
#include "xen/x86_64/pvh.h"

#include "arch/x86_64.h"
#include "lib/base/constant.h"

#define GATE_INTERRUPT 0x8e00u
#define TSS_PRESENT_AVAILABLE 0x89ul

struct gate {
    uint16_t offset_low, selector, ist_and_type[2];
    uint32_t offset_high, reserved;
};

struct task_state {
    uint32_t reserved0;
    uint64_t rsp[3], reserved1, ist[7], reserved2;
    uint16_t reserved3, io_map;
} __attribute__((packed));

_Static_assert(sizeof(struct gate) == 16, "a long mode gate has 16 bytes");
_Static_assert(sizeof(struct task_state) == 104, "a long mode task state segment has 104 bytes");

extern uint64_t gdt[];
extern char pvh_upcall[];

static struct gate gates[UPCALL_VECTOR + 1] CONSTANT_AFTER_BOOT;
static struct task_state task_state CONSTANT_AFTER_BOOT;
static char trap_stack[4096] __attribute__((aligned(16)));

static struct gate gate_of(uintptr_t stub, unsigned int stack)
{
    return (struct gate){
        .offset_low = stub,
        .selector = GDT_CODE,
        .ist_and_type = { GATE_INTERRUPT | stack, stub >> 16 },
    };
}

void pvh_traps_init(void)
{
    struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) pointer = { sizeof(gates) - 1, (uintptr_t)gates };
    uint64_t base = (uintptr_t)&task_state;

    for (unsigned int i = 0; i < TRAP_VECTORS; i++)
        gates[i] = gate_of((uintptr_t)trap_stubs + i * TRAP_STUB_SIZE, 1);
    gates[UPCALL_VECTOR] = gate_of((uintptr_t)pvh_upcall, 0);
    task_state.ist[0] = (uintptr_t)trap_stack + sizeof(trap_stack);
    task_state.io_map = sizeof(task_state);
    gdt[GDT_TSS / 8] = (sizeof(task_state) - 1) | (base & 0xffffff) << 16 |
                       TSS_PRESENT_AVAILABLE << 40 | (base >> 24 & 0xff) << 56;
    gdt[GDT_TSS / 8 + 1] = base >> 32;
    __asm__ volatile("lidt %0; ltr %w1" ::"m"(pointer), "r"(GDT_TSS));
}
