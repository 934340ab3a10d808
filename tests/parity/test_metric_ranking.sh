#!/usr/bin/env bash
# Rank correlations equal scipy's to 1e-6, ties and all; lds and the top-k drops equal what ContextCite's formulas give.
set -euo pipefail
parity=$JOPA_SOURCE_DIR/tests/parity
python=$("$JOPA_SOURCE_DIR/scripts/venv.sh" torch "$parity/torch.txt") || exit 77
PYTHONDONTWRITEBYTECODE=1 "$python" "$parity/metric/ranking.py" "$JOPA_BUILD_DIR/tests/parity/metric_ranking"
