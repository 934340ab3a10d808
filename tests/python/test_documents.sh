#!/usr/bin/env bash
# What the documents say of the package: their code and notebooks run, and its types are as they are written down. JOPA_MODEL:
# the default model. Arguments go to pytest.
. "$JOPA_SOURCE_DIR/tests/python/suite/environment.sh"
run_suite "$suite/test_documents.py" "$suite/test_types.py" "$@"
