#!/usr/bin/env bash
# build.sh NAME: builds the bench program NAME and prints its path.
set -euo pipefail
build=$(dirname "${JOPA:-$(cd "$(dirname "$0")/.." && pwd)/build/jopa}")
cmake --build "$build" --target "bench_$1" >&2
echo "$build/bench/$1"
