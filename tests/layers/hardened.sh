#!/usr/bin/env bash
# The command is a position independent executable with read-only relocations, a stack that cannot be executed, stack
# protectors and checked library calls; so is the shared library, where it is built.
set -euo pipefail
command -v readelf > /dev/null || exit 77
grep -q '^JOPA_HARDEN:BOOL=ON' "$JOPA_BUILD_DIR/CMakeCache.txt" || exit 77
fails=0
expect() { # what, pattern, file, readelf's option
    readelf -W "$4" "$3" | grep -E "$2" > /dev/null || { echo "$3: $1 is missing"; fails=1; }
}
for file in "$JOPA" "$JOPA_BUILD_DIR"/libjopa.so; do
    [ -e "$file" ] || continue
    expect "position independence" 'Type: +DYN' "$file" -h
    expect "RELRO" 'GNU_RELRO' "$file" -l
    expect "a stack without execution" 'GNU_STACK.* RW ' "$file" -l
    expect "BIND_NOW" 'BIND_NOW|FLAGS.*NOW' "$file" -d
    expect "the stack protector" '__stack_chk_fail' "$file" -s
    expect "checked calls" '__(vs)?n?(printf|memcpy|snprintf|vsnprintf)_chk' "$file" -s
done
exit $fails
