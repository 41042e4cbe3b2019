/* SPDX-License-Identifier: MIT */
/*
 * PV entry (public/xen.h of Xen, "Start-of-day memory layout"): 64-bit mode, in
 * ring 3, on the domain builder's page tables and stack, %rsi = address of struct start_info. The
 * first frame is mapped at address 0, so that address and frame number agree as they do under PVH.
 */
#include "xen/elfnote.h"

    NOTE(XEN_ELFNOTE_LOADER, .asciz "generic")
    NOTE(XEN_ELFNOTE_ENTRY, .quad pv_entry)
    NOTE(XEN_ELFNOTE_VIRT_BASE, .quad 0)
    NOTE(XEN_ELFNOTE_PADDR_OFFSET, .quad 0)
    NOTE(XEN_ELFNOTE_HYPERCALL_PAGE, .quad hypercall_page)
    NOTE(XEN_ELFNOTE_PAE_MODE, .asciz "yes")
    NOTE(XEN_ELFNOTE_L1_MFN_VALID, .quad 1, 1)

#define HYPERVISOR_SET_SEGMENT_BASE 25
#define HYPERCALL_SIZE 32
#define SEGBASE_FS 0

    .section .text.entry, "ax", @progbits
    .globl pv_entry
pv_entry:
    cld
    rdtsc
    shl $32, %rdx
    or %rax, %rdx
    mov %rdx, %r12      /* the time stamp of the first instruction */
    mov %rsi, %r13
    mov $boot_stack_end, %esp
    xor %ebp, %ebp
    /* Xen keeps a base that was set by hypercall only while the selector is null. */
    xor %eax, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %fs
    mov %eax, %gs
    mov $SEGBASE_FS, %edi
    mov $boot_thread_block, %esi
    call hypercall_page + HYPERVISOR_SET_SEGMENT_BASE * HYPERCALL_SIZE
    mov %r13, %rdi
    mov %r12, %rsi
    call pv_start
    ud2

/*
 * Xen pushes %rcx and %r11 on top of what the CPU would push; without them the frame is the one
 * that the common stub of the vector wants.
 */
    .text
    .balign 16
    .globl pv_trap_stubs
pv_trap_stubs:
    .set vector, 0
    .rept 32
    pop %rcx
    pop %r11
    jmp trap_stubs + vector * 16
    .balign 16
    .set vector, vector + 1
    .endr

    .section .note.GNU-stack, "", @progbits
