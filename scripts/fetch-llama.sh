#!/usr/bin/env bash
# Builds libllama of one pinned release for this CPU and compiler into the user's cache, once.
# Prints the folder it is installed in; with --key only what tells one build from another.
# --portable: for all CPUs of this kind. ggml's CPU backend is compiled for several sets of instructions, and the best
# that a processor has is chosen when a program starts (cpu-variants.c).
. "$(dirname "$0")/lib.sh"

portable='' key_only='' native=ON
for argument; do
    case $argument in
        --portable) portable=1 native=OFF ;;
        --key) key_only=1 ;;
        *) die "usage: fetch-llama.sh [--portable] [--key]" ;;
    esac
done
patches=("$scripts/llama-amx.patch" "$scripts/llama-rpc.patch")
only_llama=(-DLLAMA_BUILD_COMMON=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_TOOLS=OFF -DLLAMA_BUILD_EXAMPLES=OFF
    -DLLAMA_BUILD_SERVER=OFF -DLLAMA_BUILD_APP=OFF ${LLAMA_FLAGS:-})
flags=(-DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=OFF -DCMAKE_POSITION_INDEPENDENT_CODE=ON -DGGML_NATIVE=$native
    -DGGML_RPC=ON -DGGML_RPC_RDMA=OFF "${only_llama[@]}")
headers=(ggml-backend-impl.h ggml-threading.h) # ggml's interface for backends, which it does not install
CC=${CC:-cc} CXX=${CXX:-c++}

# Of ggml's list those that differ in what its code uses: NAME, and what cpu-variants.c asks for.
machine=$("$CC" -dumpmachine)
case $machine in
    x86_64*) variants=(sse42 sse4.2 ivybridge avx haswell avx2 alderlake avx2 skylakex avx512f cascadelake avx512f
        cooperlake avx512f sapphirerapids avx512f) ;;
    aarch64*) variants=(armv8.2_2 '' armv8.2_3 '' armv8.6_2 '') ;;
    *) variants=() ;;
esac
if [ "$portable" ]; then # by default ggml takes what a CPU of 2013 has
    for feature in SSE42 AVX AVX2 BMI2 FMA F16C AVX_VNNI AVX512; do flags+=("-DGGML_$feature=OFF"); done
fi

# The predefined macros name the compiler's version and each instruction set of the CPU that "native" stands for.
macros() {
    if [ "$portable" ]; then "$1" -dM -E -x "$2" /dev/null
    else "$1" -march=native -dM -E -x "$2" /dev/null 2> /dev/null || "$1" -mcpu=native -dM -E -x "$2" /dev/null; fi
}
key=$({
    macros "$CC" c; macros "$CXX" c++; cat "${patches[@]}" "$scripts/llama.cmake"; echo "$package ${flags[*]} ${headers[*]}"
    [ ! "$portable" ] || cat "$scripts/cpu-variants.c" <(echo "${variants[*]}")
} | sha256sum | cut -c1-12)
[ "$key_only" ] && echo "$key" && exit

target=$cache/llama-$version-$key
[ -d "$target" ] && echo "$target" && exit

# objects FOLDER NAME: those of a target, in FOLDER.
objects() { ninja -C "$1" -t targets all | sed -n "s|^\([^:]*CMakeFiles/$2\.dir/[^:]*\.o\):.*|\1|p"; }

# rename_objects NAME FROM TO FROM TO...: one object, of which only the names FROM are left, as TO.
rename_objects() {
    local name=$1 renamed=() from=()
    shift
    while [ $# -gt 0 ] && [ "$1" != -- ]; do from+=("$1") renamed+=("--redefine-sym=$1=$2"); shift 2; done
    shift
    "$scripts/merge-objects.sh" "${from[*]}" "$tmp/$name.o" "$@"
    "$OBJCOPY" "${renamed[@]}" "$tmp/$name.o"
}

# The backend for each set of instructions, and what chooses, in the place of the one in the folder $1.
build_variants() {
    local list='' all=() i names name objects_of=()
    LD=$("$CC" -print-prog-name=ld) OBJCOPY=$("$CC" -print-prog-name=objcopy)
    export LD OBJCOPY
    cmake -S "$tmp/source" -B "$tmp/variants" -G Ninja -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=ON -DGGML_NATIVE=OFF \
        -DGGML_BACKEND_DL=ON -DGGML_CPU_ALL_VARIANTS=ON "${only_llama[@]}"
    for ((i = 0; i < ${#variants[@]}; i += 2)); do
        objects_of[i]=$(objects "$tmp/variants" "ggml-cpu-${variants[i]}\(-feats\)\?")
    done
    # shellcheck disable=SC2086  # one name a line; all in one call, so that no core waits for another's last file
    ninja -C "$tmp/variants" ${objects_of[*]}
    for ((i = 0; i < ${#variants[@]}; i += 2)); do
        mapfile -t names <<< "${objects_of[i]}"
        name=${variants[i]//./_}
        rename_objects "$name" ggml_backend_init "cpu_variant_$name" ggml_backend_score "cpu_variant_score_$name" -- \
            "${names[@]/#/$tmp/variants/}"
        list+=" V($name, \"${variants[i + 1]}\")"
        all+=("$tmp/$name.o")
    done
    mapfile -t names < <(objects "$tmp/build" ggml-cpu)
    rename_objects base ggml_backend_cpu_reg cpu_variant_base -- "${names[@]/#/$tmp/build/}"
    "$CC" -O2 -fPIC -c -o "$tmp/choice.o" "-DVARIANTS=$list" "$scripts/cpu-variants.c"
    rm "$1/lib/libggml-cpu.a"
    "$("$CC" -print-prog-name=ar)" rcs "$1/lib/libggml-cpu.a" "$tmp/choice.o" "$tmp/base.o" "${all[@]}"
}

llama_source
git -C "$tmp/source" apply "${patches[@]}" || die "a patch in $scripts does not apply"

build() {
    cmake -S "$tmp/source" -B "$tmp/build" -G Ninja "${flags[@]}" -DCMAKE_INSTALL_PREFIX="$target" \
        "-DCMAKE_PROJECT_INCLUDE=$scripts/llama.cmake"
    cmake --build "$tmp/build" --target llama
    cmake --install "$tmp/build" --prefix "$tmp/installed"
}
step "building libllama $version for ${portable:+any CPU like }this CPU (some minutes, only once)" build
(cd "$tmp/source/ggml/src" && cp "${headers[@]}" "$tmp/installed/include")
[ ! "$portable" ] || [ ${#variants[@]} = 0 ] ||
    step "building ggml for ${#variants[@]} sets of instructions" build_variants "$tmp/installed"
# Another build may have finished first: then ours is dropped.
mv -T "$tmp/installed" "$target" 2> /dev/null || [ -d "$target" ]
echo "$target"
