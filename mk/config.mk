# Packages, libraries and flags.

# $(BUILD)/config.mk holds what pkg-config says. It is made after the packages
# are there, and make reads itself anew when it has been made.
PKGS := lua5.4 sqlite3 libcurl libpcre2-8 libuv libxml-2.0 jansson openssl libpsl libidn2 libmicrohttpd libsodium libzstd libseccomp
ifneq ($(filter-out clean deps uninstall lint-style,$(or $(MAKECMDGOALS),all)),)
include $(BUILD)/config.mk
endif

build/deps.%: docs/dependencies.txt tools/deps.sh
	@mkdir -p $(@D)
	@sh tools/deps.sh $(subst -, ,$*)
	@touch $@

$(BUILD)/config.mk: mk/config.mk | build/deps.build-run
	@mkdir -p $(@D)
	@cflags=$$(pkg-config --cflags $(PKGS)) && libs=$$(pkg-config --libs $(PKGS)) && \
	printf 'PKG_CFLAGS := %s\nPKG_LIBS := %s -lm -lpthread\n' "$$cflags" "$$libs" >$@

# V=1 shows the commands.
Q := $(if $(V),,@)
WARN := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition \
  -Wpointer-arith -Wvla -Wformat=2 -Wundef -Wwrite-strings -Wimplicit-fallthrough
HARDEN := -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection -fPIE
LINKHARD := -pie -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack
OPT := -O2 -g -fno-omit-frame-pointer
ifdef SANITIZE
# Fortified functions hide from the sanitizers what they would report.
HARDEN := -fPIE
LINKHARD := -pie
ifneq ($(findstring clang,$(CC)),clang)
# With sanitizers in between, gcc sees these two where they are not.
WARN += -Wno-clobbered -Wno-maybe-uninitialized
endif
OPT := -O1 -g -fno-omit-frame-pointer -fsanitize=$(SANITIZE) -fno-sanitize-recover=all
endif
CFLAGS ?=
LDFLAGS ?=
ALL_CFLAGS = -std=gnu11 $(OPT) $(WARN) $(HARDEN) -D_GNU_SOURCE -Icore $(PKG_CFLAGS) $(CFLAGS)
ALL_LDFLAGS = $(LINKHARD) $(OPT) $(LDFLAGS)

# A file that changes only when its text does: what depends on it is remade
# when flags, the list of sources or the list of embedded files change. Where the
# libraries' flags are not known (lint-style, before config.mk is made) it stays.
define stamp
$(if $(PKG_LIBS),$(shell mkdir -p $(dir $(1)); echo '$(strip $(2))' | cmp -s - $(1) || echo '$(strip $(2))' >$(1)))$(1)
endef
