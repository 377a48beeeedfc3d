# The program and the library of all its parts.

CORE_SRC := $(sort $(wildcard core/*/*.c))
LIB_SRC := $(filter-out core/cli/main.c,$(CORE_SRC))
LIB_OBJ := $(LIB_SRC:%.c=$(BUILD)/obj/%.o) $(BUILD)/obj/gen/embedded.o $(BUILD)/obj/gen/build.o
LIBMK := $(BUILD)/libmk.a
GEN := $(BUILD)/gen

FLAGS_STAMP = $(call stamp,$(BUILD)/flags,$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS))
LIB_STAMP = $(call stamp,$(BUILD)/sources,$(LIB_OBJ))

# PARTIAL=1 leaves out what does not compile yet, to test one part alone.
OR_NOTHING = $(if $(PARTIAL),|| { echo "left out: $<"; $(CC) -x c -c /dev/null -o $@; })

$(BUILD)/obj/%.o: %.c $(FLAGS_STAMP)
	@mkdir -p $(@D)
	@echo "cc $<"
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $< $(OR_NOTHING)

$(BUILD)/obj/gen/%.o: $(GEN)/%.c $(FLAGS_STAMP)
	@mkdir -p $(@D)
	@echo "cc $<"
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# What the binary carries: the runtime, DEMO with its cases, and the templates' library.
EMBED := $(sort $(shell find runtime scripts/utilities/demo.lua scripts/cases/demo -type f 2>/dev/null))
PENLIGHT := /usr/share/lua/5.4/pl
LIBRARY := $(foreach name,compat template utils,pl/$(name).lua=$(PENLIGHT)/$(name).lua)
EMBED_STAMP = $(call stamp,$(BUILD)/embedded,$(EMBED))
$(GEN)/embedded.c: tools/embed.lua $(EMBED) $(EMBED_STAMP)
	@mkdir -p $(@D)
	$(Q)lua5.4 tools/embed.lua $(EMBED) $(LIBRARY) >$@

DATADIR := $(PREFIX)/share/meterkey
BUILD_STAMP = $(call stamp,$(BUILD)/version,$(VERSION) $(DATADIR))
$(GEN)/build.c: $(BUILD_STAMP)
	@mkdir -p $(@D)
	@printf '%s\n' '/* build.c - made by the Makefile (layer base) */' '#include "base/build.h"' \
	  'const char mk_build_version[] = "$(VERSION)";' \
	  'const char mk_build_datadir[] = "$(DATADIR)";' >$@

$(LIBMK): $(LIB_OBJ) $(LIB_STAMP)
	@rm -f $@
	$(Q)ar rcs $@ $(LIB_OBJ)

$(BUILD)/meterkey: $(BUILD)/obj/core/cli/main.o $(LIBMK)
	@echo "ld $@"
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS)

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
