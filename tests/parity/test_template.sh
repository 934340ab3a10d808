#!/usr/bin/env bash
# Chat templates: rendered texts and token ids equal transformers' apply_chat_template on every template that the pinned
# llama.cpp release ships, and on the default model's own; what differs is listed with the reason in
# template/compare.py. template/log_probs.py: the default model's answer with its own system text and without.
set -euo pipefail
parity=$JOPA_SOURCE_DIR/tests/parity
python=$("$JOPA_SOURCE_DIR/scripts/venv.sh" torch "$parity/torch.txt") || exit 77
export HF_HUB_OFFLINE=1 PYTHONDONTWRITEBYTECODE=1
"$python" "$parity/template/compare.py" "$JOPA_BUILD_DIR/tests/parity/template_dump" "$JOPA_MODEL" \
    "$("$JOPA_SOURCE_DIR/scripts/fetch-jinja.sh")/templates"
"$python" "$parity/template/log_probs.py" "$JOPA" "$JOPA_MODEL"
