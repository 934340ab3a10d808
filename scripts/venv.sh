#!/usr/bin/env bash
# venv.sh NAME REQUIREMENTS: a Python virtual environment with what the file lists, made once in the user's cache;
# prints the path of its interpreter. Another list, or another Python, makes another environment.
. "$(dirname "$0")/lib.sh"

[ $# = 2 ] || die "usage: venv.sh NAME REQUIREMENTS"
key=$({ python3 -V; cat "$2"; } | sha256sum | cut -c 1-12)
target=$cache/venv-$1-$key
if [ ! -f "$target/complete" ]; then
    python3 -c 'import ensurepip' 2> /dev/null || "$scripts/packages.sh" python3-venv
    mkdir -p "$cache"
    exec 9> "$target.lock" # one builds it, others wait
    flock 9
fi
if [ ! -f "$target/complete" ]; then
    make() {
        rm -rf "$target"
        python3 -m venv "$target"
        "$target/bin/python" -m pip --disable-pip-version-check install --progress-bar off -r "$2"
        touch "$target/complete"
    }
    step "making the Python environment $1 ($(sed -n 's/^# size: //p' "$2"))" make "$@"
fi
echo "$target/bin/python"
