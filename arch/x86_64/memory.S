/* SPDX-License-Identifier: MIT */
/*
 * memcpy() and memset() in 8-byte moves, the ends by moves that overlap; from STRING bytes on, the
 * CPU has the loop. The C library's own store past the cache from 256 bytes on, which is wrong for
 * packets and pages that are read right afterwards. Linked before the library, these take their
 * place.
 *
 * No vector registers: a Xen that loads them lazily makes their first use after each time that the
 * guest has blocked a trap, which costs more than most copies.
 */
#define STRING 384 /* below, a string instruction's start costs more than its speed wins (EPYC) */

    .cfi_sections .debug_frame
    .text
    .globl memcpy
    .type memcpy, @function
memcpy:
    .cfi_startproc
    mov %rdi, %rax
    cmp $16, %rdx
    jb 4f
    cmp $STRING, %rdx
    jae 8f
    mov -16(%rsi,%rdx), %r8             /* the last 16 bytes, stored last of all */
    mov -8(%rsi,%rdx), %r9
    mov $32, %ecx
    lea -32(%rsi,%rdx), %rsi            /* both to where 32 bytes are left */
    lea -32(%rdi,%rdx), %rdi
    sub %rdx, %rcx                      /* and from there back to the start */
    jns 2f
1:  mov (%rsi,%rcx), %r10
    mov 8(%rsi,%rcx), %r11
    mov %r10, (%rdi,%rcx)
    mov %r11, 8(%rdi,%rcx)
    mov 16(%rsi,%rcx), %r10
    mov 24(%rsi,%rcx), %r11
    mov %r10, 16(%rdi,%rcx)
    mov %r11, 24(%rdi,%rcx)
    add $32, %rcx
    js 1b
2:  cmp $16, %ecx                       /* 1 to 32 bytes are left; the last 16 are in r8 and r9 */
    jae 3f
    mov (%rsi,%rcx), %r10
    mov 8(%rsi,%rcx), %r11
    mov %r10, (%rdi,%rcx)
    mov %r11, 8(%rdi,%rcx)
3:  mov %r8, 16(%rdi)
    mov %r9, 24(%rdi)
    ret
4:  cmp $8, %edx
    jb 5f
    mov (%rsi), %rcx
    mov -8(%rsi,%rdx), %r8
    mov %rcx, (%rdi)
    mov %r8, -8(%rdi,%rdx)
    ret
5:  cmp $4, %edx
    jb 6f
    mov (%rsi), %ecx
    mov -4(%rsi,%rdx), %r8d
    mov %ecx, (%rdi)
    mov %r8d, -4(%rdi,%rdx)
    ret
6:  test %edx, %edx
    jz 7f
    movzbl (%rsi), %ecx
    movzbl -1(%rsi,%rdx), %r8d
    mov %cl, (%rdi)
    mov %r8b, -1(%rdi,%rdx)
    cmp $3, %edx
    jb 7f
    movzbl 1(%rsi), %ecx
    mov %cl, 1(%rdi)
7:  ret
8:  mov -8(%rsi,%rdx), %r8
    lea -8(%rdi,%rdx), %r9
    mov %rdx, %rcx
    shr $3, %rcx
    rep movsq
    mov %r8, (%r9)
    ret
    .cfi_endproc
    .size memcpy, . - memcpy

    .globl memset
    .type memset, @function
memset:
    .cfi_startproc
    mov %rdi, %r8
    movzbl %sil, %eax
    mov $0x0101010101010101, %rcx
    imul %rcx, %rax                     /* the byte, eight times */
    cmp $16, %rdx
    jb 4f
    mov %rax, -16(%rdi,%rdx)
    mov %rax, -8(%rdi,%rdx)
    cmp $STRING, %rdx
    jae 8f
    mov $32, %ecx
    lea -32(%rdi,%rdx), %rdi
    sub %rdx, %rcx
    jns 2f
1:  mov %rax, (%rdi,%rcx)
    mov %rax, 8(%rdi,%rcx)
    mov %rax, 16(%rdi,%rcx)
    mov %rax, 24(%rdi,%rcx)
    add $32, %rcx
    js 1b
2:  cmp $16, %ecx
    jae 7f
    mov %rax, (%rdi,%rcx)
    mov %rax, 8(%rdi,%rcx)
    jmp 7f
4:  cmp $8, %edx
    jb 5f
    mov %rax, (%rdi)
    mov %rax, -8(%rdi,%rdx)
    jmp 7f
5:  cmp $4, %edx
    jb 6f
    mov %eax, (%rdi)
    mov %eax, -4(%rdi,%rdx)
    jmp 7f
6:  test %edx, %edx
    jz 7f
    mov %al, (%rdi)
    mov %al, -1(%rdi,%rdx)
    cmp $3, %edx
    jb 7f
    mov %al, 1(%rdi)
7:  mov %r8, %rax
    ret
8:  mov %rdx, %rcx
    shr $3, %rcx
    rep stosq
    jmp 7b
    .cfi_endproc
    .size memset, . - memset

    .section .note.GNU-stack, "", @progbits
