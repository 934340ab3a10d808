#!/usr/bin/env bash
# A gradient costs at most four scored evaluations of the same length.
set -euo pipefail
"$JOPA_BUILD_DIR/tests/parity/gradient_cost" "$JOPA_MODEL" 4
