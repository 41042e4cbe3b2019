/* SPDX-License-Identifier: MIT */
/* What the compiler calls when a function finds its stack frame overrun (-fstack-protector). */
#include "lib/base/printk.h"

void __stack_chk_fail(void) __attribute__((noreturn));

void __stack_chk_fail(void)
{
    panic("a buffer on the stack was overrun: the canary of the function that ended at %p is gone",
          __builtin_return_address(0));
}
