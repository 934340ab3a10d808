#!/usr/bin/env bash
# aarch64.sh: the command built for 64-bit Arm by Debian's cross compiler, and run by qemu's emulation of two processors
# on the tiny model. Debian's packages for Arm are unpacked into the user's cache, none is installed. What is built:
# the folder aarch64 beside the command.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/scripts/lib.sh"
build=$(dirname "${JOPA:-$root/build/jopa}")
triple=aarch64-linux-gnu
sysroot=$cache/sysroot-$triple

command -v $triple-g++ > /dev/null || "$root/scripts/packages.sh" g++-$triple gcc-$triple
command -v qemu-aarch64 > /dev/null || "$root/scripts/packages.sh" qemu-user
if [ ! -d "$sysroot" ]; then
    scratch
    mkdir -p "$tmp"/{lists,archives}/partial "$tmp/root"
    touch "$tmp/status"
    options=(-q -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o "Dir::State::status=$tmp/status"
        -o "Dir::State::lists=$tmp/lists" -o "Dir::Cache=$tmp" -o APT::Install-Recommends=false -o APT::Sandbox::User=root)
    apt-get "${options[@]}" update >&2
    apt-get "${options[@]}" --download-only -y install libjansson-dev libicu-dev libpopt-dev libmicrohttpd-dev liblapacke-dev \
        libopenblas0-serial libcmocka-dev >&2
    for package in "$tmp"/archives/*.deb; do dpkg -x "$package" "$tmp/root"; done
    # what installing them would have chosen
    (cd "$tmp/root/usr/lib/$triple" &&
        ln -sf openblas-serial/lib{blas,lapack}.so.3 openblas-serial/libopenblas.so.0 blas/libblas.so lapack/liblapack.so . &&
        for name in blas lapack; do ln -sf $name-netlib.pc pkgconfig/$name.pc; done)
    mv -T "$tmp/root" "$sysroot"
fi

export PKG_CONFIG_LIBDIR=$sysroot/usr/lib/$triple/pkgconfig PKG_CONFIG_SYSROOT_DIR=$sysroot
cmake -S "$root" -B "$build/aarch64" -G Ninja -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=aarch64 \
    -DCMAKE_C_COMPILER=$triple-gcc -DCMAKE_CXX_COMPILER=$triple-g++ -DCMAKE_SYSROOT="$sysroot" -DJOPA_WERROR=ON \
    "-DCMAKE_CROSSCOMPILING_EMULATOR=qemu-aarch64;-E;LD_LIBRARY_PATH=/usr/$triple/lib;-L;$sysroot" >&2
cmake --build "$build/aarch64" --target jopa libjopa_shared libjopa_merged bench_features tiny_model >&2
unset OPENBLAS_CORETYPE # this machine's
# libgomp is the cross compiler's
run() { qemu-aarch64 -E "LD_LIBRARY_PATH=/usr/$triple/lib" -cpu "$1" -L "$sysroot" "${@:2}"; }
run max "$build/aarch64/tests/cli/tiny_model" "$build/aarch64/tiny.gguf"
for cpu in cortex-a53 neoverse-n1 max; do
    echo "$cpu: $(run $cpu "$build/aarch64/bench/features")"
    run $cpu "$build/aarch64/jopa" explain -m "$build/aarch64/tiny.gguf" --raw -t 1 -k 2 -n 3 -b 40 -F text "one two three four"
done
