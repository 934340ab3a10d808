#!/usr/bin/env bash
# merge-objects.sh PATTERNS OUT.o FILE...: one object file of objects, and of what these need of archives. Of its names
# only those that match one of PATTERNS stay global, so that several of its kind, or another copy of the same libraries,
# may be in one program. LD and OBJCOPY: GNU's, those of the target.
. "$(dirname "$0")/lib.sh"

[ $# -gt 2 ] || die "usage: merge-objects.sh PATTERNS OUT.o FILE..."
read -ra patterns <<< "$1"
out=$2
shift 2
# Groups of C++ templates are dissolved: the final link would drop those that it has met elsewhere, and local names with
# them.
"${LD:-ld}" -r --force-group-allocation -o "$out" --start-group "$@" --end-group
# Names that are unique in a process (C++'s, of templates' static data) have to be weak to become local.
"${OBJCOPY:-objcopy}" --wildcard --weaken-symbol='_Z*' "$out"
"${OBJCOPY:-objcopy}" --wildcard "${patterns[@]/#/--keep-global-symbol=}" "$out"
