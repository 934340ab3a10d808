#!/usr/bin/env bash
# package.sh FOLDER: a Debian package of the command, both libraries, man page and completions, for any processor of this
# machine's kind; it leaves FOLDER/any/jopa_VERSION_ARCHITECTURE.deb.
. "$(dirname "$0")/lib.sh"

[ $# = 1 ] || die "usage: package.sh FOLDER"
CMAKE_FLAGS="-DJOPA_NATIVE=OFF -DCMAKE_INSTALL_PREFIX=/usr ${CMAKE_FLAGS:-}" "$scripts/build.sh" "$1/any"
command -v dpkg-shlibdeps > /dev/null || "$scripts/packages.sh" dpkg-dev
(cd "$1/any" && step "packing the Debian package" cpack -G DEB)
ls "$1"/any/jopa_*.deb
