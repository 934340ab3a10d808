#!/usr/bin/env bash
# The wheel builds, is small, holds only what is needed, and can be imported.
. "$JOPA_SOURCE_DIR/tests/python/suite/environment.sh"
build_package
"$python" "$suite/check_wheel.py" "$JOPA_BUILD_DIR"/python/wheel/*.whl
