#!/usr/bin/env bash
# LIME and Kernel SHAP equal Captum's on the same sampled masks: coefficients within 1e-4.
set -euo pipefail
parity=$JOPA_SOURCE_DIR/tests/parity
python=$("$JOPA_SOURCE_DIR/scripts/venv.sh" torch "$parity/torch.txt") || exit 77
PYTHONDONTWRITEBYTECODE=1 "$python" "$parity/captum/compare.py" "$JOPA_BUILD_DIR/tests/parity/captum_samples"
