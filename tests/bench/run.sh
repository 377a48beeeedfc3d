#!/bin/sh
# make bench: everything of run.py; arguments go through.
exec /usr/bin/python3 "$(dirname "$0")/run.py" "$@"
