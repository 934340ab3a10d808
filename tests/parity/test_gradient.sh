#!/usr/bin/env bash
# Gradients on the default model equal PyTorch's autograd on the same GGUF, loaded by transformers, to a cosine of 0.999.
set -euo pipefail
parity=$JOPA_SOURCE_DIR/tests/parity
python=$("$JOPA_SOURCE_DIR/scripts/venv.sh" torch "$parity/torch.txt") || exit 77
HF_HUB_OFFLINE=1 PYTHONDONTWRITEBYTECODE=1 \
    "$python" "$parity/gradient/autograd.py" "$JOPA_BUILD_DIR/tests/parity/gradient_dump" "$JOPA_MODEL"
