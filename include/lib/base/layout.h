/* SPDX-License-Identifier: MIT */
/*
 * What tools that read a dump must know of our structures, as absolute symbols: a member's offset
 * is "layout.thread.name". Nothing of it is in the image: the function is dropped by the linker,
 * and its symbols stay in IMAGE.elf.debug alone. File scope.
 */
#ifndef LIB_BASE_LAYOUT_H
#define LIB_BASE_LAYOUT_H

#include <stddef.h>

#define LAYOUT(type, member)                                         \
    static void __attribute__((used)) layout_##type##_##member(void) \
    {                                                                \
        __asm__(".globl \"layout." #type "." #member "\"\n"          \
                ".set \"layout." #type "." #member "\", %c0"         \
                :                                                    \
                : "i"(offsetof(struct type, member)));               \
    }

#endif
