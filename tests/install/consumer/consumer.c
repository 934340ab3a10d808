/* consumer MODEL.gguf: explains a prompt and prints what was selected. */
#include <jopa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A program's own functions may have the names that libjopa and libllama use inside. */
int ggml_init(void), llama_decode(void), jp_fail(void);
int ggml_init(void) { abort(); }
int llama_decode(void) { abort(); }
int jp_fail(void) { abort(); }

static int explain(jopa_model *model, jopa_error *e) {
    jopa_explain_options o;
    jopa_explain_options_init(&o);
    o.prompt = "one two three four";
    o.raw = true;
    o.k = 1;
    o.max_tokens = 2;
    o.metrics = "none";
    jopa_result *result = NULL;
    int          code = jopa_explain(&result, model, &o, e);
    if (code) return code;
    int        n = 0;
    const int *selected = jopa_result_selected(result, 0, &n);
    printf("%d selected, unit %d, drop %.3f\n", n, n ? selected[0] : -1, jopa_result_drop(result, 0));
    jopa_result_free(result);
    return JOPA_OK;
}

int main(int argc, char **argv) {
    jopa_error         e = {0};
    jopa_model        *model = NULL;
    jopa_model_options o;
    jopa_model_options_init(&o);
    o.file = argc > 1 ? argv[1] : "";
    o.threads = 1;
    int code = strcmp(jopa_version(), JOPA_VERSION) ? JOPA_ERROR_USAGE : jopa_model_open(&model, &o, &e);
    if (!code) code = explain(model, &e);
    if (code) fprintf(stderr, "consumer: %s\n", e.message);
    jopa_model_free(model);
    return code;
}
