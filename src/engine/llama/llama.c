#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/accel/accel.h"
#include "engine/gradient/gradient.h"
#include "engine/llama/llama-local.h"
#include "engine/threads.h"

/* ---- opening ---------------------------------------------------------------------------------------------------- */

int jp_local_check_file(const char *file, jopa_error *e) {
    FILE *f = fopen(file, "rb");
    if (!f)
        return jp_fail(
            e, JOPA_ERROR_IO,
            "cannot read the model '%s': no such file, or no permission (`jopa model` fetches the default one)", file);
    char   magic[4] = "";
    size_t size = fread(magic, 1, sizeof magic, f);
    fclose(f);
    if (size == sizeof magic && !memcmp(magic, "GGUF", 4)) return JP_OK;
    return jp_fail(e, JOPA_ERROR_MODEL,
                   "'%s' is not a GGUF file: convert the model with llama.cpp's convert_hf_to_gguf.py", file);
}

/* What a text begins with; the tokenizer need not put it there. Of vocabularies that name none libllama makes one up,
 * which is no control token. */
static int32_t begin_token(const struct llama_vocab *vocab) {
    const int32_t candidates[] = {llama_vocab_bos(vocab), llama_vocab_eos(vocab)};
    for (size_t i = 0; i < sizeof candidates / sizeof *candidates; i++)
        if (candidates[i] >= 0 && llama_vocab_is_control(vocab, candidates[i])) return candidates[i];
    return -1;
}

static unsigned capabilities(void *self) {
    const jp_local *l = self;
    unsigned        can = JOPA_CAN_TOKENIZE | JOPA_CAN_EMBED;
    if (jp_local_is_encoder(l)) return can;
    can |= JOPA_CAN_SCORE | JOPA_CAN_GENERATE | JOPA_CAN_NEXT | JOPA_CAN_CONTRAST;
    if (llama_model_chat_template(l->model, NULL)) can |= JOPA_CAN_TEMPLATE;
    if (jp_local_takes_rows(l)) can |= JOPA_CAN_EMBEDDINGS;
    if (jp_local_shares_prefixes(l)) can |= JOPA_CAN_KNOCKOUT;
    if (l->accelerated && !l->precise && !jp_local_is_float(l)) can |= JOPA_CAN_HURRY;
    return jp_local_has_gradient(l) ? can | JOPA_CAN_GRADIENT | JOPA_CAN_ATTENTION : can;
}

static void model_info(void *self, jopa_model_info *info) {
    const jp_local *l = self;
    *info = (jopa_model_info){.size = sizeof *info,
                              .parameters = (int64_t)llama_model_n_params(l->model),
                              .context_train = llama_model_n_ctx_train(l->model)};
    const char *name = strrchr(l->file, '/');
    snprintf(info->file, sizeof info->file, "%s", name ? name + 1 : l->file);
    llama_model_meta_val_str(l->model, "general.architecture", info->architecture, sizeof info->architecture);
    const char *type = llama_ftype_name(llama_model_ftype(l->model));
    snprintf(info->quantization, sizeof info->quantization, "%s", type ? type : "");
    snprintf(info->weights, sizeof info->weights, "%s", l->weights ? l->weights : info->quantization);
    if (l->rpc) snprintf(info->devices, sizeof info->devices, "%s", jp_rpc_names(l->rpc));
}

static void destroy(void *self) {
    jp_local *l = self;
    if (!l) return;
    jp_gradient_free(l->gradient);
    jp_local_release(l);
    jp_embedding_table_free(l->table);
    free(l->probe.logits);
    if (l->embed_context) llama_free(l->embed_context);
    if (l->model) llama_model_free(l->model);
    jp_rpc_free(l->rpc);
    jp_accel_store_free(l->store);
    free(l->file);
    free(l);
}

static int embedding_size(void *self) { return llama_model_n_embd_inp(((jp_local *)self)->model); }
static int vocabulary_size(void *self) { return llama_vocab_n_tokens(((jp_local *)self)->vocab); }
static int layer_count(void *self) { return llama_model_n_layer(((jp_local *)self)->model); }

/* tests/parity/gradient_cost.c holds it to that. With the accelerator evaluations of long prompts gain more than
 * gradients, whose attention is F32 (docs/guidance.md). */
static int gradient_price(void *self, int n) {
    enum { LEAST = 4, STEP = 250, MOST = 14 };
    int price = ((jp_local *)self)->accelerated ? LEAST + n / STEP : LEAST;
    return price < MOST ? price : MOST;
}

static const jp_engine_ops local_ops = {
    .size = sizeof local_ops,
    .version = JOPA_ENGINE_VERSION,
    .name = "local",
    .capabilities = capabilities,
    .model_info = model_info,
    .destroy = destroy,
    .reserve = jp_local_reserve,
    .score = jp_local_score,
    .generate = jp_local_generate,
    .next = jp_local_next,
    .knockout = jp_local_knockout,
    .gradient = jp_local_gradient,
    .gradient_price = gradient_price,
    .attention = jp_local_attention,
    .embed = jp_local_embed,
    .tokenize = jp_local_tokenize,
    .piece = jp_local_piece,
    .apply_template = jp_local_apply_template,
    .template_source = jp_local_template_source,
    .template_name = jp_local_template_name,
    .token_called = jp_local_token_called,
    .n_embd = embedding_size,
    .n_vocab = vocabulary_size,
    .n_layer = layer_count,
    .embedding_rows = jp_local_embedding_rows,
};

int jp_local_open(jp_engine **out, const jp_engine_options *o, jopa_error *e) {
    int status = jp_local_check_file(o->file, e);
    if (status) return status;
    jp_local *l = calloc(1, sizeof *l);
    if (!l || !(l->file = strdup(o->file))) {
        free(l);
        return jp_fail_memory(e);
    }
    l->base.ops = &local_ops;
    l->threads = jp_threads(o->threads);
    l->context_limit = o->context;
    l->precise = o->precise;
    status = jp_local_load(l, o, e);
    if (status) {
        destroy(l);
        return status;
    }
    l->begin = begin_token(l->vocab);
    l->probe.scale = 1;
    *out = &l->base;
    return JP_OK;
}
