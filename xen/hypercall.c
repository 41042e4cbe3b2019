/* SPDX-License-Identifier: MIT */
/* Typed hypercalls, and Xen's error numbers turned into the C library's. */
#include "xen/hypercall.h"

#include <errno.h>
#include <stddef.h>

#include <xen-abi/errno.h>
#include <xen-abi/xen.h>

struct translation {
    short xen, ours;
};

/* Only those whose numbers differ between Xen (Linux' numbers) and newlib. */
static const struct translation translations[] = {
    { XEN_EDEADLK, EDEADLK },
    { XEN_ENOLCK, ENOLCK },
    { XEN_ENOSYS, ENOSYS },
    { XEN_ENOTEMPTY, ENOTEMPTY },
    { XEN_ENAMETOOLONG, ENAMETOOLONG },
    { XEN_ENODATA, ENODATA },
    { XEN_EILSEQ, EILSEQ },
    { XEN_EOPNOTSUPP, EOPNOTSUPP },
    { XEN_ENOTSOCK, ENOTSOCK },
    { XEN_EADDRINUSE, EADDRINUSE },
    { XEN_EADDRNOTAVAIL, EADDRNOTAVAIL },
    { XEN_ENOBUFS, ENOBUFS },
    { XEN_EISCONN, EISCONN },
    { XEN_ENOTCONN, ENOTCONN },
    { XEN_ETIMEDOUT, ETIMEDOUT },
    { XEN_ECONNREFUSED, ECONNREFUSED },
};

static long translate(long result)
{
    if (result >= 0)
        return result;
    for (size_t i = 0; i < sizeof(translations) / sizeof(translations[0]); i++)
        if (translations[i].xen == -result)
            return -translations[i].ours;
    return result;
}

static long call2(unsigned long number, unsigned long command, const void *argument)
{
    return translate(hypercall(number, command, (unsigned long)argument, 0, 0));
}

long hypercall_sched_op(unsigned int command, void *argument)
{
    return call2(__HYPERVISOR_sched_op, command, argument);
}

long hypercall_event_channel_op(unsigned int command, void *argument)
{
    return call2(__HYPERVISOR_event_channel_op, command, argument);
}

long hypercall_grant_table_op(unsigned int command, void *argument, unsigned int count)
{
    return translate(
        hypercall(__HYPERVISOR_grant_table_op, command, (unsigned long)argument, count, 0));
}

long hypercall_memory_op(unsigned int command, void *argument)
{
    return call2(__HYPERVISOR_memory_op, command, argument);
}

long hypercall_hvm_op(unsigned int command, void *argument)
{
    return call2(__HYPERVISOR_hvm_op, command, argument);
}

long hypercall_xen_version(unsigned int command, void *argument)
{
    return call2(__HYPERVISOR_xen_version, command, argument);
}

long hypercall_set_timer_op(uint64_t time)
{
    return translate(hypercall(__HYPERVISOR_set_timer_op, time, 0, 0, 0));
}
