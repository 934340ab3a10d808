#!/usr/bin/env bash
# What the Python package's build needs where cibuildwheel runs it: AlmaLinux of manylinux_2_28, or macOS with Homebrew.
. "$(dirname "$0")/lib.sh"

if [ "$(uname -s)" = Darwin ]; then
    brew install jansson curl icu4c lapack libomp popt node ninja pkg-config >&2
elif command -v dnf > /dev/null; then
    dnf install -y dnf-plugins-core >&2
    dnf config-manager --set-enabled powertools >&2
    dnf install -y git jansson-devel libcurl-devel libicu-devel lapack-devel popt-devel npm ninja-build pkgconf-pkg-config >&2
else
    "$scripts/packages.sh" --python
fi
