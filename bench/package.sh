#!/usr/bin/env bash
# package.sh: the Debian package of `make package`, installed by apt into a Debian that has nothing else (debootstrap,
# as root), where the command explains the tiny model. The folder of that Debian is removed afterwards.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/scripts/lib.sh"
build=$(dirname "${JOPA:-$root/build/jopa}")
release=$(. /etc/os-release && echo "$VERSION_CODENAME")

[ "$(id -u)" = 0 ] || die "debootstrap and chroot want root"
command -v debootstrap > /dev/null || "$root/scripts/packages.sh" debootstrap
package=$(realpath "$("$root/scripts/package.sh" "$build")")
cmake --build "$build" --target tiny_model >&2
scratch
clean=$tmp/debian
step "making a Debian $release with nothing else" debootstrap --variant=minbase "$release" "$clean"
cp "$package" "$clean/tmp/jopa.deb"
"$build/tests/cli/tiny_model" "$clean/tmp/tiny.gguf"
step "installing $(basename "$package") ($(du -h "$package" | cut -f1)) there" \
    chroot "$clean" apt-get install -q -y --no-install-recommends /tmp/jopa.deb
chroot "$clean" jopa --version
chroot "$clean" jopa explain -m /tmp/tiny.gguf --raw -k 2 -n 3 -b 40 --metrics none -F text "one two three four"
chroot "$clean" sh -c 'test -f /usr/share/man/man1/jopa.1* && test -f /usr/include/jopa.h && test -e /usr/lib/*/libjopa.so'
chroot "$clean" apt-get remove -q -y jopa > /dev/null
chroot "$clean" sh -c '! command -v jopa'
echo "the package installs, runs and is removed again"
