#include "tiny_gguf.h"

#include <gguf.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"

enum { MAX_VOCAB = 640, PIECE = 24 };

static const char *const CHAT_TEMPLATE =
    "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + "
    "'\\n'}}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

/* ---- vocabulary ------------------------------------------------------------------------------------------------ */

typedef struct {
    char    text[MAX_VOCAB][PIECE];
    float   score[MAX_VOCAB];
    int32_t type[MAX_VOCAB]; /* 1 normal, 2 unknown, 3 control, 6 byte */
    int     n;
} vocabulary;

static void add_piece(vocabulary *v, const char *text, int32_t type, float score) {
    for (int i = 0; i < v->n; i++)
        if (!strcmp(v->text[i], text)) return;
    snprintf(v->text[v->n], PIECE, "%s", text);
    v->type[v->n] = type;
    v->score[v->n++] = score;
}

/* A word and all its beginnings, so that merges from left to right reach it. */
static void add_word(vocabulary *v, const char *word) {
    char piece[PIECE] = "\xe2\x96\x81"; /* U+2581 stands for a space */
    for (size_t i = 0; word[i]; i++) {
        piece[3 + i] = word[i];
        add_piece(v, piece, 1, (float)(i + 1));
    }
}

static void build_vocabulary(vocabulary *v) {
    static const char *const words[] = {"the",   "a",   "doctor", "patient", "story", "write", "short",
                                        "where", "and", "become", "friend",  "after", "long",  "surgery",
                                        "user",  "not", "is",     "of",      "to",    "in"};
    v->n = 0;
    add_piece(v, "<unk>", 2, 0);
    add_piece(v, "<s>", 3, 0);
    add_piece(v, "</s>", 3, 0);
    add_piece(v, "<|im_start|>", 3, 0);
    add_piece(v, "<|im_end|>", 3, 0);
    char text[PIECE];
    for (int b = 0; b < 256; b++) {
        snprintf(text, sizeof text, "<0x%02X>", (unsigned)b);
        add_piece(v, text, 6, 0);
    }
    add_piece(v, "\xe2\x96\x81", 1, -1);
    for (int c = 33; c < 127; c++) add_piece(v, (char[]){(char)c, '\0'}, 1, -1);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) add_word(v, words[i]);
}

static void put_vocabulary(struct gguf_context *g, const vocabulary *v, const tiny_gguf_options *o) {
    const char *texts[MAX_VOCAB];
    for (int i = 0; i < v->n; i++) texts[i] = v->text[i];
    gguf_set_val_str(g, "tokenizer.ggml.model", "llama");
    gguf_set_val_str(g, "tokenizer.ggml.pre", "default");
    gguf_set_arr_str(g, "tokenizer.ggml.tokens", texts, (size_t)v->n);
    gguf_set_arr_data(g, "tokenizer.ggml.scores", GGUF_TYPE_FLOAT32, v->score, (size_t)v->n);
    gguf_set_arr_data(g, "tokenizer.ggml.token_type", GGUF_TYPE_INT32, v->type, (size_t)v->n);
    gguf_set_val_u32(g, "tokenizer.ggml.bos_token_id", TINY_BOS);
    gguf_set_val_u32(g, "tokenizer.ggml.eos_token_id", TINY_IM_END);
    gguf_set_val_u32(g, "tokenizer.ggml.unknown_token_id", TINY_UNK);
    gguf_set_val_bool(g, "tokenizer.ggml.add_bos_token", !o->no_bos);
    gguf_set_val_bool(g, "tokenizer.ggml.add_space_prefix", false);
    gguf_set_val_str(g, "tokenizer.chat_template", o->chat_template ? o->chat_template : CHAT_TEMPLATE);
    if (o->named_template) gguf_set_val_str(g, "tokenizer.chat_template.short", o->named_template);
}

/* ---- hyperparameters -------------------------------------------------------------------------------------------- */

static tiny_gguf_options with_defaults(const tiny_gguf_options *given) {
    tiny_gguf_options o = given ? *given : (tiny_gguf_options){0};
    if (!o.architecture) o.architecture = "llama";
    if (!o.n_layer) o.n_layer = strcmp(o.architecture, "smollm3") ? 3 : 5;
    if (!o.n_embd) o.n_embd = 64;
    if (!o.n_head) o.n_head = 4;
    if (!o.n_head_kv) o.n_head_kv = 2;
    if (!o.head_size) o.head_size = o.n_embd / o.n_head;
    if (!o.n_ff) o.n_ff = 96;
    if (!o.context) o.context = 2048;
    if (!strcmp(o.architecture, "qwen2")) o.biases = true;
    return o;
}

static void put_u32(struct gguf_context *g, const char *architecture, const char *key, int value) {
    char full[128];
    snprintf(full, sizeof full, "%s.%s", architecture, key);
    gguf_set_val_u32(g, full, (uint32_t)value);
}

static void put_f32(struct gguf_context *g, const char *architecture, const char *key, float value) {
    char full[128];
    snprintf(full, sizeof full, "%s.%s", architecture, key);
    gguf_set_val_f32(g, full, value);
}

static void put_rope_scaling(struct gguf_context *g, const tiny_gguf_options *o) {
    if (!o->rope_scaling) return;
    char key[128];
    snprintf(key, sizeof key, "%s.rope.scaling.type", o->architecture);
    gguf_set_val_str(g, key, o->rope_scaling);
    put_f32(g, o->architecture, "rope.scaling.factor", 2);
    put_u32(g, o->architecture, "rope.scaling.original_context_length", 64);
}

static void put_hyperparameters(struct gguf_context *g, const tiny_gguf_options *o) {
    const char *a = o->architecture;
    gguf_set_val_str(g, "general.architecture", a);
    gguf_set_val_str(g, "general.name", "tiny");
    put_u32(g, a, "context_length", o->context);
    put_u32(g, a, "embedding_length", o->n_embd);
    put_u32(g, a, "block_count", o->n_layer);
    put_u32(g, a, "feed_forward_length", o->n_ff);
    put_u32(g, a, "attention.head_count", o->n_head);
    put_u32(g, a, "attention.head_count_kv", o->n_head_kv);
    put_u32(g, a, "attention.key_length", o->head_size);
    put_u32(g, a, "attention.value_length", o->head_size);
    put_u32(g, a, "rope.dimension_count", o->head_size);
    put_f32(g, a, "attention.layer_norm_rms_epsilon", 1e-5f);
    put_f32(g, a, "rope.freq_base", 10000);
    put_rope_scaling(g, o);
    if (!strcmp(a, "granite")) {
        put_f32(g, a, "logit_scale", 1.5f);
        put_f32(g, a, "residual_scale", 0.7f);
        put_f32(g, a, "embedding_scale", 3);
        put_f32(g, a, "attention.scale", 0.2f);
    }
    if (!strcmp(a, "mistral3") && o->rope_scaling) put_f32(g, a, "attention.temperature_scale", 0.1f);
}

/* ---- tensors ---------------------------------------------------------------------------------------------------- */

typedef struct {
    struct gguf_context *gguf;
    struct ggml_context *tensors;
    jp_random            random;
} writer;

static float normal(jp_random *r) { /* Box and Muller */
    double u = 1 - jp_random_unit(r), v = jp_random_unit(r);
    return (float)(sqrt(-2 * log(u)) * cos(2 * 3.14159265358979323846 * v));
}

/* A tensor of `rows` rows of `columns` numbers, normal with the given mean and deviation. */
static void put_tensor(writer *w, const char *name, enum ggml_type type, int columns, int rows, float mean,
                       float deviation) {
    size_t              n = (size_t)columns * (size_t)rows;
    struct ggml_tensor *t =
        rows == 1 ? ggml_new_tensor_1d(w->tensors, type, columns) : ggml_new_tensor_2d(w->tensors, type, columns, rows);
    float *values = malloc(n * sizeof *values);
    for (size_t i = 0; i < n; i++) values[i] = mean + deviation * normal(&w->random);
    if (type == GGML_TYPE_F32) memcpy(t->data, values, n * sizeof *values);
    else ggml_quantize_chunk(type, values, t->data, 0, rows, columns, NULL);
    free(values);
    ggml_set_name(t, name);
    gguf_add_tensor(w->gguf, t);
}

static void put_layer_tensor(writer *w, int layer, const char *name, enum ggml_type type, int columns, int rows,
                             float mean, float deviation) {
    char full[64];
    snprintf(full, sizeof full, "blk.%d.%s", layer, name);
    put_tensor(w, full, type, columns, rows, mean, deviation);
}

static void put_matrix(writer *w, int layer, const char *name, enum ggml_type type, int columns, int rows) {
    put_layer_tensor(w, layer, name, type, columns, rows, 0, 1.2f / sqrtf((float)columns));
}

/* Whether libllama reads biases beyond those of query, key and value. */
static bool all_biases(const tiny_gguf_options *o) {
    return o->biases && (!strcmp(o->architecture, "llama") || !strcmp(o->architecture, "granite") ||
                         !strcmp(o->architecture, "mistral3"));
}

static void put_attention(writer *w, const tiny_gguf_options *o, int layer) {
    int q = o->n_head * o->head_size, kv = o->n_head_kv * o->head_size;
    put_layer_tensor(w, layer, "attn_norm.weight", GGML_TYPE_F32, o->n_embd, 1, 1, 0.2f);
    if (o->fused_qkv) put_matrix(w, layer, "attn_qkv.weight", o->type, o->n_embd, q + 2 * kv);
    else {
        put_matrix(w, layer, "attn_q.weight", o->type, o->n_embd, q);
        put_matrix(w, layer, "attn_k.weight", o->type, o->n_embd, kv);
        put_matrix(w, layer, "attn_v.weight", o->type, o->n_embd, kv);
    }
    put_matrix(w, layer, "attn_output.weight", o->type, q, o->n_embd);
    if (o->biases) {
        put_layer_tensor(w, layer, "attn_q.bias", GGML_TYPE_F32, q, 1, 0, 0.3f);
        put_layer_tensor(w, layer, "attn_k.bias", GGML_TYPE_F32, kv, 1, 0, 0.3f);
        put_layer_tensor(w, layer, "attn_v.bias", GGML_TYPE_F32, kv, 1, 0, 0.3f);
    }
    if (all_biases(o)) put_layer_tensor(w, layer, "attn_output.bias", GGML_TYPE_F32, o->n_embd, 1, 0, 0.2f);
    if (!strcmp(o->architecture, "qwen3")) {
        put_layer_tensor(w, layer, "attn_q_norm.weight", GGML_TYPE_F32, o->head_size, 1, 1, 0.2f);
        put_layer_tensor(w, layer, "attn_k_norm.weight", GGML_TYPE_F32, o->head_size, 1, 1, 0.2f);
    }
}

static void put_feed_forward(writer *w, const tiny_gguf_options *o, int layer) {
    put_layer_tensor(w, layer, "ffn_norm.weight", GGML_TYPE_F32, o->n_embd, 1, 1, 0.2f);
    put_matrix(w, layer, "ffn_gate.weight", o->type, o->n_embd, o->n_ff);
    put_matrix(w, layer, "ffn_up.weight", o->type, o->n_embd, o->n_ff);
    put_matrix(w, layer, "ffn_down.weight", o->type, o->n_ff, o->n_embd);
    if (!all_biases(o)) return;
    put_layer_tensor(w, layer, "ffn_gate.bias", GGML_TYPE_F32, o->n_ff, 1, 0, 0.2f);
    put_layer_tensor(w, layer, "ffn_up.bias", GGML_TYPE_F32, o->n_ff, 1, 0, 0.2f);
    put_layer_tensor(w, layer, "ffn_down.bias", GGML_TYPE_F32, o->n_embd, 1, 0, 0.2f);
}

static void put_tensors(writer *w, const tiny_gguf_options *o, int n_vocab) {
    put_tensor(w, "token_embd.weight", o->embedding_type, o->n_embd, n_vocab, 0, 0.5f);
    put_tensor(w, "output_norm.weight", GGML_TYPE_F32, o->n_embd, 1, 1, 0.2f);
    if (o->untied) put_tensor(w, "output.weight", o->type, o->n_embd, n_vocab, 0, 2 / sqrtf((float)o->n_embd));
    if (o->rope_factors) put_tensor(w, "rope_freqs.weight", GGML_TYPE_F32, o->head_size / 2, 1, 2, 0.3f);
    for (int layer = 0; layer < o->n_layer; layer++) {
        put_attention(w, o, layer);
        put_feed_forward(w, o, layer);
    }
}

static size_t tensor_bytes(const tiny_gguf_options *o, int n_vocab) {
    size_t q = (size_t)(o->n_head * o->head_size), kv = (size_t)(o->n_head_kv * o->head_size);
    size_t layer =
        (size_t)o->n_embd * (2 * q + 2 * kv + 3 * (size_t)o->n_ff + 8) + 2 * q + 2 * kv + 4 * (size_t)o->n_ff;
    size_t numbers = (size_t)o->n_layer * layer + 2 * (size_t)n_vocab * (size_t)o->n_embd + 4096;
    return numbers * sizeof(float) + (size_t)(o->n_layer + 1) * 20 * (ggml_tensor_overhead() + 64);
}

int tiny_gguf_write(const char *path, const tiny_gguf_options *given) {
    tiny_gguf_options o = with_defaults(given);
    vocabulary        v;
    build_vocabulary(&v);
    writer w = {.gguf = gguf_init_empty(),
                .tensors = ggml_init((struct ggml_init_params){.mem_size = tensor_bytes(&o, v.n)})};
    jp_random_seed(&w.random, o.seed);
    put_hyperparameters(w.gguf, &o);
    put_vocabulary(w.gguf, &v, &o);
    put_tensors(&w, &o, v.n);
    bool written = gguf_write_to_file(w.gguf, path, false);
    gguf_free(w.gguf);
    ggml_free(w.tensors);
    return written ? 0 : -1;
}
