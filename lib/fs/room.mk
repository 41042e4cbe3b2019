# SPDX-License-Identifier: MIT
# Names, mounts, the page cache, and a folder for each file system.
STANDS_ON_lib/fs := lib/file lib/block lib/sched lib/mm lib/random xen lib/base

SRCS_vfs += $(call in,lib/fs lib/fs/cache lib/fs/ramfs lib/fs/devfs)
SRCS_tarfs += $(call in,lib/fs/tarfs)
SRCS_erofs += $(call in,lib/fs/erofs)
