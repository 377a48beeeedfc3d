#!/bin/sh
# Installs what lies beside the program: install.sh PREFIX DATADIR BUILD
set -eu
prefix=$1 data=$2 build=$3

copy_tree() { # copy_tree FOLDER: all its files, modes 644
    [ -d "$1" ] || return 0
    find "$1" -type f | while IFS= read -r file; do
        install -D -m 644 "$file" "$data/$file"
    done
}
copy_tree scripts
copy_tree runtime

put() { # put FILE TARGET, if FILE was made
    [ ! -f "$1" ] || install -D -m 644 "$1" "$2"
}
put "$build/doc/meterkey.1" "$prefix/share/man/man1/meterkey.1"
put "$build/doc/meterkey.bash" "$prefix/share/bash-completion/completions/meterkey"
put "$build/doc/_meterkey" "$prefix/share/zsh/site-functions/_meterkey"
