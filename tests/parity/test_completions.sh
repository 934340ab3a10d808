#!/usr/bin/env bash
# lm-evaluation-harness runs against `jopa serve` on the default model (JOPA_MODEL), with the figures of `jopa score`.
set -euo pipefail
parity=$JOPA_SOURCE_DIR/tests/parity
python=$("$JOPA_SOURCE_DIR/scripts/venv.sh" completions "$parity/completions/requirements.txt") || exit 77
export HF_HUB_OFFLINE=1 HF_DATASETS_OFFLINE=1 PYTHONDONTWRITEBYTECODE=1
exec "$python" "$parity/completions/evaluate.py" "$JOPA" "$JOPA_MODEL"
