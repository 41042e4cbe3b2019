/* SPDX-License-Identifier: MIT */
/*
 * PVH entry (docs/misc/pvh.pandoc in Xen's tree): 32-bit protected mode, flat segments, paging off,
 * %ebx = physical address of hvm_start_info. Maps the first 8 MiB one to one with 2 MiB pages,
 * which is enough for the image and what the domain builder put behind it, switches to long mode
 * with no-execute and SSE on, and calls pvh_start(start_info).
 */
#include "xen/elfnote.h"

    NOTE(XEN_ELFNOTE_GUEST_OS, .asciz "Xenolith")
    NOTE(XEN_ELFNOTE_XEN_VERSION, .asciz "xen-3.0")
    NOTE(XEN_ELFNOTE_PHYS32_ENTRY, .long pvh_entry)
    NOTE(XEN_ELFNOTE_SUSPEND_CANCEL, .long 1)

#define CR0_BITS (1 << 31 | 1 << 16 | 1 << 5 | 1 << 4 | 1 << 1 | 1 << 0) /* PG WP NE ET MP PE */
#define CR4_BITS (1 << 5 | 1 << 9 | 1 << 10)                             /* PAE OSFXSR OSXMMEXCPT */
#define MSR_EFER 0xc0000080
#define MSR_FS_BASE 0xc0000100
#define EFER_BITS (1 << 8 | 1 << 11)                                     /* LME NXE */
#define PRESENT_WRITABLE 0x3
#define LARGE_PAGE 0x80
#define GDT_CODE 8 /* as in include/arch/x86_64.h */

    .cfi_sections .debug_frame
    .section .text.entry, "ax", @progbits
    .code32
    .globl pvh_entry
pvh_entry:
    cld
    rdtsc
    mov %eax, %esi
    mov %edx, %edi

    /* The tables lie in .bss, which the domain builder has zeroed. */
    movl $(boot_level3 + PRESENT_WRITABLE), boot_level4
    movl $(boot_level2 + PRESENT_WRITABLE), boot_level3
    movl $(0x000000 + PRESENT_WRITABLE + LARGE_PAGE), boot_level2
    movl $(0x200000 + PRESENT_WRITABLE + LARGE_PAGE), boot_level2 + 8
    movl $(0x400000 + PRESENT_WRITABLE + LARGE_PAGE), boot_level2 + 16
    movl $(0x600000 + PRESENT_WRITABLE + LARGE_PAGE), boot_level2 + 24

    mov $CR4_BITS, %eax
    mov %eax, %cr4
    mov $boot_level4, %eax
    mov %eax, %cr3
    mov $MSR_EFER, %ecx
    rdmsr
    or $EFER_BITS, %eax
    wrmsr
    mov $CR0_BITS, %eax
    mov %eax, %cr0
    lgdt gdt_pointer
    ljmp $GDT_CODE, $1f

    .code64
1:  xor %eax, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    mov %eax, %fs
    mov %eax, %gs
    mov $boot_stack_end, %esp
    xor %ebp, %ebp
    /*
     * Until the first thread runs, %fs points to zeroes: C code reads the stack protector's canary
     * there.
     */
    mov $MSR_FS_BASE, %ecx
    mov $boot_thread_block, %eax
    xor %edx, %edx
    wrmsr
    shl $32, %rdi
    or %rdi, %rsi       /* the time stamp of the first instruction */
    mov %ebx, %edi
    call pvh_start
    ud2

    /* Among the constants: traps_init() completes it before those become read-only. */
    .section .rodata.gdt, "a", @progbits
    .balign 8
    .globl gdt
gdt:
    .quad 0
    .quad 0x00af9b000000ffff    /* 64-bit code */
    .quad 0, 0                  /* the task state segment; traps.c fills it in */
gdt_end:
gdt_pointer:
    .word gdt_end - gdt - 1
    .long gdt

    .section .bss.boot, "aw", @nobits
    .balign 4096
    .globl boot_level4
boot_level4:
    .skip 4096
boot_level3:
    .skip 4096
boot_level2:
    .skip 4096
    .globl hypercall_page
hypercall_page:
    .cfi_startproc
    /*
     * What Xen puts there has no frame, but for a PV guest each entry of 32 bytes pushes rcx (0x51)
     * and r11 first, which debuggers must step over: def_cfa_expression, 15 bytes,
     * rsp + 8 + ((*(uint8_t *)(rip & -32) == 0x51) << 4).
     */
    .cfi_escape 0x0f, 15, 0x77, 8, 0x80, 0, 0x09, 0xe0, 0x1a, 0x94, 1, 0x08, 0x51
    .cfi_escape 0x29, 0x34, 0x24, 0x22
    .skip 4096
    .cfi_endproc
    /* What overflows runs into the hypercall page, which is not writable. */
boot_stack:
    .skip 8192
    .globl boot_stack_end
boot_stack_end:
    .globl boot_thread_block
boot_thread_block:
    .skip 64

    .section .note.GNU-stack, "", @progbits
