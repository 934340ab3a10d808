/* A GGUF file's tokenizer and chat template, without its weights. */
#include <stdlib.h>
#include <string.h>

#include "engine/llama/llama-local.h"

static void destroy_vocabulary(void *self) {
    jp_local *l = self;
    if (l->model) llama_model_free(l->model);
    free(l->file);
    free(l);
}

static unsigned vocabulary_capabilities(void *self) {
    return JOPA_CAN_TOKENIZE | (jp_local_template_source(self, NULL) ? JOPA_CAN_TEMPLATE : 0u);
}

static const jp_engine_ops vocabulary_ops = {.size = sizeof vocabulary_ops,
                                             .version = JOPA_ENGINE_VERSION,
                                             .name = "vocabulary",
                                             .capabilities = vocabulary_capabilities,
                                             .destroy = destroy_vocabulary,
                                             .tokenize = jp_local_tokenize,
                                             .piece = jp_local_piece,
                                             .template_source = jp_local_template_source,
                                             .template_name = jp_local_template_name,
                                             .token_called = jp_local_token_called};

static bool keep_loading(float fraction, void *user) {
    (void)fraction;
    (void)user;
    return true;
}

int jp_vocabulary_open(jp_engine **out, const char *file, jopa_error *e) {
    struct llama_model_params p = llama_model_default_params();
    int                       status = jp_local_check_file(file, e);
    if (status) return status;
    jp_local *l = calloc(1, sizeof *l);
    if (!l || !(l->file = strdup(file))) {
        free(l);
        return jp_fail_memory(e);
    }
    p.vocab_only = true;
    p.progress_callback = keep_loading; /* libllama's own prints */
    jp_local_quiet();
    l->base.ops = &vocabulary_ops;
    l->model = llama_model_load_from_file(file, p);
    if (!l->model) {
        destroy_vocabulary(l);
        return jp_fail(e, JOPA_ERROR_MODEL, "the tokenizer '%s' cannot be loaded: it is no GGUF file with a vocabulary",
                       file);
    }
    l->vocab = llama_model_get_vocab(l->model);
    *out = &l->base;
    return JP_OK;
}
