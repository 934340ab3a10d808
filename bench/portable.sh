#!/usr/bin/env bash
# portable.sh [ROUNDS]: evaluations a second of a build for this machine and of one with -DJOPA_NATIVE=OFF, in turns, on
# the default model; and which instructions ggml's CPU backend uses in each. Not in docs/results.md: see docs/install.md.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
build=$(dirname "${JOPA:-$root/build/jopa}")
rounds=${1:-5}

[ -f "$build/portable/CMakeCache.txt" ] || cmake -S "$root" -B "$build/portable" -G Ninja -DJOPA_NATIVE=OFF >&2
cmake --build "$build/portable" --target jopa bench_features >&2
cmake --build "$build" --target jopa bench_features >&2
model=$("$root/scripts/fetch-model.sh")

# speed JOPA: evaluations a second of one explanation
speed() {
    "$1" explain -m "$model" -n 16 -M ablation --metrics none -F json "$(head -c 600 "$root/bench/speed.txt")" |
        python3 -c 'import json, sys; print("%.1f" % json.load(sys.stdin)["cost"]["evaluations_per_second"])'
}

declare -A all
for ((round = 0; round < rounds; round++)); do
    for which in "$build" "$build/portable"; do all[$which]+=" $(speed "$which/jopa")"; done
done
for which in "$build" "$build/portable"; do
    echo "$which: $("$which/bench/features")"
    tr ' ' '\n' <<< "${all[$which]}" | sort -n | awk 'NF { x[++n] = $1 } END { printf "median %s, largest %s evaluations a second\n", x[int((n + 1) / 2)], x[n] }'
done
