/* SPDX-License-Identifier: MIT */
/* A new thread's first stack frame; switch.S says what it looks like. */
#include "arch/thread.h"

#include <stdint.h>

#define MXCSR_DEFAULT 0x1f80u
#define X87_CONTROL_DEFAULT 0x037fu

struct switch_frame {
    uint32_t mxcsr;
    uint32_t x87_control;
    uint64_t r15, r14, r13, r12, rbx, rbp;
    uint64_t return_address;
};

void arch_thread_entry(void);

uintptr_t arch_thread_stack(void *stack_top, void (*entry)(void *), void *argument)
{
    /*
     * After `ret` the stack pointer is a multiple of 16, and the call in arch_thread_entry makes it
     * what the ABI wants.
     */
    struct switch_frame *frame = (struct switch_frame *)(((uintptr_t)stack_top & ~15ul)) - 1;

    *frame = (struct switch_frame){
        .mxcsr = MXCSR_DEFAULT,
        .x87_control = X87_CONTROL_DEFAULT,
        .rbx = (uintptr_t)entry,
        .r12 = (uintptr_t)argument,
        .return_address = (uintptr_t)arch_thread_entry,
    };
    return (uintptr_t)frame;
}

_Static_assert(sizeof(struct switch_frame) == ARCH_PARKED_SIZE, "what the header says");

void arch_thread_parked(uintptr_t stack_pointer, uint64_t *instruction, uint64_t *frame_pointer)
{
    const struct switch_frame *frame = (const struct switch_frame *)stack_pointer;

    *instruction = frame->return_address;
    *frame_pointer = frame->rbp;
}
