# SPDX-License-Identifier: MIT
# The rooms of the house, as lists of sources by switch. An image has `core` and what its CONFIG names; a switch brings in those it stands on.

in = $(sort $(wildcard $(addsuffix /*.[cS],$(1))))

SRCS_core := $(call in,arch/x86_64 lib/sched lib/mm lib/libc) \
    $(filter-out %/balloon.c,$(call in,arch/x86_64/pvh arch/x86_64/pv)) \
    $(filter-out %/identity.c,$(call in,lib/kernel)) \
    $(filter-out xen/xenbus%.c xen/frontend.c xen/balloon%.c xen/health%.c,$(call in,xen)) \
    $(call in,lib/posix)
SRCS_xenbus := $(wildcard xen/xenbus*.c) xen/frontend.c
SRCS_balloon := xen/balloon.c $(wildcard arch/x86_64/*/balloon.c)
SRCS_health := xen/health.c
SRCS_block := $(call in,lib/block)
SRCS_vfs := $(filter-out lib/vfs/tarfs%.c,$(call in,lib/vfs))
SRCS_tarfs := $(wildcard lib/vfs/tarfs*.c)
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
