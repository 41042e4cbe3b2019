/* SPDX-License-Identifier: MIT */
/*
 * CPU exceptions: all are fatal. The report names thread and registers, follows the frame pointers,
 * and ends the domain as crashed; tools/symbolise turns its addresses into source lines.
 */
#include <stdint.h>

#include "xen/platform.h"
#include "arch/x86_64.h"
#include "lib/base/printk.h"
#include "xen/domain/report.h"
#include "lib/sched/sched.h"

#define PAGE_FAULT 14
#define ERROR_PROTECTED 1
#define ERROR_WRITE 2
#define ERROR_EXECUTION 16

struct trap_frame {
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax;
    uint64_t vector, error_code, rip, cs, rflags, rsp, ss;
};

static const char *const trap_names[TRAP_VECTORS] = {
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

/* The registers of the crash, for tools/xencore and tools/gdb, which know the struct's order. */
const struct trap_frame *crash_frame;

void trap_report(const struct trap_frame *frame);

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
           platform->fault_address());
}

/* Of a page fault's error code. */
static const char *access_name(uint64_t error_code)
{
    if (error_code & ERROR_EXECUTION)
        return "execution";
    return error_code & ERROR_WRITE ? "write" : "read";
}

static void print_page_fault(uint64_t error_code, uint64_t address)
{
    if (thread_has_overflowed(address))
        printk("crash: stack overflow of thread \"%s\": %s of address %lx, below its stack",
               thread_name(thread_self()), access_name(error_code), address);
    else
        printk("crash: page fault: %s of address %lx%s", access_name(error_code), address,
               error_code & ERROR_PROTECTED ? " (protected)" : " (not mapped)");
}

void trap_report(const struct trap_frame *frame)
{
    const char *name = trap_names[frame->vector];

    report_begin(frame->rip);
    crash_frame = frame;
    if (frame->vector == PAGE_FAULT)
        print_page_fault(frame->error_code, platform->fault_address());
    else
        printk("crash: %s (vector %lu, error code %lx)", name ? name : "unknown trap",
               frame->vector, frame->error_code);
    print_registers(frame);
    report_end(frame->rip, frame->rbp, frame->rsp);
}
