/* SPDX-License-Identifier: MIT */
/*
 * void pvh_poll_for_any(struct sched_poll *poll): SCHEDOP_poll with interrupts on.
 *
 * The only interrupt that there can be is the upcall's, and only here. Wherever it hits, before the
 * hypercall or after it, it ends the call: the CPU has turned interrupts off on its way through the
 * gate, rbp is this function's, and what it pushed is dropped with the frame.
 */
#define SCHED_OP 29  /* __HYPERVISOR_sched_op and SCHEDOP_poll of <xen-abi/xen.h>, <xen-abi/sched.h> */
#define POLL 3

    .cfi_sections .debug_frame
    .text
    .globl pvh_poll_for_any
    .type pvh_poll_for_any, @function
pvh_poll_for_any:
    .cfi_startproc
    push %rbp
    .cfi_def_cfa_offset 16
    .cfi_offset rbp, -16
    mov %rsp, %rbp
    .cfi_def_cfa_register rbp
    mov %rdi, %rsi
    mov $POLL, %edi
    sti
    call hypercall_page + SCHED_OP * 32
    cli
    .globl pvh_upcall
pvh_upcall:
    leave
    .cfi_def_cfa rsp, 8
    ret
    .cfi_endproc
    .size pvh_poll_for_any, . - pvh_poll_for_any

    .section .note.GNU-stack, "", @progbits
