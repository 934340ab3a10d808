#!/usr/bin/env bash
# What `jopa explain` and `jopa compare` write validates against docs/result.schema.json.
set -euo pipefail
python=$("$JOPA_SOURCE_DIR/scripts/venv.sh" schema "$JOPA_SOURCE_DIR/tests/cli/render/requirements.txt") || exit 77
PYTHONDONTWRITEBYTECODE=1 "$python" "$JOPA_SOURCE_DIR/tests/cli/tool/validate_runs.py"
