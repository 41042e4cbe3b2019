/* SPDX-License-Identifier: MIT */
/*
 * memcpy() and memset() in 16-byte moves, the ends by moves that overlap; from 1 KiB on, memcpy()
 * leaves the loop to the CPU. The C library's own store past the cache from 256 bytes on, which is
 * wrong for packets and pages that are read right afterwards. Linked before the library, these take
 * their place.
 */
    .cfi_sections .debug_frame
    .text
    .globl memcpy
    .type memcpy, @function
memcpy:
    .cfi_startproc
    mov %rdi, %rax
    cmp $16, %rdx
    jb 4f
    movups -16(%rsi,%rdx), %xmm4        /* the last 16 bytes, stored last of all */
    lea -16(%rdi,%rdx), %rcx            /* and their place */
    cmp $64, %rdx
    jbe 2f
    cmp $1024, %rdx
    jae 8f
1:  movups (%rsi), %xmm0
    movups 16(%rsi), %xmm1
    movups 32(%rsi), %xmm2
    movups 48(%rsi), %xmm3
    movups %xmm0, (%rdi)
    movups %xmm1, 16(%rdi)
    movups %xmm2, 32(%rdi)
    movups %xmm3, 48(%rdi)
    add $64, %rsi
    add $64, %rdi
    sub $64, %rdx
    cmp $64, %rdx
    ja 1b
2:  cmp $16, %rdx                       /* 1 to 64 bytes are left; the last 16 are in %xmm4 */
    jbe 3f
    movups (%rsi), %xmm0
    movups %xmm0, (%rdi)
    add $16, %rsi
    add $16, %rdi
    sub $16, %rdx
    jmp 2b
3:  movups %xmm4, (%rcx)
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
8:  mov %rcx, %r8
    mov %rdx, %rcx
    shr $3, %rcx
    rep movsq
    movups %xmm4, (%r8)
    ret
    .cfi_endproc
    .size memcpy, . - memcpy

    .globl memset
    .type memset, @function
memset:
    .cfi_startproc
    mov %rdi, %rax
    movzbl %sil, %esi
    mov $0x0101010101010101, %rcx
    imul %rcx, %rsi                     /* the byte, eight times */
    cmp $16, %rdx
    jb 4f
    movq %rsi, %xmm0
    punpcklqdq %xmm0, %xmm0
    movups %xmm0, -16(%rdi,%rdx)
    cmp $64, %rdx
    jb 2f
1:  movups %xmm0, (%rdi)
    movups %xmm0, 16(%rdi)
    movups %xmm0, 32(%rdi)
    movups %xmm0, 48(%rdi)
    add $64, %rdi
    sub $64, %rdx
    cmp $64, %rdx
    jae 1b
2:  cmp $16, %rdx
    jb 3f
    movups %xmm0, (%rdi)
    add $16, %rdi
    sub $16, %rdx
    jmp 2b
3:  ret
4:  cmp $8, %edx
    jb 5f
    mov %rsi, (%rdi)
    mov %rsi, -8(%rdi,%rdx)
    ret
5:  cmp $4, %edx
    jb 6f
    mov %esi, (%rdi)
    mov %esi, -4(%rdi,%rdx)
    ret
6:  test %edx, %edx
    jz 7f
    mov %sil, (%rdi)
    mov %sil, -1(%rdi,%rdx)
    cmp $3, %edx
    jb 7f
    mov %sil, 1(%rdi)
7:  ret
    .cfi_endproc
    .size memset, . - memset

    .section .note.GNU-stack, "", @progbits
