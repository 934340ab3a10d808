#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/llama/llama-local.h"

enum { EMBED_TOKENS = 512 }; /* longer texts are cut, which the caller is told: sentence encoders see no more */

bool jp_local_is_encoder(const jp_local *l) {
    char architecture[64] = "", key[96], value[16] = "";
    llama_model_meta_val_str(l->model, "general.architecture", architecture, sizeof architecture);
    snprintf(key, sizeof key, "%s.attention.causal",
             architecture); /* how a GGUF says that BERT is none to generate with */
    llama_model_meta_val_str(l->model, key, value, sizeof value);
    return !strcmp(value, "false") || llama_model_has_encoder(l->model) || !llama_model_has_decoder(l->model);
}

static int create_context_sentence(jp_local *l, jopa_error *err) {
    struct llama_context_params p = llama_context_default_params();
    int                         limit = llama_model_n_ctx_train(l->model);
    p.n_ctx = (uint32_t)(limit > 0 && limit < EMBED_TOKENS ? limit : EMBED_TOKENS);
    p.n_batch = p.n_ubatch = p.n_ctx;
    p.embeddings = true;
    p.pooling_type = jp_local_is_encoder(l) ? LLAMA_POOLING_TYPE_UNSPECIFIED : LLAMA_POOLING_TYPE_MEAN;
    l->embed_context = jp_local_new_context(l, p);
    if (l->embed_context) return JP_OK;
    return jp_fail(err, JOPA_ERROR_MODEL, "this model cannot be used to embed text");
}

/* The pooled state of the tokens, scaled to length 1. */
static int run_sentence(jp_local *l, int32_t *ids, int n, float *out, int width, jopa_error *err) {
    llama_memory_t memory = llama_get_memory(l->embed_context);
    if (memory) llama_memory_clear(memory, false);
    struct llama_batch batch = llama_batch_get_one(ids, n);
    int                status = jp_local_compute(l, l->embed_context, batch, 2, 2, err);
    if (status) return status;
    const float *pooled = llama_get_embeddings_seq(l->embed_context, 0);
    if (!pooled) return jp_fail(err, JOPA_ERROR_MODEL, "libllama has no embedding of the text");
    double norm = 0;
    for (int i = 0; i < width; i++) norm += (double)pooled[i] * (double)pooled[i];
    for (int i = 0; i < width; i++) out[i] = norm > 0 ? (float)((double)pooled[i] / sqrt(norm)) : 0;
    return JP_OK;
}

/* The tokens of `text` that the context has room for, of an encoder with its closing one. */
static int tokenize_sentence(jp_local *l, const char *text, int32_t **ids, int *n, int *left_out, jopa_error *err) {
    int status = jp_local_tokenize(l, text, strlen(text), true, ids, n, err);
    if (status) return status;
    int limit = (int)llama_n_ubatch(l->embed_context);
    *left_out = *n > limit ? *n - limit : 0;
    if (*left_out && jp_local_is_encoder(l)) (*ids)[limit - 1] = (*ids)[*n - 1];
    *n -= *left_out;
    return JP_OK;
}

int jp_local_embed(void *self, const char *text, const jopa_stop *stop, float **out, int *n, int *left_out,
                   jopa_error *err) {
    jp_local *l = self;
    int       status = l->embed_context ? JP_OK : create_context_sentence(l, err);
    int32_t  *ids = NULL;
    int       count = 0, cut = 0, width = llama_model_n_embd_out(l->model);
    if (!status) status = tokenize_sentence(l, text, &ids, &count, &cut, err);
    float *vector = status ? NULL : calloc((size_t)width, sizeof *vector);
    if (!status && !vector) status = jp_fail_memory(err);
    jp_local_listen(l, stop);
    if (!status && count > 0) status = run_sentence(l, ids, count, vector, width, err);
    jp_local_end(l);
    free(ids);
    if (status) {
        free(vector);
        return status;
    }
    *out = vector;
    *n = width;
    *left_out = cut;
    return JP_OK;
}
