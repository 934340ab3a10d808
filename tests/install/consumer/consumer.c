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

static int ask(jopa_options **out, const char *file, jopa_error *e) {
    const char *const pairs[][2] = {{"model", file},    {"threads", "1"}, {"prompt", "one two three four"},
                                    {"raw", "true"},    {"k", "1"},       {"max_tokens", "2"},
                                    {"metrics", "none"}};
    int               code = jopa_options_new(out, "explain", e);
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs && !code; i++)
        code = jopa_options_set(*out, pairs[i][0], pairs[i][1], e);
    return code;
}

static void show(const jopa_result *result) {
    int        n = 0;
    const int *selected = jopa_result_selected(result, 0, &n);
    printf("%d selected, unit %d, drop %.3f\n", n, n ? selected[0] : -1, jopa_result_drop(result, 0));
}

int main(int argc, char **argv) {
    jopa_error    e = {0};
    jopa_options *options = NULL;
    jopa_model   *model = NULL;
    jopa_result  *result = NULL;
    int           code = strcmp(jopa_version(), JOPA_VERSION) ? JOPA_ERROR_USAGE : JOPA_OK;
    if (!code) code = ask(&options, argc > 1 ? argv[1] : "", &e);
    if (!code) code = jopa_model_open(&model, options, &e);
    if (!code) code = jopa_explain(&result, model, options, &e);
    if (code) fprintf(stderr, "consumer: %s\n", e.message);
    else show(result);
    jopa_result_free(result);
    jopa_model_free(model);
    jopa_options_free(options);
    return code;
}
