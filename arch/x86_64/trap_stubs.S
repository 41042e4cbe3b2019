/* SPDX-License-Identifier: MIT */
/*
 * One stub for each of the 32 CPU exceptions: bring the frame to one shape (error code, vector),
 * save the registers in the order of struct trap_frame (traps.c), call trap_report(frame). Every
 * trap is fatal, so nothing returns, but for those that a debugger asked for.
 */
    .text
    .macro stub vector
    .if \vector == 8 || (\vector >= 10 && \vector <= 14) || \vector == 17 || \vector == 21 || \vector == 29 || \vector == 30
    .else
    push $0
    .endif
    push $\vector
    jmp trap_common
    .balign 16
    .endm

    .balign 16
    .globl trap_stubs
trap_stubs:
    .irp vector, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    stub \vector
    .endr

trap_common:
    push %rax
    push %rbx
    push %rcx
    push %rdx
    push %rsi
    push %rdi
    push %rbp
    push %r8
    push %r9
    push %r10
    push %r11
    push %r12
    push %r13
    push %r14
    push %r15
    cld
    cmpb $0, debugger_attached
    jne debugger_trap
report:
    mov %rsp, %rdi
    and $-16, %rsp
    call trap_report
    ud2

/*
 * A debugger outside of the guest (tools/gdb/gdbserver) has set debugger_attached. Breakpoints and
 * single steps (vectors 3 and 1) wait here, where it looks for them, and go on with the registers
 * of the frame, which it may have changed, when it sets debugger_resume.
 */
debugger_trap:
    mov 15 * 8(%rsp), %eax      /* the vector */
    dec %eax
    test $~2, %eax
    jnz report
    .globl debugger_stop
debugger_stop:
    pause
    cmpb $0, debugger_resume
    je debugger_stop
    .globl debugger_stop_end
debugger_stop_end:
    movb $0, debugger_resume
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %r11
    pop %r10
    pop %r9
    pop %r8
    pop %rbp
    pop %rdi
    pop %rsi
    pop %rdx
    pop %rcx
    pop %rbx
    pop %rax
    add $16, %rsp               /* vector and error code */
    iretq

    .section .bss.debugger, "aw", @nobits
    .globl debugger_attached, debugger_resume
debugger_attached:
    .skip 1
debugger_resume:
    .skip 1

    .section .note.GNU-stack, "", @progbits
