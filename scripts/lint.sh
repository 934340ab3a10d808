#!/usr/bin/env bash
# lint.sh FOLDER: clang-tidy over src/, cli/ and serve/ as they are compiled in FOLDER; fails where it warns. .clang-tidy says of what.
. "$(dirname "$0")/lib.sh"

[ $# = 1 ] || die "usage: lint.sh FOLDER"
folder=$(cd "$1" && pwd)
clang_tidy=$(dirname "$("$scripts/venv.sh" lint "$scripts/lint.txt")")/clang-tidy
scratch # OpenMP's header alone, not its neighbours
cp "$("${CC:-gcc}" -print-file-name=include/omp.h)" "$tmp"
cd "$scripts/.."
git ls-files -co --exclude-standard 'src/*.c' 'cli/*.c' 'serve/*.c' |
    xargs -P "$(nproc)" -n 8 "$clang_tidy" --quiet -p "$folder" --extra-arg=-Wno-unknown-warning-option --extra-arg="-idirafter$tmp"
