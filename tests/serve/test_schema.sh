#!/usr/bin/env bash
# schemathesis asks the server what its /openapi.json says can be asked, and looks whether the answers are as it says.
set -euo pipefail
python=$("$JOPA_SOURCE_DIR/scripts/venv.sh" serve "$JOPA_SOURCE_DIR/tests/serve/tool/requirements.txt") || exit 77
exec "$python" "$JOPA_SOURCE_DIR/tests/serve/tool/schema.py"
