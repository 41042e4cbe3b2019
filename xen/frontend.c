/* SPDX-License-Identifier: MIT */
/*
 * Ring memory, and numbers in xenstore: see include/xen/frontend.h.
 */
#include "xen/frontend.h"

#include <errno.h>

#include "lib/pages.h"
#include "xen/gnttab.h"
#include "xen/xenstore.h"

int frontend_ring_alloc(uint16_t domain, void **memory, int *reference)
{
    void *page;

    *memory = NULL;
    if (gnttab_held_by(domain) > pages_total() / FRONTEND_HELD_SHARE)
        return -EBUSY;
    page = page_alloc_zeroed();
    if (page == NULL)
        return -ENOMEM;
    *reference = gnttab_grant(domain, page_frame(page), false);
    if (*reference < 0) {
        page_free(page);
        return -ENOSPC;
    }
    *memory = page;
    return 0;
}

void frontend_ring_free(void **memory, int *reference)
{
    if (*memory == NULL)
        return;
    gnttab_end_and_free(*reference, *memory);
    *memory = NULL;
}

uint64_t frontend_read_number(const char *directory, const char *node, uint64_t maximum,
                              uint64_t fallback)
{
    uint64_t number;

    if (xenstore_read_number(XENSTORE_NONE, directory, node, 0, maximum, &number) != 0)
        return fallback;
    return number;
}
