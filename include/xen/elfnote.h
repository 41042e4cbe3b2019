/* SPDX-License-Identifier: MIT */
/*
 * Notes for the domain builder, in assembler: NOTE(type, directives that make the content). An
 * image has those of both guest types; the builder reads what belongs to the type it builds.
 */
#ifndef XEN_ELFNOTE_H
#define XEN_ELFNOTE_H

#include <xen-abi/elfnote.h>

/* Assembler. */
/* clang-format off */
#define NOTE(type, ...)                 \
    .pushsection .note.Xen, "a", @note; \
    .balign 4;                          \
    .long 4, 3f - 2f, type;             \
    .asciz "Xen";                       \
2:  __VA_ARGS__;                        \
3:  .balign 4;                          \
    .popsection
/* clang-format on */

#endif
