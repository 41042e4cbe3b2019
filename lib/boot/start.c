/* SPDX-License-Identifier: MIT */
/*
 * From the entry code to main(), and from exit() to the end of the domain.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include <xen-abi/sched.h>

#include "xen/boot_info.h"
#include "xen/clock.h"
#include "lib/mm/paging.h"
#include "xen/platform.h"
#include "lib/boot/application.h"
#include "lib/mm/balloon.h"
#include "lib/file/file.h"
#include "lib/mm/heap.h"
#include "lib/mm/mm.h"
#include "lib/mm/pages.h"
#include "lib/base/init.h"
#include "lib/base/printk.h"
#include "lib/random/random.h"
#include "lib/sched/sched.h"
#include "xen/bus/console.h"
#include "xen/domain/lifecycle.h"
#include "xen/domain/sysrq.h"
#include "xen/evtchn.h"
#include "xen/bus/xenstore.h"

#define MAIN_STACK_PAGES 16 /* 64 KiB */
#define FLUSH_TIMEOUT SECONDS(1)

typedef void (*function)(void);

extern const function initcalls_start[], initcalls_in_thread[], initcalls_end[], exitcalls_start[],
    exitcalls_end[], init_array_start[], init_array_end[];
extern char **environ;

int main(int argc, char **argv, char **envp);

static int requested_reason = -1;

static void run(const function *from, const function *to)
{
    for (; from < to; from++)
        (*from)();
}

static void report_boot(void)
{
    printk("Xenolith %s on Xen %u.%u, %s guest, %lu KiB of memory", application_name,
           boot_info.xen_version >> 16, boot_info.xen_version & 0xffff, platform->name,
           boot_info.memory_present / 1024);
    for (unsigned int i = 0; i < boot_info.memory_regions; i++)
        printk("memory: %lx-%lx free", boot_info.memory[i].start, boot_info.memory[i].end - 1);
    if (boot_info.ramdisk)
        printk("ramdisk: %zu KiB", boot_info.ramdisk_length / 1024);
    printk("command line: %s", boot_info.command_line[0] ? boot_info.command_line : "(empty)");
    random_report_source();
}

static void start_console(void)
{
    const struct platform_rings *rings = &boot_info.rings;
    int error = rings->console ? console_init(rings->console, rings->console_port) : 0;

    if (error)
        printk("console: no event channel (error %d): output may be slow, no input", error);
}
INITCALL(console, start_console);

static void start_xenstore(void)
{
    const struct platform_rings *rings = &boot_info.rings;
    int error = rings->xenstore ? xenstore_init(rings->xenstore, rings->xenstore_port) : -1;

    if (error)
        printk("xenstore: not available (error %d): no devices, no xl shutdown", error);
    if (error)
        return;
    lifecycle_init(application_exit_request);
    sysrq_init();
}
INITCALL(xenstore, start_xenstore);

static void main_thread(void *unused)
{
    struct application_arguments arguments = { 0 };

    (void)unused;
    if (commandline_parse(boot_info.command_line, &arguments))
        panic("boot: no memory for the command line");
    environ = arguments.environment;
    run(initcalls_in_thread, initcalls_end);
    paging_set_constants(false);
    run(init_array_start, init_array_end);
    printk("starting %s", application_name);
    exit(main(arguments.count, arguments.arguments, environ));
}

void kernel_start(void)
{
    clock_init();
    pages_init(boot_info.memory, boot_info.memory_regions);
    pages_withhold((boot_info.memory_total - boot_info.memory_present) >> PAGE_SHIFT);
    commandline_take_seed((char *)boot_info.command_line);
    heap_init();
    stacks_init();
    evtchn_init(kernel_alloc);
    report_boot(); /* before there is a console: the lines wait, and all go with one event */
    run(initcalls_start, initcalls_in_thread);
    sched_start("main", main_thread, NULL, MAIN_STACK_PAGES);
}

static void exit_took_too_long(void *unused)
{
    (void)unused;
    printk("exit: the application's exit handlers did not end in time; stopping without them");
    domain_shutdown(requested_reason);
}

static void exit_thread(void *unused)
{
    (void)unused;
    exit(EXIT_SUCCESS);
}

void application_exit_request(int shutdown_reason)
{
    static struct timer limit = TIMER_INIT(limit, exit_took_too_long, NULL);

    if (requested_reason >= 0)
        return;
    requested_reason = shutdown_reason;
    timer_set(&limit, deadline_after(EXIT_TIMEOUT));
    if (!thread_create("exit", exit_thread, NULL))
        exit(EXIT_SUCCESS);
}

/*
 * A failed application is a crash to the toolstack, so that the cfg's on_crash decides what comes
 * next.
 */
void _exit(int status)
{
    files_close_all();
    run(exitcalls_start, exitcalls_end);
    printk("%s has ended with status %d", application_name, status);
    console_flush(deadline_after(FLUSH_TIMEOUT));
    if (requested_reason < 0)
        requested_reason = status ? SHUTDOWN_crash : SHUTDOWN_poweroff;
    domain_shutdown(requested_reason);
}
