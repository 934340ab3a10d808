#!/usr/bin/env bash
# screenshots.sh [RESULT.json COMPARISON.json]: renews the pictures in docs/images: of reports, from results that jopa saved
# with -F json (those in docs/examples unless given), and of the page of `jopa serve`.
# JOPA: the command, build/jopa unless set. JOPA_MODEL: the page's model, the default one unless set. The pictures look
# best where the font Inter is installed.
. "$(dirname "$0")/lib.sh"

[ $# = 0 ] || [ $# = 2 ] || die "usage: screenshots.sh [RESULT.json COMPARISON.json]"
JOPA_SOURCE_DIR=$(cd "$scripts/.." && pwd)
JOPA=${JOPA:-$JOPA_SOURCE_DIR/build/jopa}
JOPA_NODE=$("$scripts/browser.sh" "$JOPA_SOURCE_DIR/tests/browser")
export JOPA JOPA_NODE JOPA_SOURCE_DIR
images=$JOPA_SOURCE_DIR/docs/images
examples=$JOPA_SOURCE_DIR/docs/examples
result=${1:-$examples/explain.json} comparison=${2:-$examples/compare.json}
node "$JOPA_SOURCE_DIR/tests/browser/screenshots.mjs" "$result" "$comparison" "$images"
JOPA_MODEL=${JOPA_MODEL:-default} node "$JOPA_SOURCE_DIR/tests/serve/tool/screenshots.mjs" "$images"
"$JOPA" render "$result" -F text --color always --width 88 | "$scripts/terminal-svg.py" "jopa explain" > "$images/terminal.svg"
"$JOPA" render "$result" -F svg -O "$images/explain.svg"
ls -l "$images" >&2
