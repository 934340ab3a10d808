#!/usr/bin/env bash
# The package `import jopa`: the wheel builds, is small and holds only what is needed. The other tests here use it.
. "$JOPA_SOURCE_DIR/tests/python/suite/environment.sh"
build_package
"$python" "$suite/check_wheel.py" "$JOPA_BUILD_DIR"/python/wheel/*.whl
"$python" "$suite/check_sdist.py" "$JOPA_SOURCE_DIR" "$JOPA_BUILD_DIR/python/wheel"
check_manylinux
