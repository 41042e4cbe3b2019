/* SPDX-License-Identifier: MIT */
/*
 * The machine's half of a thread: its first stack frame and the switch.
 */
#ifndef ARCH_THREAD_H
#define ARCH_THREAD_H

#include <stdint.h>

/*
 * Save the callee-saved registers on the present stack, store the stack pointer in *old_stack and
 * go on with the thread that saved `new_stack`. (System V ABI: everything else belongs to the
 * caller, and a switch is a call.)
 */
void arch_switch(uintptr_t *old_stack, uintptr_t new_stack);

/*
 * Lay out a stack so that the first arch_switch() to the returned value calls entry(argument) with
 * a terminated frame chain.
 */
uintptr_t arch_thread_stack(void *stack_top, void (*entry)(void *), void *argument);

/*
 * Where a thread that arch_switch() left will go on, and its frame pointer there. The caller has
 * made sure that ARCH_PARKED_SIZE bytes can be read at the stack pointer.
 */
#define ARCH_PARKED_SIZE 64
void arch_thread_parked(uintptr_t stack_pointer, uint64_t *instruction, uint64_t *frame_pointer);

#endif
