# Builds meterkey.so, the primitives for plain Lua; luarocks calls it. Everything made lies under build/rock/.
OUT ?= build/rock
CC ?= gcc
CFLAGS ?= -O2 -fPIC
LIBFLAG ?= -shared
LUA_INCDIR ?= /usr/include/lua5.4
PKGS := libcurl libpcre2-8 libuv libxml-2.0 jansson openssl libpsl libidn2 libsodium
# What needs a session, not just Lua, stays out.
SRC := $(wildcard core/base/*.c core/parse/*.c core/net/*.c core/bind/m_*.c) $(wildcard rockspec/*.c) \
  core/journal/record.c core/vault/secret.c core/vault/slab.c core/script/luajson.c \
  $(addprefix core/bind/,lua.c secret.c jsonenc.c element.c page.c form.c submit.c request.c prim.c rsa.c)
OBJ := $(SRC:%.c=$(OUT)/%.o)
FLAGS := -std=gnu11 -fPIC -fvisibility=hidden -Wall -Wextra -D_GNU_SOURCE -Icore -I$(LUA_INCDIR) $(shell pkg-config --cflags $(PKGS))

.PHONY: all install
all: $(OUT)/meterkey.so

$(OUT)/meterkey.so: $(OBJ)
	$(CC) $(LIBFLAG) -o $@ $(OBJ) $(shell pkg-config --libs $(PKGS)) -lm -lpthread

$(OUT)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(FLAGS) -MMD -MP -c -o $@ $<

install: $(OUT)/meterkey.so
	mkdir -p $(LIBDIR)
	cp $(OUT)/meterkey.so $(LIBDIR)/

-include $(OBJ:.o=.d)
