/* SPDX-License-Identifier: MIT */
/*
 * Thread switch. A suspended thread's stack holds, from its stack pointer upwards: the x87 control
 * word and MXCSR (8 bytes), r15, r14, r13, r12, rbx, rbp, and the address to go on at. thread.c
 * builds the same frame for a new thread.
 */
    .cfi_sections .debug_frame
    .text
    .globl arch_switch
    .type arch_switch, @function
arch_switch:
    push %rbp
    push %rbx
    push %r12
    push %r13
    push %r14
    push %r15
    sub $8, %rsp
    stmxcsr (%rsp)
    fnstcw 4(%rsp)
    mov %rsp, (%rdi)
    mov %rsi, %rsp
    ldmxcsr (%rsp)
    fldcw 4(%rsp)
    add $8, %rsp
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbx
    pop %rbp
    ret
    .size arch_switch, . - arch_switch

/*
 * The first instructions of every thread: entry in rbx, its argument in r12; a zero frame pointer
 * ends the backtrace.
 */
    .globl arch_thread_entry
    .type arch_thread_entry, @function
arch_thread_entry:
    .cfi_startproc
    .cfi_undefined rip
    mov %r12, %rdi
    call *%rbx
    ud2
    .cfi_endproc
    .size arch_thread_entry, . - arch_thread_entry

    .section .note.GNU-stack, "", @progbits
