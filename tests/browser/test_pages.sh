#!/usr/bin/env bash
# The HTML reports in a real browser: see pages.test.mjs.
set -euo pipefail
JOPA_NODE=$("$JOPA_SOURCE_DIR/scripts/browser.sh" "$JOPA_SOURCE_DIR/tests/browser") || exit 77
export JOPA_NODE
exec node --test "$JOPA_SOURCE_DIR/tests/browser/pages.test.mjs"
