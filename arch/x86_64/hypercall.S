/* SPDX-License-Identifier: MIT */
/*
 * The gate to Xen: long hypercall(number, a, b, c), System V arguments to Xen's registers (rdi,
 * rsi, rdx; number in rax). The code in the hypercall page, which Xen writes, picks VMCALL, VMMCALL
 * or SYSCALL.
 */
    .cfi_sections .debug_frame
    .text
    .globl hypercall
    .type hypercall, @function
hypercall:
    .cfi_startproc
    mov %rdi, %rax
    mov %rsi, %rdi
    mov %rdx, %rsi
    mov %rcx, %rdx
    shl $5, %rax
    add $hypercall_page, %rax
    jmp *%rax
    .cfi_endproc
    .size hypercall, . - hypercall

    .section .note.GNU-stack, "", @progbits
