# SPDX-License-Identifier: MIT
# Images: each folder with an app.mk is one (apps/NAME; test/guest/NAME; tools/bench/apps/NAME, for `make bench` alone).
# app.mk sets
#   SRCS    sources, relative to the folder
#   CONFIG  switches of mk/rooms.mk: vfs tarfs erofs blk net
#   WITHOUT what it shall not have of USUAL in mk/rooms.mk
#   MEMORY  MiB for the cfg
#   DISK    a folder (relative) that becomes the archive disk NAME.img; the cfg mounts it at /DISK
#   EROFS   options of mkfs.erofs: the disk is an EROFS instead
#   RAMDISK the same as the cfg's ramdisk=
#   OPTIONS kernel words, ARGUMENTS the application's, for the cfg

APPS := $(patsubst apps/%/app.mk,%,$(wildcard apps/*/app.mk))
GUEST_TESTS := $(patsubst test/guest/%/app.mk,%,$(wildcard test/guest/*/app.mk))
IMAGES := $(APPS) $(GUEST_TESTS)
BENCH_APPS := $(patsubst tools/bench/apps/%/app.mk,%,$(wildcard tools/bench/apps/*/app.mk))
BENCH_IMAGES := mini hello httpd $(BENCH_APPS)

# The compiler's helper functions (__popcountdi2 and the like).
LIBGCC := $(shell $(CC) -print-libgcc-file-name 2> /dev/null)
LINK := ld -nostdlib -static --gc-sections -z noexecstack -z max-page-size=16 -z norelro --build-id=none --no-warn-rwx-segments --no-warn-mismatch \
    --orphan-handling=error

# $(1) name, $(2) folder
define image
SRCS :=
CONFIG :=
WITHOUT :=
MEMORY := 16
DISK :=
EROFS :=
RAMDISK :=
OPTIONS :=
ARGUMENTS :=
include $(2)/app.mk
$(1)_OBJS := $(OBJ)/$(2)/application.o $$(call room_objects,$$(CONFIG) $$(filter-out $$(WITHOUT),$$(USUAL))) $(OBJ)/$(2)/identity.o
$(1)_APPLICATION_OBJS := $$(call objects,$$(addprefix $(2)/,$$(SRCS)))
$(1)_EROFS := $$(EROFS)
$(1)_DISK := $$(if $$(DISK),$(2)/$$(DISK))
$(1)_RAMDISK := $$(if $$(RAMDISK),$(2)/$$(RAMDISK))
$(1)_CFG := --memory $$(MEMORY) $$(if $$(filter net,$$(CONFIG)),--network) \
    $$(if $$(DISK),--archive $$(DISK)) $$(if $$(RAMDISK),--ramdisk $$(RAMDISK)) \
    --options '$$(OPTIONS)' --arguments '$$(ARGUMENTS)'

.PHONY: $(1)
$(1): $(OUT)/$(1).elf $(OUT)/$(1).cfg $$(if $$(DISK),$(OUT)/$(1).img) $$(if $$(RAMDISK),$(OUT)/$(1).ramdisk)

$(OBJ)/$(2)/identity.o: lib/boot/identity.c $(OBJ)/.flags | $(PREPARED)
	@mkdir -p $$(@D)
	$(Q)$$(CC) $$(GUEST_FLAGS) $$(WARNINGS) $$(CPPFLAGS) -DAPPLICATION_NAME='"$(1)"' -MMD -MP -c -o $$@ $$<

# The application's own names become local, all but main: a kernel function of the same name is no conflict.
$(OBJ)/$(2)/application.o: $$($(1)_APPLICATION_OBJS)
	$(Q)ld -r -o $$@.part $$^
	$(Q)objcopy --keep-global-symbol=main $$@.part $$@
	@rm -f $$@.part

$(OUT)/$(1).elf.debug: $$($(1)_OBJS) arch/x86_64/boot/image.lds $(NEWLIB)/lib/libc.a
	@mkdir -p $$(@D)
	$(say) LD $$@
	$(Q)$(LINK) -T arch/x86_64/boot/image.lds -o $$@ $$($(1)_OBJS) --start-group $$(NEWLIB_LIBS) --end-group $(LIBGCC)

$(OUT)/$(1).elf: $(OUT)/$(1).elf.debug
	$(say) STRIP $$@
	$(Q)objcopy --strip-all $$< $$@

$(OUT)/$(1).cfg: $(2)/app.mk tools/mkcfg
	@mkdir -p $$(@D)
	$(Q)tools/mkcfg --name $(1) $$($(1)_CFG) > $$@

$(OUT)/$(1).img: $$(if $$($(1)_DISK),$$(shell find $$($(1)_DISK) -mindepth 0 2>/dev/null)) tools/mkdisk
	@mkdir -p $$(@D)
	$(say) DISK $$@
	$(Q)tools/mkdisk $$(if $$($(1)_EROFS),--erofs $$($(1)_EROFS)) $$($(1)_DISK) $$@

$(OUT)/$(1).ramdisk: $$(if $$($(1)_RAMDISK),$$(shell find $$($(1)_RAMDISK) -mindepth 0 2>/dev/null)) tools/mkdisk
	@mkdir -p $$(@D)
	$(Q)tools/mkdisk $$($(1)_RAMDISK) $$@
endef

$(foreach app,$(APPS),$(eval $(call image,$(app),apps/$(app))))
$(foreach test,$(GUEST_TESTS),$(eval $(call image,$(test),test/guest/$(test))))
$(foreach app,$(BENCH_APPS),$(eval $(call image,$(app),tools/bench/apps/$(app))))

-include $(shell find $(OBJ) -name '*.d' 2>/dev/null)
