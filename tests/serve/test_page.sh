#!/usr/bin/env bash
# The server's page in a real browser, on the default model (JOPA_MODEL): see tool/page.test.mjs.
set -euo pipefail
JOPA_NODE=$("$JOPA_SOURCE_DIR/scripts/browser.sh" "$JOPA_SOURCE_DIR/tests/browser") || exit 77
export JOPA_NODE
exec node --test "$JOPA_SOURCE_DIR/tests/serve/tool/page.test.mjs"
