#include "engine/gradient/gradient-shape.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { ROPE_PAIRS = 0, ROPE_HALVES = 2 }; /* ggml's modes: neighbours are rotated together, or the two halves */

typedef struct {
    const char *name;
    int         rope_mode;
    bool        reads_rope_factors, reads_scales; /* rope_freqs.weight; Granite's factors */
    int         rope_step;
} family;

static const family FAMILIES[] = {
    {"llama", ROPE_PAIRS, true, false, 0},   {"qwen2", ROPE_HALVES, false, false, 0},
    {"qwen3", ROPE_HALVES, false, false, 0}, {"smollm3", ROPE_PAIRS, false, false, 4},
    {"granite", ROPE_PAIRS, true, true, 0},  {"mistral3", ROPE_PAIRS, true, false, 0},
};

/* ---- keys ------------------------------------------------------------------------------------------------------- */

typedef struct {
    const struct gguf_context *gguf;
    const char                *architecture;
    jopa_error                *e;
    int                        status;
} reader;

static int64_t find_shape(const reader *r, const char *key) {
    char full[160];
    snprintf(full, sizeof full, "%s.%s", r->architecture, key);
    return gguf_find_key(r->gguf, full);
}

static double number_at(const void *data, enum gguf_type type, size_t i) {
    switch (type) {
    case GGUF_TYPE_UINT32: return ((const uint32_t *)data)[i];
    case GGUF_TYPE_INT32: return ((const int32_t *)data)[i];
    case GGUF_TYPE_FLOAT32: return (double)((const float *)data)[i];
    case GGUF_TYPE_UINT64: return (double)((const uint64_t *)data)[i];
    case GGUF_TYPE_BOOL: return ((const uint8_t *)data)[i] != 0;
    default: return NAN;
    }
}

static void refuse_shape(reader *r, const char *what) {
    if (!r->status) r->status = jp_fail(r->e, JOPA_ERROR_UNSUPPORTED, "no gradients for this model: %s", what);
}

/* The number at `key`, or `fallback`. An array (a value for each layer) must hold the same value throughout. */
static double number_shape(reader *r, const char *key, double fallback) {
    int64_t id = find_shape(r, key);
    if (id < 0) return fallback;
    enum gguf_type type = gguf_get_kv_type(r->gguf, id);
    if (type == GGUF_TYPE_STRING) return refuse_shape(r, "a number in its header is a text"), fallback;
    if (type != GGUF_TYPE_ARRAY) return number_at(gguf_get_val_data(r->gguf, id), type, 0);
    type = gguf_get_arr_type(r->gguf, id);
    size_t n = gguf_get_arr_n(r->gguf, id);
    if (type == GGUF_TYPE_STRING || type == GGUF_TYPE_ARRAY || n == 0)
        return refuse_shape(r, "a number in its header is none"), fallback;
    double first = number_at(gguf_get_arr_data(r->gguf, id), type, 0);
    for (size_t i = 1; i < n; i++)
        if (number_at(gguf_get_arr_data(r->gguf, id), type, i) != first) refuse_shape(r, "its layers differ in shape");
    return first;
}

static int whole(reader *r, const char *key, int fallback) {
    double value = number_shape(r, key, fallback);
    if (!(value >= 0 && value < 1e9)) refuse_shape(r, "a number in its header makes no sense");
    return r->status ? 0 : (int)value;
}

static float real(reader *r, const char *key, double fallback) { return (float)number_shape(r, key, fallback); }

static const char *text(const reader *r, const char *key, const char *fallback) {
    int64_t id = find_shape(r, key);
    return id >= 0 && gguf_get_kv_type(r->gguf, id) == GGUF_TYPE_STRING ? gguf_get_val_str(r->gguf, id) : fallback;
}

/* ---- RoPE: the context-length scalings as libllama resolves them ------------------------------------------------ */

static float log_scale(float factor) { return factor <= 1 ? 1 : 0.1f * logf(factor) + 1; }

/* YaRN (Peng et al. 2023). ggml multiplies by 1 + 0.1 log(factor) itself, which is divided out here first. */
static void read_yarn(reader *r, jp_gradient_shape *s) {
    float factor = 1 / s->rope_scale, multiplier = real(r, "rope.scaling.yarn_log_multiplier", 0);
    s->rope_ext = 1;
    s->rope_attn = log_scale(factor);
    if (multiplier != 0) s->rope_attn /= factor <= 1 ? 1 : 0.1f * multiplier * logf(factor) + 1;
    s->rope_attn *= 1 / (1 + 0.1f * logf(factor));
}

static void read_rope(reader *r, jp_gradient_shape *s, const family *f) {
    const char *scaling = text(r, "rope.scaling.type", "linear");
    float       factor = real(r, "rope.scaling.factor", real(r, "rope.scale_linear", 0));
    s->rope = !f->reads_scales || number_shape(r, "rope.scaling.finetuned", 1) != 0;
    s->rope_mode = f->rope_mode;
    s->rope_step = f->rope_step;
    s->rope_context = whole(r, "rope.scaling.original_context_length", whole(r, "context_length", 0));
    s->rope_base = real(r, "rope.freq_base", 10000);
    s->rope_scale = factor == 0 || !strcmp(scaling, "none") ? 1 : 1 / factor;
    s->rope_attn = 1;
    s->rope_fast = 32;
    s->rope_slow = 1;
    if (!strcmp(f->name, "mistral3")) {
        s->rope_fast = real(r, "rope.scaling.yarn_beta_fast", 32);
        s->rope_slow = real(r, "rope.scaling.yarn_beta_slow", 1);
        s->temperature = real(r, "attention.temperature_scale", 0);
        s->temperature_floor = s->rope_context;
        if (s->temperature != 0 && s->temperature_floor < 1)
            refuse_shape(r, "its attention temperature has no context length");
    }
    if (!strcmp(scaling, "longrope")) refuse_shape(r, "its positions are scaled by LongRoPE");
    if (!strcmp(scaling, "yarn")) read_yarn(r, s);
    s->rope_attn *= real(r, "rope.scaling.attn_factor", 1);
    if (whole(r, "rope.dimension_count", s->head_size) != s->head_size)
        refuse_shape(r, "it rotates only a part of each head");
}

/* ---- the rest --------------------------------------------------------------------------------------------------- */

static void read_sizes(reader *r, jp_gradient_shape *s, struct ggml_context *meta) {
    const struct ggml_tensor *embedding = ggml_get_tensor(meta, "token_embd.weight");
    if (!embedding) refuse_shape(r, "it has no token embeddings");
    s->n_vocab = embedding ? (int)embedding->ne[1] : 0;
    s->n_layer = whole(r, "block_count", 0);
    s->n_embd = whole(r, "embedding_length", 0);
    s->n_head = whole(r, "attention.head_count", 0);
    s->n_head_kv = whole(r, "attention.head_count_kv", s->n_head);
    s->n_ff = whole(r, "feed_forward_length", 0);
    if (s->n_layer < 1 || s->n_embd < 1 || s->n_head < 1 || s->n_head_kv < 1 || s->n_ff < 1 || s->n_head % s->n_head_kv)
        refuse_shape(r, "its header gives no usable shape");
    if (r->status) return;
    s->head_size = whole(r, "attention.key_length", s->n_embd / s->n_head);
    if (s->head_size < 2 || s->head_size % 2 || whole(r, "attention.value_length", s->head_size) != s->head_size)
        refuse_shape(r, "its keys and values differ in size");
    if (whole(r, "expert_count", 0) > 0) refuse_shape(r, "it is a mixture of experts");
    s->epsilon = real(r, "attention.layer_norm_rms_epsilon", 1e-5);
}

static void read_scales(reader *r, jp_gradient_shape *s, const family *f) {
    s->attention_scale = 1 / sqrtf((float)s->head_size);
    s->embedding_scale = s->residual_scale = s->logit_scale = 1;
    if (!f->reads_scales) return;
    float attention = real(r, "attention.scale", 0), embedding = real(r, "embedding_scale", 0);
    float residual = real(r, "residual_scale", 0), logit = real(r, "logit_scale", 1);
    if (attention != 0) s->attention_scale = attention;
    if (embedding != 0) s->embedding_scale = embedding;
    if (residual != 0) s->residual_scale = residual;
    if (logit != 0) s->logit_scale = 1 / logit;
    if (find_shape(r, "deepstack_mapping") >= 0) refuse_shape(r, "it takes images");
}

/* Every tensor must be one that the graph uses: what is not known would be left out of the computation. */
static bool known_tensor(const char *name, const family *f) {
    static const char *const in_layer[] = {"attn_norm.weight",   "attn_q.weight",   "attn_k.weight",   "attn_v.weight",
                                           "attn_output.weight", "ffn_norm.weight", "ffn_gate.weight", "ffn_up.weight",
                                           "ffn_down.weight",    "attn_q.bias",     "attn_k.bias",     "attn_v.bias",
                                           "attn_output.bias",   "ffn_gate.bias",   "ffn_up.bias",     "ffn_down.bias"};
    static const char *const outside[] = {"token_embd.weight", "output_norm.weight", "output.weight", "output.bias"};
    const char              *rest = strncmp(name, "blk.", 4) ? NULL : strchr(name + 4, '.');
    for (size_t i = 0; rest && i < sizeof in_layer / sizeof *in_layer; i++)
        if (!strcmp(rest + 1, in_layer[i])) return true;
    if (rest && !strcmp(f->name, "qwen3"))
        return !strcmp(rest + 1, "attn_q_norm.weight") || !strcmp(rest + 1, "attn_k_norm.weight");
    for (size_t i = 0; i < sizeof outside / sizeof *outside; i++)
        if (!strcmp(name, outside[i])) return true;
    return f->reads_rope_factors && !strcmp(name, "rope_freqs.weight");
}

static void check_tensors(reader *r, const family *f) {
    char what[160];
    for (int64_t i = 0; i < gguf_get_n_tensors(r->gguf); i++) {
        const char *name = gguf_get_tensor_name(r->gguf, i);
        if (known_tensor(name, f)) continue;
        snprintf(what, sizeof what, "it has a tensor that they do not cover, %s", name);
        refuse_shape(r, what);
    }
}

int jp_gradient_shape_read(jp_gradient_shape *s, const struct gguf_context *gguf, struct ggml_context *meta,
                           jopa_error *e) {
    int64_t       id = gguf_find_key(gguf, "general.architecture"), split = gguf_find_key(gguf, "split.count");
    const char   *name = id >= 0 && gguf_get_kv_type(gguf, id) == GGUF_TYPE_STRING ? gguf_get_val_str(gguf, id) : "";
    const family *f = NULL;
    for (size_t i = 0; i < sizeof FAMILIES / sizeof *FAMILIES; i++)
        if (!strcmp(name, FAMILIES[i].name)) f = FAMILIES + i;
    if (!f)
        return jp_fail(e, JOPA_ERROR_UNSUPPORTED, "no gradients for this model: its architecture, %s, is not covered",
                       name[0] ? name : "unknown");
    reader r = {.gguf = gguf, .architecture = name, .e = e};
    *s = (jp_gradient_shape){0};
    if (split >= 0 && gguf_get_kv_type(gguf, split) == GGUF_TYPE_UINT16 && gguf_get_val_u16(gguf, split) > 1)
        refuse_shape(&r, "it is split over several files");
    read_sizes(&r, s, meta);
    if (!r.status) read_rope(&r, s, f);
    if (!r.status) read_scales(&r, s, f);
    if (!r.status) check_tensors(&r, f);
    return r.status;
}
