#!/usr/bin/env bash
# browser.sh FOLDER: what FOLDER's package-lock.json lists, installed once into the user's cache, and Debian's Chromium
# where there is none; prints the folder that holds node_modules.
. "$(dirname "$0")/lib.sh"

[ $# = 1 ] || die "usage: browser.sh FOLDER"
command -v chromium > /dev/null || "$scripts/packages.sh" chromium
command -v npm > /dev/null || "$scripts/packages.sh" npm
target=$cache/node-$(cat "$1/package.json" "$1/package-lock.json" | sha256sum | cut -c 1-12)
if [ ! -d "$target" ]; then
    scratch
    cp "$1/package.json" "$1/package-lock.json" "$tmp"
    step "installing what the browser tests need (npm)" npm ci --prefix "$tmp" --ignore-scripts --no-audit --no-fund --loglevel=error
    mv -T "$tmp" "$target" 2> /dev/null || [ -d "$target" ] # another run may have been faster
fi
echo "$target"
