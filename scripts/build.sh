#!/usr/bin/env bash
# build.sh FOLDER [TARGET]: configures where needed and builds.
. "$(dirname "$0")/lib.sh"

build=$1
"$scripts/packages.sh" ${2:+--tests}
# A folder configured for another CPU, compiler or set of options, or with other defaults, or whose libllama is gone,
# starts over.
defaults=$(cd "$scripts/.." && grep -h '^option' CMakeLists.txt cmake/*.cmake | sha256sum | cut -c 1-12)
key="$("$scripts/fetch-llama.sh" --key) $defaults ${CMAKE_FLAGS:-}"
llama=$(sed -n 's/^llama_DIR:PATH=//p' "$build/CMakeCache.txt" 2> /dev/null || true)
if [ "$(cat "$build/configured" 2> /dev/null)" != "$key" ] || [ ! -d "${llama:-/}" ]; then
    rm -rf "$build/CMakeCache.txt" "$build/CMakeFiles"
    mkdir -p "$(dirname "$log")"
    # shellcheck disable=SC2086  # CMAKE_FLAGS holds several words
    cmake -S "$scripts/.." -B "$build" -G Ninja -Wno-dev ${2:+-DJOPA_WERROR=ON} ${CMAKE_FLAGS:-} >> "$log"
    cmake --build "$build" --target clean > /dev/null
    echo "$key" > "$build/configured"
fi
if [ "${2:-}" ] && ! grep -q '^JOPA_WERROR:BOOL=ON' "$build/CMakeCache.txt"; then
    cmake -DJOPA_WERROR=ON "$build" > /dev/null
fi
if ! cmake --build "$build" --target "${2:-all}" -- -n | grep -q 'no work to do'; then
    step "building jopa${2:+ and its tests} in $build" cmake --build "$build" --target "${2:-all}"
fi
