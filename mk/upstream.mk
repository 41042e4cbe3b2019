# SPDX-License-Identifier: MIT
# Upstream sources: fetched as packages, pinned, unpacked and built under $(BUILD).
#
# Needs BUILD and CC. Gives
#   $(BUILD)/newlib/.done    newlib is built: include/, lib/libc.a, lib/libm.a
#   $(BUILD)/src/lwip/.done  lwIP is unpacked; LWIP_SRCS are the files to compile
#   $(BUILD)/src/lz4/.done   LZ4 is unpacked, likewise; only images with EROFS need it
#   NEWLIB_CPPFLAGS          header search path of all code that runs in an image
#   NEWLIB_LIBS              what to link last
# Objects that include newlib's or lwIP's headers depend on the .done file as an order-only
# prerequisite. A changed compiler, recipe, patch or option builds newlib anew, and, since
# dependency files leave out system headers, everything that was compiled against it as well.

UPSTREAM := tools/upstream
NEWLIB   := $(BUILD)/newlib
LWIP     := $(BUILD)/src/lwip
LZ4      := $(BUILD)/src/lz4
OBJ      ?= $(BUILD)/obj

# --- newlib ---------------------------------------------------------------------------------

# Kept out of the image: multibyte locales, positional printf arguments (get_arg() takes a
# va_list's address, which is wrong where va_list is an array, as on x86-64), unwind tables.
NEWLIB_OPTIONS := \
    --host=x86_64-elf --disable-multilib --disable-newlib-supplied-syscalls \
    --enable-newlib-reent-thread-local --enable-newlib-retargetable-locking \
    --enable-newlib-multithread --enable-newlib-io-long-long \
    --enable-newlib-io-long-double --enable-newlib-io-c99-formats --enable-lite-exit \
    --disable-dependency-tracking --enable-silent-rules

# REENTRANT_SYSCALLS_PROVIDED makes newlib call write(), sbrk() and the rest directly, without
# its _write_r() layer. -U__OPTIMIZE_SIZE__ keeps the word-at-a-time string functions under -Os.
NEWLIB_CFLAGS := \
    -std=gnu17 -Os -g1 -U__OPTIMIZE_SIZE__ -ffunction-sections -fdata-sections \
    -fno-pie -fno-pic -ftls-model=local-exec -mno-red-zone -fno-stack-protector \
    -fstack-clash-protection \
    -fcf-protection=none -fno-asynchronous-unwind-tables -fno-unwind-tables \
    -DREENTRANT_SYSCALLS_PROVIDED -DHAVE_FCNTL -DHAVE_BLKSIZE -DHAVE_RENAME

COMPILER_INCLUDE := $(shell $(CC) -print-file-name=include 2> /dev/null)

# An image is no Linux process, whatever the host compiler thinks.
NOT_LINUX := -U__linux__ -U__linux -Ulinux -U__gnu_linux__ -Uunix

NEWLIB_CPPFLAGS = $(NOT_LINUX) -nostdinc -isystem $(NEWLIB)/include -isystem $(COMPILER_INCLUDE)
NEWLIB_LIBS     = $(NEWLIB)/lib/libc.a $(NEWLIB)/lib/libm.a

$(NEWLIB)/.done: $(BUILD)/src/newlib/.done $(NEWLIB)/.compiler \
                 $(UPSTREAM)/build-newlib $(wildcard $(UPSTREAM)/newlib/sys/*.h) mk/upstream.mk
	@CC='$(CC)' OPTIONS='$(NEWLIB_OPTIONS)' CFLAGS='$(NEWLIB_CFLAGS) $(NOT_LINUX)' \
	    $(UPSTREAM)/build-newlib $(BUILD)/src/newlib $(NEWLIB)
	@rm -f $(OBJ)/.flags
	@touch $@

# The flags file is made anew after newlib, which makes every object out of date.
$(OBJ)/.flags: $(NEWLIB)/.done

# Order-only: the stamp is always a little newer than the libraries, which is no reason to relink.
$(NEWLIB_LIBS): | $(NEWLIB)/.done ;

# Rewritten only when the compiler is another one, so that its time says when that happened.
$(NEWLIB)/.compiler: FORCE
	@mkdir -p $(@D)
	@$(CC) --version | cmp -s - $@ || $(CC) --version > $@

# --- lwIP -----------------------------------------------------------------------------------

# The raw API only (NO_SYS=1): TCP and UDP over IPv4 and IPv6 on Ethernet, with DHCP, DNS,
# address conflict detection, neighbour discovery, MLD and stateless DHCPv6.
LWIP_SRCS := $(addprefix $(LWIP)/src/, \
    $(addprefix core/, altcp.c altcp_alloc.c altcp_tcp.c def.c dns.c inet_chksum.c init.c ip.c \
        mem.c memp.c netif.c pbuf.c raw.c stats.c sys.c tcp.c tcp_in.c tcp_out.c timeouts.c \
        udp.c) \
    $(addprefix core/ipv4/, acd.c autoip.c dhcp.c etharp.c icmp.c igmp.c ip4.c ip4_addr.c \
        ip4_frag.c) \
    $(addprefix core/ipv6/, dhcp6.c ethip6.c icmp6.c inet6.c ip6.c ip6_addr.c ip6_frag.c mld6.c \
        nd6.c) \
    netif/ethernet.c)

# The files exist once lwIP is unpacked; without this, make would look for a way to make them.
$(LWIP_SRCS): | $(LWIP)/.done ;

# --- LZ4 ------------------------------------------------------------------------------------

# One file; the linker keeps the decompressor.
LZ4_SRCS := $(LZ4)/lib/lz4.c
$(LZ4_SRCS): | $(LZ4)/.done ;

# --- fetching -------------------------------------------------------------------------------

# The stamp lies inside the unpacked folder, so it vanishes with it.
$(BUILD)/src/%/.done: $(UPSTREAM)/%.recipe $(wildcard $(UPSTREAM)/*.patch) $(UPSTREAM)/fetch
	@$(UPSTREAM)/fetch --build $(BUILD) $*
	@touch $@

.PHONY: FORCE
FORCE:
