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

text() { # text TARGET OPTION...: what the program says of itself
    target=$1
    shift
    mkdir -p "$(dirname "$target")"
    "$build/meterkey" help "$@" >"$target"
    chmod 644 "$target"
}
text "$prefix/share/man/man1/meterkey.1" --man
text "$prefix/share/bash-completion/completions/meterkey" --completion bash
text "$prefix/share/zsh/site-functions/_meterkey" --completion zsh
