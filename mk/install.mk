# SPDX-License-Identifier: MIT
# `make install`: the applications' images with cfgs that name them by their installed paths, the tools that a user calls, man pages.

PREFIX  ?= /usr/local
DESTDIR ?=
INSTALLED := $(PREFIX)/lib/xenolith
# What xencore and gdbserver want of the tree, and what xenhost wants.
INSTALLED_TOOLS := $(shell git ls-files tools/xencore tools/xenhost tools/gdb 2> /dev/null) tools/check-tools

.PHONY: install uninstall
install: $(APPS)
	@mkdir -p $(addprefix $(DESTDIR),$(INSTALLED)/tools $(PREFIX)/bin $(PREFIX)/share/man/man1 $(PREFIX)/share/man/man7)
	@for app in $(APPS); do \
	    for file in $(OUT)/$$app.elf $(OUT)/$$app.elf.debug $(OUT)/$$app.img $(OUT)/$$app.ramdisk; do \
	        [ ! -e $$file ] || install -m 644 $$file $(DESTDIR)$(INSTALLED)/ || exit 1; \
	    done; \
	    sed -e 's|^# Start.*|# Start: xl create $(INSTALLED)/'$$app'.cfg|' -e 's|^\(kernel = "\)|\1$(INSTALLED)/|' \
	        -e 's|^\(ramdisk = "\)|\1$(INSTALLED)/|' -e 's|target=|target=$(INSTALLED)/|' $(OUT)/$$app.cfg > $(DESTDIR)$(INSTALLED)/$$app.cfg || exit 1; \
	done
	@tar -cf - $(INSTALLED_TOOLS) | tar -xf - -C $(DESTDIR)$(INSTALLED)
	@ln -sf ../lib/xenolith/tools/xencore/xencore $(DESTDIR)$(PREFIX)/bin/xencore
	@ln -sf ../lib/xenolith/tools/gdb/gdbserver $(DESTDIR)$(PREFIX)/bin/xenolith-gdbserver
	@install -m 755 tools/xenhost/installed $(DESTDIR)$(PREFIX)/bin/xenhost
	@for tool in mkcfg mkdisk symbolise; do install -m 755 tools/$$tool $(DESTDIR)$(PREFIX)/bin/xenolith-$$tool || exit 1; done
	@install -m 644 $(wildcard man/*.1) $(DESTDIR)$(PREFIX)/share/man/man1/
	@install -m 644 $(wildcard man/*.7) $(DESTDIR)$(PREFIX)/share/man/man7/
	@echo "installed under $(DESTDIR)$(PREFIX); man 7 xenolith, xl create $(INSTALLED)/httpd.cfg"

uninstall:
	@rm -rf $(DESTDIR)$(INSTALLED)
	@rm -f $(addprefix $(DESTDIR)$(PREFIX)/bin/,xencore xenhost xenolith-gdbserver xenolith-mkcfg xenolith-mkdisk xenolith-symbolise)
	@rm -f $(addprefix $(DESTDIR)$(PREFIX)/share/man/man1/,$(notdir $(wildcard man/*.1))) $(addprefix $(DESTDIR)$(PREFIX)/share/man/man7/,$(notdir $(wildcard man/*.7)))
