#!/usr/bin/env bash
# The package's own tests, but for those of test_documents.sh. JOPA_MODEL: the default model. Arguments go to pytest.
. "$JOPA_SOURCE_DIR/tests/python/suite/environment.sh"
run_suite --ignore "$suite/test_documents.py" --ignore "$suite/test_types.py" "$suite" "$@"
