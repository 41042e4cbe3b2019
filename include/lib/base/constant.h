/* SPDX-License-Identifier: MIT */
/*
 * Data that is written while the guest boots and never again: a variable with this attribute, which
 * must have no initialiser, lies on pages that are made read-only before the application's first
 * code runs (paging_set_constants()).
 */
#ifndef LIB_BASE_CONSTANT_H
#define LIB_BASE_CONSTANT_H

#define CONSTANT_AFTER_BOOT __attribute__((section(".bss.constant")))

#endif
