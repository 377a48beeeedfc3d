#!/bin/sh
# What needs no libraries leaves the build as it is: with other flags written down, the next make would compile all anew.
set -eu
unset MAKEFLAGS MFLAGS MAKELEVEL
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
make -n BUILD="$folder" all >"$folder/said"
cp "$folder/flags" "$folder/before"
make -n BUILD="$folder" lint-style >"$folder/said"
if cmp "$folder/flags" "$folder/before"; then
    echo "ok - the lint alone leaves the flags as they are"
else
    echo "not ok - the lint alone leaves the flags as they are"
    exit 1
fi
