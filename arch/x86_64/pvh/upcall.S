/* SPDX-License-Identifier: MIT */
/*
 * void pvh_poll_for_any(struct sched_poll *poll): SCHEDOP_poll with interrupts on.
 *
 * The only interrupt that there can be is the upcall's, and only here. Wherever it hits, before the
 * hypercall or after it, it ends the call: the CPU has turned interrupts off on its way through the
 * gate, rbp is this function's, and rsp is set from it.
 *
 * QEMU's TCG, when it plays an SVM host, may deliver an interrupt that Xen has injected a second
 * time, some instructions later and with interrupts off. That one is told by the saved flags and
 * ignored. It may hit anywhere: nothing is kept below rsp (-mno-red-zone).
 */
#define SCHED_OP 29  /* __HYPERVISOR_sched_op and SCHEDOP_poll of <xen-abi/xen.h>, <xen-abi/sched.h> */
#define POLL 3
#define SAVED_FLAGS 16 /* where the CPU pushes them */
#define INTERRUPTS_ON 0x200

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
.Lend:
    leave
    .cfi_def_cfa rsp, 8
    ret
    .cfi_endproc
    .size pvh_poll_for_any, . - pvh_poll_for_any

    .globl pvh_upcall
    .type pvh_upcall, @function
pvh_upcall:
    testl $INTERRUPTS_ON, SAVED_FLAGS(%rsp)
    jnz .Lend
    iretq
    .size pvh_upcall, . - pvh_upcall

    .section .note.GNU-stack, "", @progbits
