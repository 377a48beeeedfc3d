# Installation below $(DESTDIR)$(PREFIX).

INSTALL := install
.PHONY: install uninstall
install: all
	$(INSTALL) -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(DATADIR)
	$(INSTALL) -m 755 $(BUILD)/meterkey $(DESTDIR)$(PREFIX)/bin/meterkey
	@sh tools/install.sh "$(DESTDIR)$(PREFIX)" "$(DESTDIR)$(DATADIR)" $(BUILD)

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/meterkey $(DESTDIR)$(PREFIX)/share/man/man1/meterkey.1
	rm -f $(DESTDIR)$(PREFIX)/share/bash-completion/completions/meterkey
	rm -f $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_meterkey
	rm -rf $(DESTDIR)$(DATADIR)

# The Debian package: the same objects, linked for the prefix /usr.
.PHONY: deb
DEB := $(BUILD)/deb
$(DEB)/build.c: $(call stamp,$(BUILD)/deb/version,$(VERSION))
	@mkdir -p $(@D)
	@printf '%s\n' '/* build.c - made by the Makefile (layer base) */' '#include "base/build.h"' \
	  'const char mk_build_version[] = "$(VERSION)";' 'const char mk_build_datadir[] = "/usr/share/meterkey";' >$@

$(DEB)/meterkey: $(BUILD)/obj/core/cli/main.o $(DEB)/build.c $(LIBMK)
	@echo "ld $@"
	$(Q)$(CC) $(ALL_CFLAGS) -c -o $(DEB)/build.o $(DEB)/build.c
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(BUILD)/obj/core/cli/main.o $(DEB)/build.o $(LIBMK) $(PKG_LIBS)

# For the test of upgrades: a later version with one more step of the schema, make deb-later STEP=FILE.sql NUMBER=2 OUT=FOLDER
.PHONY: deb-later
deb-later: $(DEB)/meterkey
	$(Q)lua5.4 tools/embed.lua $(EMBED) $(LIBRARY) runtime/store/$(NUMBER)-later.sql=$(STEP) >$(OUT)/embedded.c
	$(Q)$(CC) $(ALL_CFLAGS) -c -o $(OUT)/embedded.o $(OUT)/embedded.c
	$(Q)$(CC) $(ALL_LDFLAGS) -o $(OUT)/meterkey $(BUILD)/obj/core/cli/main.o $(DEB)/build.o $(OUT)/embedded.o $(LIBMK) $(PKG_LIBS)
	@sh tools/deb.sh $(OUT)/meterkey 99.0 $(OUT)

deb: $(DEB)/meterkey
	@sh tools/deb.sh $(DEB)/meterkey $(VERSION) $(BUILD)
