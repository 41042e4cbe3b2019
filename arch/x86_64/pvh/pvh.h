/* SPDX-License-Identifier: MIT */
/* What the files of this folder share. */
#ifndef ARCH_PVH_H
#define ARCH_PVH_H

#include <stdbool.h>
#include <stdint.h>

/* Load the trap table and the stack that traps run on. */
void pvh_traps_init(void);

/* Take over the entry code's page tables: the image's sections get their protection. */
void pvh_paging_init(void);

/* Operations of struct platform. */
void pvh_write_page(uint64_t *entry, uintptr_t address, uint64_t value);
void pvh_add_table(uint64_t *entry, uint64_t *table);
void pvh_remove_table(uint64_t *entry, uintptr_t address, uint64_t *table);
void pvh_map_unit(uint64_t *level2_entry, uint64_t address);

#endif
