#!/usr/bin/env bash
# Builds llama-server and ggml-rpc-server of the pinned release into the user's cache, once: the tests ask them.
# Prints the folder that they are in, with --path only that. They are linked with the libllama of fetch-llama.sh.
. "$(dirname "$0")/lib.sh"

llama=$cache/llama-$version-$("$scripts/fetch-llama.sh" --key)
key=$({ echo "$llama"; cat "$scripts/servers.cmake"; } | sha256sum | cut -c1-12)
target=$cache/servers-$version-$key
if [ "${1:-}" = --path ] || [ -d "$target" ]; then
    echo "$target"
    exit
fi
"$scripts/fetch-llama.sh" > /dev/null

llama_source
cp "$scripts/servers.cmake" "$tmp/source/CMakeLists.txt"

build() {
    cmake -S "$tmp/source" -B "$tmp/build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_PREFIX_PATH="$llama"
    cmake --build "$tmp/build" --target llama-server ggml-rpc-server
    strip "$tmp/build/bin"/*
}
step "building llama-server and ggml-rpc-server $version for the tests (five minutes on two cores, 30 MB, only once)" build
# Another build may have finished first: then ours is dropped.
mv -T "$tmp/build/bin" "$target" 2> /dev/null || [ -d "$target" ]
echo "$target"
