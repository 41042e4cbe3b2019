/* SPDX-License-Identifier: MIT */
/*
 * The gate to Xen: long hypercall(number, a, b, c, d), System V arguments to Xen's registers (rdi,
 * rsi, rdx, r10; number in rax). The code in the hypercall page, which Xen writes, picks VMCALL, VMMCALL
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
    mov %r8, %r10
    shl $5, %rax
    add $hypercall_page, %rax
    jmp *%rax
    .cfi_endproc
    .size hypercall, . - hypercall

    .section .note.GNU-stack, "", @progbits
