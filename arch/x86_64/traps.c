/* SPDX-License-Identifier: MIT */
/*
 * CPU exceptions: all are fatal. They run on a stack of their own (IST 1), so that a stack overflow
 * is reported too. The report names thread and registers, follows the frame pointers, and ends the
 * domain as crashed; tools/symbolise turns its addresses into source lines.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/cpu.h"
#include "arch/x86_64.h"
#include "lib/printk.h"
#include "lib/report.h"

#define VECTORS 32
#define STUB_SIZE 16
#define GATE_INTERRUPT 0x8e00u
#define TSS_PRESENT_AVAILABLE 0x89ul
#define PAGE_FAULT 14
#define ERROR_PROTECTED 1
#define ERROR_WRITE 2
#define ERROR_EXECUTION 16

struct trap_frame {
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax;
    uint64_t vector, error_code, rip, cs, rflags, rsp, ss;
};

struct gate {
    uint16_t offset_low, selector, ist_and_type[2];
    uint32_t offset_high, reserved;
};

struct task_state {
    uint32_t reserved0;
    uint64_t rsp[3], reserved1, ist[7], reserved2;
    uint16_t reserved3, io_map;
} __attribute__((packed));

_Static_assert(sizeof(struct gate) == 16, "a long mode gate has 16 bytes");
_Static_assert(sizeof(struct task_state) == 104, "a long mode task state segment has 104 bytes");

static const char *const trap_names[VECTORS] = {
    [0] = "division by zero",
    [1] = "debug",
    [2] = "non-maskable interrupt",
    [3] = "breakpoint",
    [4] = "overflow",
    [5] = "bound range",
    [6] = "invalid opcode",
    [7] = "no FPU",
    [8] = "double fault",
    [10] = "invalid TSS",
    [11] = "segment not present",
    [12] = "stack fault",
    [13] = "general protection fault",
    [14] = "page fault",
    [16] = "x87 error",
    [17] = "alignment check",
    [18] = "machine check",
    [19] = "SIMD error",
    [21] = "control protection",
};

extern uint64_t gdt[];
extern char trap_stubs[];

static struct gate gates[VECTORS];
static struct task_state task_state;
static char trap_stack[4096] __attribute__((aligned(16)));

/* The registers of the crash, for tools/xencore and tools/gdb, which know the struct's order. */
const struct trap_frame *crash_frame;

void trap_report(const struct trap_frame *frame);

void traps_init(void)
{
    struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) pointer = { sizeof(gates) - 1, (uintptr_t)gates };
    uint64_t base = (uintptr_t)&task_state;

    for (unsigned int i = 0; i < VECTORS; i++) {
        uintptr_t stub = (uintptr_t)trap_stubs + i * STUB_SIZE;

        gates[i] = (struct gate){
            .offset_low = stub,
            .selector = GDT_CODE,
            .ist_and_type = { GATE_INTERRUPT | 1, stub >> 16 },
        };
    }
    task_state.ist[0] = (uintptr_t)trap_stack + sizeof(trap_stack);
    task_state.io_map = sizeof(task_state);
    gdt[GDT_TSS / 8] = (sizeof(task_state) - 1) | (base & 0xffffff) << 16 |
                       TSS_PRESENT_AVAILABLE << 40 | (base >> 24 & 0xff) << 56;
    gdt[GDT_TSS / 8 + 1] = base >> 32;
    __asm__ volatile("lidt %0; ltr %w1" :: "m"(pointer), "r"(GDT_TSS));
}

static void print_registers(const struct trap_frame *frame)
{
    printk("rip %016lx  rsp %016lx  rflags %08lx", frame->rip, frame->rsp, frame->rflags);
    printk("rax %016lx  rbx %016lx  rcx %016lx  rdx %016lx", frame->rax, frame->rbx, frame->rcx,
           frame->rdx);
    printk("rsi %016lx  rdi %016lx  rbp %016lx  r8  %016lx", frame->rsi, frame->rdi, frame->rbp,
           frame->r8);
    printk("r9  %016lx  r10 %016lx  r11 %016lx  r12 %016lx", frame->r9, frame->r10, frame->r11,
           frame->r12);
    printk("r13 %016lx  r14 %016lx  r15 %016lx  cr2 %016lx", frame->r13, frame->r14, frame->r15,
           cpu_read_cr2());
}

/* Of a page fault's error code. */
static const char *access_name(uint64_t error_code)
{
    if (error_code & ERROR_EXECUTION)
        return "execution";
    return error_code & ERROR_WRITE ? "write" : "read";
}

void trap_report(const struct trap_frame *frame)
{
    const char *name = trap_names[frame->vector];

    report_begin(frame->rip);
    crash_frame = frame;
    if (frame->vector == PAGE_FAULT)
        printk("crash: page fault: %s of address %lx%s",
               access_name(frame->error_code), cpu_read_cr2(),
               frame->error_code & ERROR_PROTECTED ? " (protected)" : " (not mapped)");
    else
        printk("crash: %s (vector %lu, error code %lx)", name ? name : "unknown trap",
               frame->vector, frame->error_code);
    print_registers(frame);
    report_end(frame->rip, frame->rbp, frame->rsp);
}
