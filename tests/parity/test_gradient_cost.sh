#!/usr/bin/env bash
# A gradient costs at most as many scored evaluations of the same length as the search charges for it.
set -euo pipefail
"$JOPA_BUILD_DIR/tests/parity/gradient_cost" "$JOPA_MODEL"
