# Meterkey: build, tests, installation. Everything made lies under build/.
#
#   make            the program, build/meterkey (installs missing packages first)
#   make demo       signs in to the sandbox portal, in view
#   make serve-demo the service with a made-up utility, a team and a first data request
#   make test       all tests; make test ARGS="--suite unit --name test_url"
#   make portals    starts a simulated portal of each utility to try, with test customers
#   make lint asan asan-service tsan-service fuzz torture bench docs
#   make deb        the Debian package, build/meterkey_VERSION_ARCH.deb
#   make install PREFIX=/usr/local DESTDIR=   make uninstall   make clean   make deps
#
# CC=clang chooses the compiler; what changes the flags rebuilds what it must.

VERSION := 0.1.0
ROOT := $(dir $(abspath $(lastword $(MAKEFILE_LIST))))
BUILD ?= build
PREFIX ?= /usr/local
PYTHON := /usr/bin/python3
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules
ifeq ($(origin CC),default)
CC := gcc
endif

include mk/config.mk
include mk/core.mk
include mk/tests.mk
include mk/install.mk

.PHONY: all lib deps clean docs
all: $(BUILD)/meterkey
lib: $(LIBMK)

deps:
	@sh tools/deps.sh build run test bench

docs: all
	@sh tools/docs.sh

clean:
	rm -rf build
