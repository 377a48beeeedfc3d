#!/bin/sh
# Writes docs/reference/ and the manual page from the code. Each part replaces its file only if it was made whole.
set -eu
cd "$(dirname "$0")/.."
program=${BUILD:-build}/meterkey
mkdir -p docs/reference

# made FILE COMMAND...: the command's output becomes FILE, unless it fails or gives nothing.
made() {
  file=$1
  shift
  if "$@" >"$file.new" && [ -s "$file.new" ]; then
    mv "$file.new" "$file"
    echo "made $file"
  else
    rm -f "$file.new"
    echo "docs: $file was not made by: $*" >&2
    return 1
  fi
}

made docs/reference/errors.md lua5.4 tools/errors.lua
made docs/reference/sandbox.md "$program" sandbox --list --markdown
made docs/reference/commands.md "$program" help --markdown
made "${BUILD:-build}/meterkey.1" "$program" help --man
if [ -f tools/luadoc.py ]; then made docs/reference/lua.md /usr/bin/python3 tools/luadoc.py; fi
made docs/reference/runtime.md /usr/bin/python3 tools/runtimedoc.py
made docs/utilities.md /usr/bin/python3 tools/utilities.py
