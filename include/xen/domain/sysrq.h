/* SPDX-License-Identifier: MIT */
/*
 * Requests by key: `xl sysrq DOMAIN KEY` writes the key to control/sysrq. 'h' lists the keys that
 * this image knows (lib/base/sysrq.h).
 */
#ifndef XEN_DOMAIN_SYSRQ_H
#define XEN_DOMAIN_SYSRQ_H

/* Watch control/sysrq; does not block. Called once, after xenstore_init(). */
void sysrq_init(void);

#endif
