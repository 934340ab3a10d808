#!/usr/bin/env bash
# Embeddings of the converted encoder equal sentence-transformers' to a cosine of 0.999.
set -euo pipefail
parity=$JOPA_SOURCE_DIR/tests/parity
python=$("$JOPA_SOURCE_DIR/scripts/venv.sh" torch "$parity/torch.txt") || exit 77
encoder=$("$JOPA_SOURCE_DIR/scripts/fetch-encoder.sh") || exit 77
HF_HUB_OFFLINE=1 PYTHONDONTWRITEBYTECODE=1 \
    "$python" "$parity/metric/embeddings.py" "$JOPA_BUILD_DIR/tests/parity/metric_embeddings" "$encoder"
