#!/usr/bin/env bash
# `make bench-python`: what Python costs an evaluation, PyTorch models by the search and by Captum, the wheel.
set -euo pipefail
JOPA_SOURCE_DIR=$(cd "$(dirname "$0")/.." && pwd)
JOPA_BUILD_DIR=$(dirname "$JOPA")/
JOPA_MODEL=$("$JOPA_SOURCE_DIR/scripts/fetch-model.sh")
export JOPA_SOURCE_DIR JOPA_BUILD_DIR JOPA_MODEL
. "$JOPA_SOURCE_DIR/tests/python/suite/environment.sh"
rm -rf "$JOPA_BUILD_DIR/python/build"
time build_package
"$python" "$suite/check_wheel.py" "$JOPA_BUILD_DIR"/python/wheel/*.whl
PYTHONPATH=$JOPA_BUILD_DIR/python/site "$python" "$JOPA_SOURCE_DIR/bench/python-figures.py" "$@"
