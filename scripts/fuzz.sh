#!/usr/bin/env bash
# fuzz.sh FOLDER [SECONDS [TARGET...]]: builds the fuzz targets by clang in FOLDER and runs each for SECONDS (60) on what
# fuzz/corpus has and on what earlier runs have found there. An input that fails is kept in fuzz/corpus, where
# `make test` replays it.
. "$(dirname "$0")/lib.sh"

[ $# -ge 1 ] || die "usage: fuzz.sh FOLDER [SECONDS [TARGET...]]"
build=$1 seconds=${2:-60}
here=$(cd "$scripts/../fuzz" && pwd)
"$scripts/packages.sh" --tests # clang; and its runtime libraries, which have libFuzzer:
[ -e "$(clang -print-runtime-dir)/libclang_rt.fuzzer-x86_64.a" ] || [ -e "$(clang -print-runtime-dir)/libclang_rt.fuzzer.a" ] ||
    "$scripts/packages.sh" "libclang-rt-$(clang -dumpversion | cut -d. -f1)-dev"
[ -f "$build/build.ninja" ] ||
    CC=clang CXX=clang++ cmake -S "$scripts/.." -B "$build" -G Ninja -Wno-dev -DJOPA_FUZZ=ON >&2
cmake --build "$build" --target fuzz >&2
shift $(($# > 2 ? 2 : $#))
failed=0
for source in "$here"/fuzz_*.c; do
    name=$(basename "$source" .c)
    name=${name#fuzz_}
    case " $* " in "  " | *" $name "*) ;; *) continue ;; esac
    found=$build/corpus/$name
    mkdir -p "$found"
    options=()
    [ ! -f "$here/$name.dict" ] || options+=("-dict=$here/$name.dict")
    "$build/fuzz/fuzz_$name" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -max_len=20000 -print_final_stats=1 \
        "-artifact_prefix=$here/corpus/$name/" "${options[@]}" "$found" "$here/corpus/$name" > "$found.log" 2>&1 || failed=1
    stats=$(grep -a 'stat::number_of_executed_units\|stat::new_units_added' "$found.log" | sed 's/.*: *//' | tr '\n' ' ' || true)
    set -- "$@"
    echo "$name: ${stats:-failed: see $found.log} (executions, new inputs)"
done
exit $failed
