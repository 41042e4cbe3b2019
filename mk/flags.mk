# SPDX-License-Identifier: MIT
# Flags of everything that runs in an image.

WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wno-missing-field-initializers -Werror

# Functions with large frames touch each page on the way down: none steps over the unmapped pages below a stack.
STACK_PROBES := -fstack-clash-protection

# These set errno; clang takes it that they touch no memory of ours, and would not read it again.
SET_ERRNO := $(addprefix -fno-builtin-,malloc calloc realloc aligned_alloc strdup strndup)

# Text and data lie in the low 2 GiB, so position-independent code would only cost. No unwind tables: backtraces follow frame pointers.
GUEST_FLAGS := -std=gnu11 $(OPTIMISE) -g $(PROTECT) $(STACK_PROBES) -ffunction-sections -fdata-sections -fno-pie -fno-pic -ftls-model=local-exec \
    -mno-red-zone -fno-omit-frame-pointer -fno-asynchronous-unwind-tables -fno-unwind-tables -fcf-protection=none \
    -fno-common -fno-strict-aliasing $(SET_ERRNO) -ffile-prefix-map=$(CURDIR)=.

# The kernel and lwIP use no vector registers, for the reason that arch/x86_64/memory.S gives. Applications may, and so may
# ChaCha20, whose four columns are made for them.
KERNEL_REGISTERS := -mgeneral-regs-only
REGISTERS = $(KERNEL_REGISTERS)

# Compiled for size, whatever OPTIMISE says: what runs at boot, in a crash, or when the toolstack wants something.
COLD := arch/x86_64/% xen/x86_64/% lib/base/% lib/random/% lib/boot/% lib/mm/% xen/bus/xenstore% xen/bus/xenbus% xen/domain/x86_64/% \
    xen/domain/xenbus% xen/domain/lifecycle.c xen/domain/suspend.c xen/domain/report.c xen/domain/sysrq% xen/bus/console% xen/hypercall.c xen/evtchn.c \
    lib/file/console_file.c blkfront/xenbus.c $(addprefix netfront/,xenbus.c nodes.c pool.c queue.c filter.c multicast.c suspend.c link.c) net/config% lib/fs/tarfs/% \
    $(addprefix net/,address_text.c addrinfo.c announce.c inet.c multicast.c peers.c resolver.c socket_address.c socket_multicast.c socket_options.c usage.c sysrq.c) \
    $(addprefix lwip/core/,dns.c ipv4/dhcp.c ipv4/igmp.c ipv6/mld6.c ipv6/nd6.c ipv6/icmp6.c)
HOT := lib/fs/tarfs/tarfs_block.c xen/x86_64/clock.c arch/x86_64/thread.c lib/random/random.c lib/random/chacha20.c
cold_flags = $(if $(filter $(COLD),$(filter-out $(HOT),$(1))),-Os)

# A folder whose sources and headers stand in for those of the same names (`make bench` builds images for comparison so).
OVERLAY :=

# Xen's public headers, under a name of their own; the version of the interface that we speak (since Xen 4.14), whatever the headers' is.
ABI := $(BUILD)/abi
ABI_CPPFLAGS := -I$(ABI) -D__XEN_INTERFACE_VERSION__=0x00040e00
CPPFLAGS = $(OVERLAY:%=-I%/include) -Iinclude -Iinclude/posix $(ABI_CPPFLAGS) $(NEWLIB_CPPFLAGS) -D_GNU_SOURCE
LWIP_CPPFLAGS := -Inet/lwip -I$(LWIP)/src/include

$(ABI)/.done: $(BUILD)/.tools-build
	@mkdir -p $(@D)
	@ln -sfn /usr/include/xen $(@D)/xen-abi
	@touch $@

# What any object needs before it can be compiled.
PREPARED := $(BUILD)/.tools-build $(ABI)/.done $(NEWLIB)/.done $(LWIP)/.done

ALL_FLAGS = $(CC) $(GUEST_FLAGS) $(KERNEL_REGISTERS) $(ABI_CPPFLAGS) $(FORTIFY) $(COLD) $(HOT) $(OVERLAY)

# A change of flags compiles everything anew.
$(OBJ)/.flags: FORCE
	@mkdir -p $(@D)
	@echo '$(ALL_FLAGS)' | cmp -s - $@ || echo '$(ALL_FLAGS)' > $@

define compile
	@mkdir -p $(@D)
	$(say) CC $<
	$(Q)$(CC) $(GUEST_FLAGS) $(REGISTERS) $(call cold_flags,$*.c) $(WARNINGS) $(CPPFLAGS) $(EXTRA_CPPFLAGS) -MMD -MP -c -o $@ $<
endef

# Of two rules with the same stem, make takes the first whose source is there.
ifneq ($(OVERLAY),)
$(OBJ)/%.o: $(OVERLAY)/%.c $(OBJ)/.flags | $(PREPARED)
	$(compile)
endif

$(OBJ)/%.o: %.c $(OBJ)/.flags | $(PREPARED)
	$(compile)

$(OBJ)/%.o: %.S $(OBJ)/.flags | $(PREPARED)
	@mkdir -p $(@D)
	$(say) AS $<
	$(Q)$(CC) $(CPPFLAGS) -ffile-prefix-map=$(CURDIR)=. -g -MMD -MP -c -o $@ $<

# lwIP is upstream's code: its warnings are upstream's.
$(OBJ)/lwip/%.o: $(LWIP)/src/%.c $(OBJ)/.flags | $(PREPARED)
	@mkdir -p $(@D)
	$(say) CC $<
	$(Q)$(CC) $(GUEST_FLAGS) $(REGISTERS) $(call cold_flags,lwip/$*.c) -w $(CPPFLAGS) $(LWIP_CPPFLAGS) -MMD -MP -c -o $@ $<

$(addprefix $(OBJ)/,apps/%.o test/guest/%.o tools/bench/apps/%.o): EXTRA_CPPFLAGS = $(FORTIFY)
$(addprefix $(OBJ)/,apps/%.o test/guest/%.o tools/bench/apps/%.o lib/random/chacha20.o): REGISTERS =
$(OBJ)/net/%.o: EXTRA_CPPFLAGS = $(LWIP_CPPFLAGS)
