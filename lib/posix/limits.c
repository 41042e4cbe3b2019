/* SPDX-License-Identifier: MIT */
/* getrlimit(), setrlimit(): how many descriptors there can be. */
#include <errno.h>
#include <sys/resource.h>

#include "lib/file/file.h"

int getrlimit(int resource, struct rlimit *limit)
{
    if (resource != RLIMIT_NOFILE)
        return (int)posix_result(-EINVAL);
    *limit = (struct rlimit){ .rlim_cur = descriptor_limit(), .rlim_max = DESCRIPTORS_MAX };
    return 0;
}

int setrlimit(int resource, const struct rlimit *limit)
{
    if (resource != RLIMIT_NOFILE || limit->rlim_cur > limit->rlim_max)
        return (int)posix_result(-EINVAL);
    if (limit->rlim_max > DESCRIPTORS_MAX)
        return (int)posix_result(-EPERM);
    return (int)posix_result(descriptor_set_limit((unsigned int)limit->rlim_cur));
}
