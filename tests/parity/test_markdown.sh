#!/usr/bin/env bash
# Random texts quoted in a Markdown report come out of GitHub's Markdown as they are: no markup, link, code or table.
set -euo pipefail
here=$JOPA_SOURCE_DIR/tests/parity/markdown
python=$("$JOPA_SOURCE_DIR/scripts/venv.sh" markdown "$here/requirements.txt") || exit 77
PYTHONDONTWRITEBYTECODE=1 "$python" "$here/quoted.py" "$JOPA_BUILD_DIR/tests/parity/markdown_text"
