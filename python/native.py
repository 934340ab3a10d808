"""native.py OUT.c HEADER...: the C source of the extension module, by cffi from the library's headers.

The headers are the only description of the interface: what they declare is what `jopa._native.lib` has."""

import re
import sys
from pathlib import Path

import cffi

# What C calls: functions of the package, each a method of the Python object that `self` or `user` is a handle of.
CALLBACKS = """
extern "Python" int jopa_py_progress(void *user, const jopa_progress *p);
extern "Python" void jopa_py_warn(void *user, const char *line);
extern "Python" jopa_options *jopa_py_many_next(void *user);
extern "Python" int jopa_py_many_answer(void *user, const jopa_options *o, jopa_result *result, const jopa_error *why);
extern "Python" unsigned jopa_py_capabilities(void *self);
extern "Python" void jopa_py_model_info(void *self, jopa_model_info *info);
extern "Python" int jopa_py_reserve(void *self, int max_row, int *rows, jopa_error *e);
extern "Python" int jopa_py_score(void *self, const jopa_score_request *rq, jopa_error *e);
extern "Python" int jopa_py_tokenize(void *self, const char *text, size_t size, bool special, int32_t **ids, int *n,
                                     jopa_error *e);
extern "Python" int jopa_py_piece(void *self, int32_t id, bool special, char *out, int size);
extern "Python" int jopa_py_apply_template(void *self, const char *const *roles, const char *const *contents, int n,
                                           bool add_assistant, char **text, jopa_error *e);
extern "Python" int jopa_py_generate(void *self, jopa_generate_request *rq, jopa_error *e);
extern "Python" int jopa_py_next(void *self, jopa_next_request *rq, jopa_error *e);
extern "Python" int jopa_py_gradient(void *self, const jopa_gradient_request *rq, jopa_error *e);
extern "Python" int jopa_py_attention(void *self, jopa_attention_request *rq, jopa_error *e);
extern "Python" int jopa_py_n_vocab(void *self);
extern "Python" int jopa_py_n_embd(void *self);
extern "Python" int jopa_py_n_layer(void *self);
extern "Python" int jopa_py_embedding_rows(void *self, const int32_t *symbols, int n, float *out, jopa_error *e);
void *malloc(size_t size);
"""


def declarations(header: str) -> str:
    """What cffi reads of a header: no preprocessor, no comments, no words that are the compiler's."""
    text = re.sub(r"/\*.*?\*/", "", header, flags=re.S).replace("\\\n", " ")
    text = re.sub(r"^#.*$", "", text, flags=re.M)
    text = re.sub(r'extern "C" \{|^\}\s*$', "", text, flags=re.M)
    return re.sub(r"\bJOPA_API\b", "", text)


def main() -> None:
    out, *headers = sys.argv[1:]
    # jopa.h includes jopa_engine.h between two of its sections: what it declares needs jopa_error and jopa_model.
    whole = "".join(
        Path(headers[0]).read_text(encoding="utf-8").partition('#include "jopa_engine.h"')[i]
        if i != 1
        else Path(headers[1]).read_text(encoding="utf-8")
        for i in range(3)
    )
    version = re.search(r"#define JOPA_ENGINE_VERSION (\d+)", whole)
    assert version
    builder = cffi.FFI()
    builder.cdef(declarations(whole) + CALLBACKS + f"\n#define JOPA_ENGINE_VERSION {version[1]}\n")
    builder.set_source("jopa._native", "#include <stdlib.h>\n#include <jopa.h>\n")
    builder.emit_c_code(out)


if __name__ == "__main__":
    main()
