/* SPDX-License-Identifier: MIT */
/*
 * The balloon: follows memory/target (`xl mem-set`), which says in KiB how much memory the domain
 * shall have, up to what its memory map shows (the cfg's maxmem).
 *
 * Down, it gives free pages back to Xen, and asks the keepers of caches for more
 * (lib/mm/memory_pressure.h); what the application holds stays, and what is missing is tried again
 * after 5, 10, … seconds, up to a minute. Up, it takes pages as Xen has them, likewise. One line
 * tells of each change and of each target that cannot be reached. Only images with this room.
 */
#ifndef XEN_DOMAIN_BALLOON_H
#define XEN_DOMAIN_BALLOON_H

#include <stddef.h>

/* Pages that the domain has now, those of the image included. Any context. */
size_t balloon_pages(void);

#endif
