/* SPDX-License-Identifier: MIT */
/*
 * Saving, restoring and migrating the domain (`xl save`, `xl restore`, `xl migrate`).
 */
#ifndef XEN_DOMAIN_SUSPEND_H
#define XEN_DOMAIN_SUSPEND_H

/*
 * Stop the domain so that the toolstack can save it, and come back: in the domain that was restored
 * from it, with everything connected anew, or, when the toolstack gave up, in the old one as if
 * nothing had been. A guest that cannot stop now says so in one line and runs on. Called in
 * xenstore's watch thread alone, so that no device is in the middle of a step; other threads may be
 * anywhere that they can block. Takes less than the minute that the toolstack waits.
 */
void domain_suspend(void);

#endif
