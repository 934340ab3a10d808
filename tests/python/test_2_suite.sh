#!/usr/bin/env bash
# The package's own tests, on the wheel that test_1_package.sh has built. JOPA_MODEL: the default model.
. "$JOPA_SOURCE_DIR/tests/python/suite/environment.sh"
[ -d "$JOPA_BUILD_DIR/python/site/jopa" ] || build_package
cd "$JOPA_BUILD_DIR/python"
PYTHONPATH=$JOPA_BUILD_DIR/python/site "$python" -m pytest -q -p no:cacheprovider --durations=5 -c "$suite/pytest.ini" \
    --rootdir "$suite" "$suite" "$@"
