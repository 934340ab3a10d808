#!/usr/bin/env bash
# Builds libllama of one pinned release for this CPU and compiler into the user's cache, once.
# Prints the folder it is installed in; with --key only what tells one build from another.
. "$(dirname "$0")/lib.sh"

version=0.5.0
package=node-llama-cpp@3.22.1 # carries llama.cpp's official source as a git bundle
checksum=a0d9dd80eacd2ab1cfe71aee57ac8a806487fd70b3d2a38fbec637752d9e5c5f
patch=$scripts/llama-amx.patch
flags=(-DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=OFF -DCMAKE_POSITION_INDEPENDENT_CODE=ON -DGGML_NATIVE=ON
    -DLLAMA_BUILD_COMMON=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_TOOLS=OFF -DLLAMA_BUILD_EXAMPLES=OFF
    -DLLAMA_BUILD_SERVER=OFF -DLLAMA_BUILD_APP=OFF ${LLAMA_FLAGS:-})
headers=(ggml-backend-impl.h ggml-threading.h) # ggml's interface for backends, which it does not install
CC=${CC:-cc} CXX=${CXX:-c++}

# The predefined macros name the compiler's version and each instruction set of the CPU that "native" stands for.
macros() { "$1" -march=native -dM -E -x "$2" /dev/null 2> /dev/null || "$1" -mcpu=native -dM -E -x "$2" /dev/null; }
key=$({ macros "$CC" c; macros "$CXX" c++; cat "$patch"; echo "$package ${flags[*]} ${headers[*]}"; } | sha256sum | cut -c1-12)
[ "${1:-}" = --key ] && echo "$key" && exit

target=$cache/llama-$version-$key
[ -d "$target" ] && echo "$target" && exit

scratch
command -v npm > /dev/null || "$scripts/packages.sh" npm
say "fetching libllama $version"
(cd "$tmp" && npm pack --silent "$package" > /dev/null) || die "cannot download the npm package $package"
archive=$(echo "$tmp"/*.tgz)
matches "$archive" "$checksum" || die "the npm package $package has the wrong checksum"
tar -xzf "$archive" -C "$tmp" package/llama/gitRelease.bundle
git -c advice.detachedHead=false clone -q "$tmp/package/llama/gitRelease.bundle" "$tmp/source"
git -C "$tmp/source" apply "$patch" || die "$patch does not apply"

say "building libllama $version for this CPU: some minutes, only once"
cmake -S "$tmp/source" -B "$tmp/build" -G Ninja "${flags[@]}" -DCMAKE_INSTALL_PREFIX="$target" > "$tmp/log" 2>&1 ||
    { cat "$tmp/log" >&2; die "cannot configure libllama"; }
cmake --build "$tmp/build" --target llama >&2
cmake --install "$tmp/build" --prefix "$tmp/installed" > /dev/null
(cd "$tmp/source/ggml/src" && cp "${headers[@]}" "$tmp/installed/include")
# Another build may have finished first: then ours is dropped.
mv -T "$tmp/installed" "$target" 2> /dev/null || [ -d "$target" ]
echo "$target"
