/* SPDX-License-Identifier: MIT */
/* What the entry code of the guest type sets. */
#include "xen/platform.h"

#include "xen/boot_info.h"
#include "lib/base/constant.h"

struct boot_info boot_info CONSTANT_AFTER_BOOT;
const struct platform *platform CONSTANT_AFTER_BOOT;
const uint64_t *platform_p2m CONSTANT_AFTER_BOOT;

bool platform_alarm;
