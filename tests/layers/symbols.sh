#!/usr/bin/env bash
# libjopa's symbols: all begin with jopa_ or jp_; none is writable data that threads share, but the lock around LAPACK;
# none prints, ends the process or reads its environment.
set -euo pipefail
library=$JOPA_BUILD_DIR/libjopa.a

foreign=$(nm -g --defined-only "$library" | awk 'NF == 3 && $3 !~ /^(jopa|jp)_/ { print "foreign name: " $3 }')
# objdump's columns: value, flags, section, size, name
writable=$(objdump -t "$library" | grep -E '[[:space:]]\.(data|bss)(\.[^r][^[:space:]]*)?[[:space:]]' |
    awk '$NF !~ /^\./ && $NF != "lapack_turn" { print "writable: " $NF }' || true)
calls=$(nm -u "$library" | awk '$2 ~ /^(printf|puts|putchar|perror|exit|_exit|abort|getenv|setenv|stdout|stderr|__printf_chk)$/ {
    print "uses: " $2 }')
found=$(printf '%s\n%s\n%s\n' "$foreign" "$writable" "$calls" | sed '/^$/d' | sort -u)
[ -z "$found" ] || { echo "$found"; exit 1; }
