#!/usr/bin/env bash
# sanitize.sh thread|valgrind FOLDER [TEST...]: builds the unit tests in FOLDER to run under ThreadSanitizer, or under
# valgrind's memcheck, and runs them (TEST: threads, search, ...; all, and under ThreadSanitizer the server's, serve.NAME).
# `make test` has AddressSanitizer and UBSan.
# ThreadSanitizer does not see how libgomp's threads wait for each other, and would take each of their barriers for a
# race: so OpenMP has one thread then, and what is looked for are races of the threads of our own.
. "$(dirname "$0")/lib.sh"

[ $# -ge 2 ] || die "usage: sanitize.sh thread|valgrind FOLDER [TEST...]"
kind=$1 build=$2
shift 2
"$scripts/packages.sh" --tests
under=()
if [ "$kind" = valgrind ]; then
    "$scripts/packages.sh" valgrind
    under=(valgrind --quiet --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite)
fi
if [ $# = 0 ]; then
    set -- $(cd "$scripts/../tests/unit" && ls test_*.c | sed 's/^test_//; s/[.]c$//')
    [ "$kind" = valgrind ] || set -- "$@" serve.api serve.hostile serve.store
fi
served=()
for name; do
    [[ $name != serve.* ]] || served=(jopa_sanitized tiny_model)
done
# shellcheck disable=SC2086  # CMAKE_FLAGS holds several words
step "configuring $build for $kind" \
    cmake -S "$scripts/.." -B "$build" -G Ninja -Wno-dev "-DJOPA_SANITIZE=$kind" ${CMAKE_FLAGS:-}
step "building $# tests for $kind" cmake --build "$build" --target "${served[@]}" \
    $(printf '%s\n' "$@" | sed '/^serve[.]/d; s/.*/test_&.sanitized/')
mkdir -p "$build/$kind"
JOPA_SOURCE_DIR=$(cd "$scripts/.." && pwd) JOPA_BUILD_DIR=$(cd "$build" && pwd)
JOPA=$JOPA_BUILD_DIR/sanitize/jopa JOPA_SANITIZED=$JOPA_BUILD_DIR/sanitize/jopa
export JOPA_SOURCE_DIR JOPA_BUILD_DIR JOPA JOPA_SANITIZED
[ "$kind" != thread ] || export OMP_THREAD_LIMIT=1
cd "$build/$kind"
failed=0
for name; do
    start=$SECONDS
    program=("${under[@]}" "../sanitize/unit/test_$name")
    [[ $name != serve.* ]] || program=(python3 "$JOPA_SOURCE_DIR/tests/serve/test_${name#serve.}.py")
    if ROUNDS=${ROUNDS:-6} TSAN_OPTIONS="halt_on_error=0 exitcode=9 ${TSAN_OPTIONS:-}" \
        "${program[@]}" > "$name.log" 2>&1; then
        echo "$name: passed, $((SECONDS - start)) s"
    else
        echo "$name: failed, see $JOPA_BUILD_DIR/$kind/$name.log"
        failed=1
    fi
done
exit $failed
