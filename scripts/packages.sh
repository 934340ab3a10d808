#!/usr/bin/env bash
# packages.sh [--tests | --python | NAME...]: installs the Debian packages that are missing: those that the build needs,
# with --tests also those of tests, with --python only those of the Python package, or those named.
. "$(dirname "$0")/lib.sh"

tests='' extension=''
[ "${1:-}" != --tests ] || { tests=1; shift; }
[ "${1:-}" != --python ] || { extension=1; shift; }
missing=("$@")
command_of() { command -v "$1" > /dev/null || missing+=("$2"); }
library() { pkg-config --exists "$1" 2> /dev/null || missing+=("$2"); }

if [ $# = 0 ]; then
    command_of cmake cmake
    command_of ninja ninja-build
    command_of cc gcc
    command_of c++ g++
    command_of git git
    command_of python3 python3
    command_of pkg-config pkg-config
    library jansson libjansson-dev
    library icu-uc libicu-dev
    library popt libpopt-dev
    library lapacke liblapacke-dev
    library libcurl libcurl4-openssl-dev
    library openblas libopenblas-serial-dev
    [ "$extension" ] || library cmocka libcmocka-dev
    [ "$extension" ] || library libmicrohttpd libmicrohttpd-dev
    # for processors that multiply in bfloat16, this one or that of who gets the package: see src/engine/accel/accel.h
    if { grep -q -m1 avx512_bf16 /proc/cpuinfo 2> /dev/null || [[ ${CMAKE_FLAGS:-} == *JOPA_NATIVE=OFF* ]]; } &&
        [ "$(uname -m)" = x86_64 ] && [ ! -e /usr/include/oneapi/dnnl/dnnl.h ]; then missing+=(libdnnl-dev); fi
    if [ "$tests" ]; then
        command_of clang clang
        # clang's own omp.h
        echo '#include <omp.h>' | clang -fsyntax-only -x c - 2> /dev/null || missing+=(libomp-dev)
    fi
fi
[ ${#missing[@]} = 0 ] && exit 0

command -v apt-get > /dev/null || die "please install: ${missing[*]}"
[ "$(id -u)" = 0 ] || die "please run: sudo apt-get install ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
step "reading Debian's list of packages" apt-get update -q
size=$(LC_ALL=C apt-get install --assume-no --no-install-recommends "${missing[@]}" 2> /dev/null |
    sed -n 's/^Need to get \(.*\) of archives.*/\1/p' || true) # --assume-no fails where it would have asked
step "installing ${missing[*]} (${size:-size unknown})" apt-get install -q -y --no-install-recommends "${missing[@]}"
