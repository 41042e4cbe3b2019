/* SPDX-License-Identifier: MIT */
/*
 * Ring memory, and numbers in xenstore: see include/xen/bus/frontend.h.
 */
#include "xen/bus/frontend.h"

#include <errno.h>
#include <string.h>

#include "lib/mm/pages.h"
#include "xen/bus/gnttab.h"
#include "xen/bus/xenstore.h"

/* Revoke the first `count` pages, and free all. */
static void free_pages(char *memory, const int *references, unsigned int count, unsigned int order)
{
    for (unsigned int i = 0; i < 1u << order; i++)
        if (i < count)
            gnttab_end_and_free(references[i], memory + i * PAGE_SIZE);
        else
            page_free(memory + i * PAGE_SIZE);
}

static bool holds_too_much(uint16_t domain)
{
    unsigned int held = gnttab_held_by(domain);

    return held > pages_total() / FRONTEND_HELD_SHARE ||
           held > gnttab_limit() / FRONTEND_HELD_SHARE;
}

int frontend_rings_alloc(uint16_t domain, unsigned int order, void **memory, int *references)
{
    char *pages;

    *memory = NULL;
    if (holds_too_much(domain))
        return -EBUSY;
    pages = pages_alloc_critical(order);
    if (pages == NULL)
        return -ENOMEM;
    pages_split(pages, order);
    memset(pages, 0, PAGE_SIZE << order);
    for (unsigned int i = 0; i < 1u << order; i++) {
        references[i] = gnttab_grant(domain, page_frame(pages + i * PAGE_SIZE), false);
        if (references[i] < 0) {
            free_pages(pages, references, i, order);
            return -ENOSPC;
        }
    }
    *memory = pages;
    return 0;
}

void frontend_rings_free(unsigned int order, void **memory, int *references)
{
    if (*memory != NULL)
        free_pages(*memory, references, 1u << order, order);
    *memory = NULL;
}

int frontend_ring_alloc(uint16_t domain, void **memory, int *reference)
{
    return frontend_rings_alloc(domain, 0, memory, reference);
}

void frontend_ring_free(void **memory, int *reference)
{
    frontend_rings_free(0, memory, reference);
}

uint64_t frontend_read_number(const char *directory, const char *node, uint64_t maximum,
                              uint64_t fallback)
{
    uint64_t number;

    if (xenstore_read_number(XENSTORE_NONE, directory, node, 0, maximum, &number) != 0)
        return fallback;
    return number;
}
