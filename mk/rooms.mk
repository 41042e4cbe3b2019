# SPDX-License-Identifier: MIT
# The rooms of the house, as lists of sources by switch. An image has `core` and what its CONFIG names; a switch brings in those it stands on.

in = $(sort $(wildcard $(addsuffix /*.[cS],$(1))))

SRCS_core := $(call in,lib/base arch/x86_64 xen xen/x86_64 xen/x86_64/pv xen/x86_64/pvh lib/random lib/mm lib/mm/x86_64 lib/mm/x86_64/pv lib/mm/x86_64/pvh) \
    $(call in,lib/sched lib/file lib/posix lib/libc arch/x86_64/boot/pv arch/x86_64/boot/pvh xen/domain/x86_64) \
    $(filter-out xen/bus/xenbus% xen/bus/frontend.c,$(call in,xen/bus)) \
    $(filter-out xen/domain/balloon% xen/domain/health% xen/domain/xenbus%,$(call in,xen/domain)) \
    $(wildcard xen/domain/x86_64/*/suspend.c) \
    $(filter-out %/identity.c,$(call in,lib/boot))
SRCS_xenbus := $(wildcard xen/bus/xenbus*.c xen/domain/xenbus*.c) xen/bus/frontend.c
SRCS_balloon := xen/domain/balloon.c $(wildcard xen/domain/x86_64/*/balloon.c)
SRCS_health := xen/domain/health.c
SRCS_block := $(call in,lib/block)
SRCS_vfs := $(call in,lib/fs lib/fs/ramfs lib/fs/devfs)
SRCS_tarfs := $(call in,lib/fs/tarfs)
SRCS_blk := $(call in,blkfront)
SRCS_net := $(call in,netfront net net/lwip)

# Which switches a switch brings in, itself included.
WITH_balloon := balloon
WITH_health := health
WITH_vfs := vfs block
WITH_block := block
WITH_tarfs := tarfs vfs block
WITH_blk := blk block xenbus
WITH_net := net xenbus

# What an image has unless its WITHOUT names it.
USUAL := balloon health

LWIP_OBJS := $(patsubst $(LWIP)/src/%.c,$(OBJ)/lwip/%.o,$(LWIP_SRCS))

objects = $(addprefix $(OBJ)/,$(addsuffix .o,$(basename $(1))))
# The objects of a list of switches.
room_objects = $(call objects,$(foreach s,$(sort core $(foreach c,$(1),$(WITH_$(c)))),$(SRCS_$(s)))) $(if $(filter net,$(1)),$(LWIP_OBJS))
