#!/usr/bin/env bash
# Saved results validate against docs/result.schema.json, and changed ones do not.
set -euo pipefail
python=$("$JOPA_SOURCE_DIR/scripts/venv.sh" schema "$JOPA_SOURCE_DIR/tests/cli/render/requirements.txt") || exit 77
PYTHONDONTWRITEBYTECODE=1 "$python" "$JOPA_SOURCE_DIR/tests/cli/render/validate.py"
