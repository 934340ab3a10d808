#!/usr/bin/env bash
# The package `import jopa`: the wheel builds, is small and holds only what is needed, and its tests pass. JOPA_MODEL: the
# default model. Arguments go to pytest.
. "$JOPA_SOURCE_DIR/tests/python/suite/environment.sh"
build_package
"$python" "$suite/check_wheel.py" "$JOPA_BUILD_DIR"/python/wheel/*.whl
"$python" "$suite/check_sdist.py" "$JOPA_SOURCE_DIR" "$JOPA_BUILD_DIR/python/wheel"
check_manylinux
cd "$JOPA_BUILD_DIR/python"
PYTHONPATH=$JOPA_BUILD_DIR/python/site "$python" -m pytest -q -p no:cacheprovider --durations=8 -c "$suite/pytest.ini" \
    --rootdir "$suite" "$suite" "$@"
