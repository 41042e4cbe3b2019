/* SPDX-License-Identifier: MIT */
/*
 * Grant tables (version 1, <xen-abi/grant_table.h>): letting another domain map or copy single
 * pages of ours.
 *
 * A grant reference is an index into the table; free references are kept in private memory, not in
 * the shared table. The table grows by frames on demand up to the host's limit. All calls: any
 * context, nothing blocks.
 */
#ifndef XEN_BUS_GNTTAB_H
#define XEN_BUS_GNTTAB_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Grant `frame` (page_frame()) to a domain. The page must have been zeroed or hold only what that
 * domain may read. Returns the reference (> 0) or -ENOSPC when references are out.
 */
int gnttab_grant(uint16_t domain, uint64_t frame, bool read_only);

/*
 * The same into a reference taken earlier with gnttab_take(); cannot fail. The reference must not
 * be granted now.
 */
void gnttab_grant_at(int reference, uint16_t domain, uint64_t frame, bool read_only);

/*
 * Reserve a reference without granting anything: > 0 or -ENOSPC. gnttab_release() gives an unused
 * one back.
 */
int gnttab_take(void);
void gnttab_release(int reference);

/* True while the other side has the page mapped or is copying. */
bool gnttab_in_use(int reference);

/*
 * Revoke, keeping the reference for gnttab_grant_at() or gnttab_release(): 0, or -EBUSY when the
 * other side still holds the page; then nothing has changed, and neither page nor reference may be
 * reused.
 */
int gnttab_revoke(int reference);

/* Revoke and release the reference: 0, or -EBUSY as above. */
int gnttab_end(int reference);

/*
 * Revoke the grant of `page` (from page_alloc()), then release the reference and free the page.
 * While the other side holds it, both are set aside and tried again once a second; they are counted
 * in gnttab_quarantined(). NULL keeps no page.
 */
void gnttab_end_and_free(int reference, void *page);

/* References that were set aside because this domain does not let them go. */
unsigned int gnttab_held_by(uint16_t domain);

/* How many references this host lets the table have, the toolstack's included; Xen is asked. */
unsigned int gnttab_limit(void);

/*
 * In a new domain: map the table's frames, which are empty. All grants are revoked by that; their
 * owners still release the references as usual. What was quarantined is free. 0, or -errno: this
 * host has fewer frames than are in use, and the table cannot be used. For xen/domain/suspend.c; NULL
 * while the table has no frame, so that an image that never grants a page goes without the code.
 */
extern int (*gnttab_resume)(void);

/*
 * References granted or taken now, without the quarantined and without the toolstack's; references
 * quarantined.
 */
unsigned int gnttab_used(void);
unsigned int gnttab_quarantined(void);

#endif
