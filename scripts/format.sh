#!/usr/bin/env bash
# format.sh [--check]: clang-format over all C of the project, of the version that .clang-format is written for.
# --check: changes nothing and fails where a file would change.
. "$(dirname "$0")/lib.sh"

how=(-i)
[ "${1:-}" != --check ] || how=(--dry-run --Werror)
clang_format=$(dirname "$("$scripts/venv.sh" format "$scripts/format.txt")")/clang-format
cd "$scripts/.."
git ls-files -co --exclude-standard '*.c' '*.h' '*.cpp' | xargs "$clang_format" "${how[@]}"
