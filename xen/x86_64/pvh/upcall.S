/* SPDX-License-Identifier: MIT */
/*
 * void pvh_halt(void): halt with interrupts on, until the upcall.
 *
 * `sti` takes effect behind the instruction that follows it: nothing comes between the two, neither
 * the upcall nor the exit with which Xen waits for a moment when it could inject one.
 *
 * The only interrupt that there can be is the upcall's, and only here. It ends the call: the CPU has
 * turned interrupts off on its way through the gate, rbp is this function's, and rsp is set from it.
 *
 * QEMU's TCG, when it plays an SVM host, may deliver an interrupt that Xen has injected a second
 * time, some instructions later and with interrupts off. That one is told by the saved flags and
 * ignored. It may hit anywhere: nothing is kept below rsp (-mno-red-zone).
 */
#define SAVED_FLAGS 16 /* where the CPU pushes them */
#define INTERRUPTS_ON 0x200

    .cfi_sections .debug_frame
    .text
    .globl pvh_halt
    .type pvh_halt, @function
pvh_halt:
    .cfi_startproc
    push %rbp
    .cfi_def_cfa_offset 16
    .cfi_offset rbp, -16
    mov %rsp, %rbp
    .cfi_def_cfa_register rbp
    sti
    hlt
    cli
.Lend:
    leave
    .cfi_def_cfa rsp, 8
    ret
    .cfi_endproc
    .size pvh_halt, . - pvh_halt

    .globl pvh_upcall
    .type pvh_upcall, @function
pvh_upcall:
    testl $INTERRUPTS_ON, SAVED_FLAGS(%rsp)
    jnz .Lend
    iretq
    .size pvh_upcall, . - pvh_upcall

    .section .note.GNU-stack, "", @progbits
