#!/usr/bin/env bash
# The demonstration: the found set, beside what one-at-a-time ablation and chance find.
. "$(dirname "$0")/lib.sh"

exec "${JOPA:-$scripts/../build/jopa}" compare --model "$("$scripts/fetch-model.sh")" --format text \
    --method jopa,ablation,random --progress "$@" \
    "Write a short story where the doctor and the patient become friends after a long surgery."
