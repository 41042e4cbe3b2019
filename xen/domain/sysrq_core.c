/* SPDX-License-Identifier: MIT */
/* The sysrq commands that every image has. */
#include <stdint.h>

#include "xen/boot_info.h"
#include "lib/mm/mm.h"
#include "lib/mm/pages.h"
#include "lib/base/printk.h"
#include "xen/domain/report.h"
#include "xen/bus/console.h"
#include "xen/evtchn.h"
#include "xen/bus/gnttab.h"
#include "lib/base/sysrq.h"
#include "xen/bus/xenstore.h"

extern char image_start[], text_end[], rodata_end[], image_end[];

static void print_threads(void)
{
    report_threads(printk_wait);
}
SYSRQ_COMMAND('t', "threads and their stacks", print_threads);

static void print_memory(void)
{
    printk_wait("image: %p, text to %p, constants to %p, data to %p; heap: %zu pages", image_start,
                text_end, rodata_end, image_end, heap_pages());
    pages_print(printk_wait);
}
SYSRQ_COMMAND('m', "memory", print_memory);

static void print_xen(void)
{
    printk_wait("xenstore: %u watches, %u requests in flight", xenstore_watches(),
                xenstore_requests_in_flight());
    printk_wait("grants: %u in use, %u quarantined; event channels: %u of %u in use", gnttab_used(),
                gnttab_quarantined(), evtchn_in_use(), EVTCHN_MAX);
    printk_wait("console: %lu bytes dropped", console_dropped());
}
SYSRQ_COMMAND('x', "xenstore, grants, event channels, console", print_xen);

static void crash(void)
{
    panic("sysrq: a crash was asked for");
}
SYSRQ_COMMAND('c', "crash", crash);
