#!/bin/sh
# Sees that the packages of docs/dependencies.txt for the purposes named as
# arguments (build, run, test, bench) are there; installs what is missing
# where it may, otherwise says in one sentence what to run.
set -eu
list=${DEPS_LIST:-docs/dependencies.txt}

wanted() {
    for purpose in "$@"; do
        awk -v p="$purpose" '!/^#/ && $2 == p { print $1 }' "$list"
    done | sort -u
}

# A package is there if dpkg says so, or if a program of its name is: node and
# npm, say, often come from elsewhere.
present() {
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ] || command -v "$1" >/dev/null 2>&1
}

missing=
for package in $(wanted "$@"); do
    present "$package" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null 2>&1; then
    echo "Please install what these Debian packages hold:$missing" >&2
    exit 1
fi
as_root=
if [ "$(id -u)" -ne 0 ]; then
    if command -v sudo >/dev/null 2>&1 && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
        as_root=sudo
    else
        echo "Please run as root: apt-get install --no-install-recommends$missing" >&2
        exit 1
    fi
fi
echo "Installing:$missing"
install_them() {
    DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -q --no-install-recommends $missing </dev/null
}
$as_root apt-get update -q </dev/null || echo "apt-get update failed; trying with the lists that are here" >&2
if ! install_them; then
    echo "Please run as root: apt-get install --no-install-recommends$missing" >&2
    exit 1
fi
