# Tests: units, fuzz targets, and the runner that knows all the suites.

UNIT_SRC := $(sort $(wildcard tests/unit/*/test_*.c))
UNIT_BIN := $(UNIT_SRC:tests/%.c=$(BUILD)/%)
SUPPORT_OBJ := $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard tests/unit/support/*.c))

# One unit test alone: make build/unit/parse/test_url
$(BUILD)/obj/tests/%.o: tests/%.c $(FLAGS_STAMP) | build/deps.test
	@mkdir -p $(@D)
	@echo "cc $<"
	$(Q)$(CC) $(ALL_CFLAGS) -Itests/unit -MMD -MP -c -o $@ $<

$(BUILD)/unit/%: $(BUILD)/obj/tests/unit/%.o $(SUPPORT_OBJ) $(LIBMK)
	@mkdir -p $(@D)
	@echo "ld $@"
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(LIBMK) -lcmocka $(PKG_LIBS)

# Programs of other suites that are linked with the core.
PROGRAMS := $(patsubst tests/%.c,$(BUILD)/%,$(wildcard tests/torture/*.c tests/faults/*.c tests/service/*.c))
$(PROGRAMS) $(BUILD)/bench/states: $(BUILD)/%: $(BUILD)/obj/tests/%.o $(SUPPORT_OBJ) $(LIBMK)
	@mkdir -p $(@D)
	@echo "ld $@"
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(LIBMK) -lcmocka $(PKG_LIBS)

# Hostile scripts and portals: one program that reads tests/hostile/*.lua.
HOSTILE_OBJ := $(patsubst %.c,$(BUILD)/obj/%.o,$(sort $(wildcard tests/hostile/*.c)))
$(BUILD)/hostile/hostile: $(HOSTILE_OBJ) $(LIBMK)
	@mkdir -p $(@D)
	@echo "ld $@"
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(HOSTILE_OBJ) $(LIBMK) $(PKG_LIBS)
units: $(BUILD)/hostile/hostile

.PHONY: units fuzzers test asan asan-service tsan-service fuzz torture bench bench-serve lint lint-style demo serve-demo portals
.SECONDARY:
units: $(UNIT_BIN) $(PROGRAMS)

# Fuzz targets: the core once more, by clang, instrumented, in a tree of its own.
FUZZ_NAMES := $(sort $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c)))
FUZZ_FLAGS := SANITIZE=address,undefined CC=clang CFLAGS=-fsanitize=fuzzer-no-link
build/fuzz/fuzz_%: tests/fuzz/fuzz_%.c build/fuzz/libmk.a
	@echo "ld $@"
	$(Q)clang -std=gnu11 -O1 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -D_GNU_SOURCE -Icore $(PKG_CFLAGS) \
	  -Wall -Wextra -Werror -o $@ $< build/fuzz/libmk.a $(PKG_LIBS)
ifneq ($(BUILD),build/fuzz)
.PHONY: force
build/fuzz/libmk.a: force | build/deps.test
	@$(MAKE) --no-print-directory BUILD=build/fuzz $(FUZZ_FLAGS) lib
endif
fuzzers: $(FUZZ_NAMES:%=build/fuzz/fuzz_%)

ARGS ?=
test: all units fuzzers | build/deps.test
	@BUILD=$(BUILD) $(PYTHON) tests/run $(ARGS)

asan: | build/deps.test
	@$(MAKE) --no-print-directory BUILD=build/asan SANITIZE=address,undefined all units
	@BUILD=build/asan $(PYTHON) tests/run --suite unit --suite lua --suite conformance --suite cases --suite hostile $(ARGS)

# All tests of the service with a sanitized program. A report ends its test where it is in a log (tests/service/server.py) or a test's own
# output (tests/run); what commands say is left below build/asan/reports. Workers cannot look for leaks: nobody may look into them.
# test_deb and test_systemd make the package, whose program is built without.
NOT_SANITIZED := test_deb test_systemd
asan-service: | build/deps.test
	@$(MAKE) --no-print-directory BUILD=build/asan SANITIZE=address,undefined all build/asan/service/version build/asan/torture/service
	@rm -rf build/asan/reports && mkdir -p build/asan/reports
	@BUILD=build/asan ASAN_OPTIONS=log_path=$(ROOT)build/asan/reports/of $(PYTHON) tests/run --suite service $(NOT_SANITIZED:%=--skip %) $(ARGS)
	@! grep -r . build/asan/reports

# The service's threads (the store's log, mails into their folder, hashing of passwords) by the thread sanitizer.
THREADED := test_api.py test_dashboard.py test_outbound.py test_store.py test_sessions.py test_log.py
tsan-service: | build/deps.test
	@$(MAKE) --no-print-directory BUILD=build/tsan SANITIZE=thread all
	@rm -rf build/tsan/reports && mkdir -p build/tsan/reports
	@BUILD=build/tsan TSAN_OPTIONS=log_path=$(ROOT)build/tsan/reports/of $(PYTHON) tests/run --suite service $(THREADED:%=--name %) $(ARGS); \
	  status=$$?; ! grep -r . build/tsan/reports && exit $$status

# Each target for FUZZ_SECONDS; what it learns stays under build/, crashes too.
FUZZ_SECONDS ?= 300
fuzz: fuzzers
	@BUILD=$(BUILD) $(PYTHON) tests/run --suite fuzz --fuzz-seconds $(FUZZ_SECONDS) $(ARGS)

torture: all units | build/deps.test
	@BUILD=$(BUILD) MK_TORTURE=full $(PYTHON) tests/run --suite torture $(ARGS)

bench: all $(BUILD)/bench/states | build/deps.test-bench
	@BUILD=$(BUILD) sh tests/bench/run.sh $(ARGS)

lint: lint-style | build/deps.test
	@$(MAKE) --no-print-directory BUILD=build/clang CC=clang all units
	@echo "lint: clean"

lint-style:
	@$(PYTHON) tests/lint/lint.py

# All simulated portals, for a person to try.
portals: all | build/deps.test
	@node tests/portals/serve.mjs --people --port 18443 --control 18110

demo: all
	@BUILD=$(BUILD) sh tools/demo.sh

# The service to try: the sandbox portal, a team, a first data request. Goes on with what is in build/demo.
serve-demo: all
	@BUILD=$(BUILD) $(PYTHON) tools/serve_demo.py

# The whole service with 1,000 sessions at a question.
bench-serve: all
	@BUILD=$(BUILD) $(PYTHON) tests/bench/serve.py $(ARGS)
