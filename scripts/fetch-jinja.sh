#!/usr/bin/env bash
# Puts the source of the Jinja interpreter of the pinned llama.cpp release into the user's cache, once, with
# jinja.patch: its strings know which text each of their bytes came from, and templates that do not end are refused.
# Prints the folder.
. "$(dirname "$0")/lib.sh"

patch=$scripts/jinja.patch
key=$({ cat "$patch"; echo "$package"; } | sha256sum | cut -c 1-12)
target=$cache/jinja-$version-$key
[ -d "$target" ] && echo "$target" && exit

llama_source common vendor/hash models/templates LICENSE
git -C "$tmp/source" apply "$patch" || die "$patch does not apply"
mkdir -p "$tmp/jinja/jinja"
cd "$tmp/source"
rm common/jinja/caps.*
cp common/jinja/*.cpp common/jinja/*.h "$tmp/jinja/jinja"
cp common/unicode.cpp common/unicode.h vendor/hash/hash.cpp vendor/hash/hash.h LICENSE "$tmp/jinja"
cp -r vendor/hash/sha256 vendor/hash/rotate-bits "$tmp/jinja"
cp -r models/templates "$tmp/jinja/templates"
# Another build may have finished first: then ours is dropped.
mv -T "$tmp/jinja" "$target" 2> /dev/null || [ -d "$target" ]
echo "$target"
