# SPDX-License-Identifier: MIT
# The rooms of the house, as lists of sources by switch: SRCS_SWITCH. An image has `core` and what its CONFIG names; a switch brings in
# those it stands on.

in = $(sort $(wildcard $(addsuffix /*.[cS],$(1))))

# From the ground up: a room may call rooms below it. Each has its files, and the rooms that it stands on, in its room.mk.
ROOMS := lib/base arch/x86_64 xen lib/random lib/mm lib/sched xen/bus lib/file lib/block \
    lib/fs net blkfront netfront lib/posix lib/libc xen/domain lib/boot arch/x86_64/boot
include $(addsuffix /room.mk,$(ROOMS))

# Which switches a switch brings in, itself included.
WITH_balloon := balloon work
WITH_health := health work
WITH_vfs := vfs block
WITH_block := block
WITH_tarfs := tarfs vfs block
WITH_erofs := erofs vfs block
WITH_blk := blk block xenbus
WITH_net := net xenbus

# What an image has unless its WITHOUT names it.
USUAL := balloon health

LWIP_OBJS := $(patsubst $(LWIP)/src/%.c,$(OBJ)/lwip/%.o,$(LWIP_SRCS))
LZ4_OBJS := $(patsubst $(LZ4)/lib/%.c,$(OBJ)/lz4/%.o,$(LZ4_SRCS))

objects = $(addprefix $(OBJ)/,$(addsuffix .o,$(basename $(1))))
# The objects of a list of switches.
room_objects = $(call objects,$(foreach s,$(sort core $(foreach c,$(1),$(WITH_$(c)))),$(SRCS_$(s)))) $(if $(filter net,$(1)),$(LWIP_OBJS)) \
    $(if $(filter erofs,$(1)),$(LZ4_OBJS))
