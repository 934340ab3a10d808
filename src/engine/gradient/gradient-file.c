#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/gradient/gradient-shape.h"

/* ---- the file --------------------------------------------------------------------------------------------------- */

static bool map_file_gradient_file(jp_gradient *g, const char *file) {
    int         fd = open(file, O_RDONLY | O_CLOEXEC);
    struct stat info;
    if (fd < 0) return false;
    if (!fstat(fd, &info) && info.st_size > 0) {
        g->map_size = (size_t)info.st_size;
        g->map = mmap(NULL, g->map_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (g->map == MAP_FAILED) g->map = NULL;
    }
    close(fd);
    return g->map != NULL;
}

static bool can_read(enum ggml_type type) {
    return type == GGML_TYPE_F32 || (type < GGML_TYPE_COUNT && ggml_get_type_traits(type)->to_float);
}

/* Point the tensors of the header at their bytes in the mapped file. */
static int place_tensors(jp_gradient *g, const struct gguf_context *gguf, jopa_error *e) {
    g->file_buffer = ggml_backend_cpu_buffer_from_ptr(g->map, g->map_size);
    if (!g->file_buffer) return jp_fail_memory(e);
    for (int64_t i = 0; i < gguf_get_n_tensors(gguf); i++) {
        struct ggml_tensor *t = ggml_get_tensor(g->tensors, gguf_get_tensor_name(gguf, i));
        size_t              at = gguf_get_data_offset(gguf) + gguf_get_tensor_offset(gguf, i);
        if (!t || !can_read(t->type))
            return jp_fail(e, JOPA_ERROR_UNSUPPORTED,
                           "no gradients for this model: its weights are of a type that cannot be dequantized");
        if (at > g->map_size || ggml_nbytes(t) > g->map_size - at)
            return jp_fail(e, JOPA_ERROR_MODEL, "the model's file is truncated");
        if (ggml_backend_tensor_alloc(g->file_buffer, t, (char *)g->map + at) != GGML_STATUS_SUCCESS)
            return jp_fail_memory(e);
    }
    return JP_OK;
}

typedef struct {
    jp_gradient *g;
    jopa_error  *e;
    int          status;
} loader;

/* The tensor `name` with the given shape, or NULL; a missing one is an error when required. Vectors must be F32. */
static struct ggml_tensor *get(loader *l, const char *name, int64_t n_in, int64_t n_out, bool required) {
    struct ggml_tensor *t = ggml_get_tensor(l->g->tensors, name);
    if (!t && !required) return NULL;
    bool good = t && t->ne[0] == n_in && t->ne[1] == n_out && t->ne[2] == 1 && t->ne[3] == 1 &&
                (n_out > 1 || t->type == GGML_TYPE_F32);
    if (!good && !l->status)
        l->status = jp_fail(l->e, JOPA_ERROR_MODEL, "the model's tensor %s is missing or has a wrong shape", name);
    return good ? t : NULL;
}

static struct ggml_tensor *get_in_layer(loader *l, int layer, const char *name, int64_t n_in, int64_t n_out,
                                        bool required) {
    char full[64];
    snprintf(full, sizeof full, "blk.%d.%s", layer, name);
    return get(l, full, n_in, n_out, required);
}

static jp_linear get_linear(loader *l, int layer, const char *name, int n_in, int n_out) {
    char weight[40], bias[40];
    snprintf(weight, sizeof weight, "%s.weight", name);
    snprintf(bias, sizeof bias, "%s.bias", name);
    return (jp_linear){.w = get_in_layer(l, layer, weight, n_in, n_out, true),
                       .bias = get_in_layer(l, layer, bias, n_out, 1, false)};
}

static void get_layer(loader *l, int i) {
    const jp_gradient_shape *s = &l->g->shape;
    jp_gradient_layer       *y = l->g->layers + i;
    int                      q = s->n_head * s->head_size, kv = s->n_head_kv * s->head_size;
    y->attn_norm = get_in_layer(l, i, "attn_norm.weight", s->n_embd, 1, true);
    y->ffn_norm = get_in_layer(l, i, "ffn_norm.weight", s->n_embd, 1, true);
    y->q_norm = get_in_layer(l, i, "attn_q_norm.weight", s->head_size, 1, false);
    y->k_norm = get_in_layer(l, i, "attn_k_norm.weight", s->head_size, 1, y->q_norm != NULL);
    y->q = get_linear(l, i, "attn_q", s->n_embd, q);
    y->k = get_linear(l, i, "attn_k", s->n_embd, kv);
    y->v = get_linear(l, i, "attn_v", s->n_embd, kv);
    y->o = get_linear(l, i, "attn_output", q, s->n_embd);
    y->gate = get_linear(l, i, "ffn_gate", s->n_embd, s->n_ff);
    y->up = get_linear(l, i, "ffn_up", s->n_embd, s->n_ff);
    y->down = get_linear(l, i, "ffn_down", s->n_ff, s->n_embd);
}

static int get_tensors(jp_gradient *g, jopa_error *e) {
    const jp_gradient_shape *s = &g->shape;
    loader                   l = {g, e, JP_OK};
    g->layers = calloc((size_t)s->n_layer, sizeof *g->layers);
    if (!g->layers) return jp_fail_memory(e);
    g->embedding = get(&l, "token_embd.weight", s->n_embd, s->n_vocab, true);
    g->output_norm = get(&l, "output_norm.weight", s->n_embd, 1, true);
    g->rope_factors = get(&l, "rope_freqs.weight", s->head_size / 2, 1, false);
    g->output.w = get(&l, "output.weight", s->n_embd, s->n_vocab, false);
    g->output.bias = get(&l, "output.bias", s->n_vocab, 1, false);
    if (!g->output.w) g->output.w = g->embedding;
    for (int i = 0; i < s->n_layer; i++) get_layer(&l, i);
    return l.status;
}

static struct gguf_context *read_header(const char *file, struct ggml_context **meta) {
    return gguf_init_from_file(file, (struct gguf_init_params){.no_alloc = true, .ctx = meta});
}

int jp_gradient_model_load(jp_gradient *g, const char *file, jopa_error *e) {
    struct gguf_context *gguf = read_header(file, &g->tensors);
    if (!gguf) return jp_fail(e, JOPA_ERROR_MODEL, "'%s' cannot be read as a GGUF file", file);
    int status = jp_gradient_shape_read(&g->shape, gguf, g->tensors, e);
    if (!status && !map_file_gradient_file(g, file))
        status = jp_fail(e, JOPA_ERROR_IO, "cannot map '%s' into memory", file);
    if (!status) status = place_tensors(g, gguf, e);
    if (!status) status = get_tensors(g, e);
    gguf_free(gguf);
    return status;
}

bool jp_gradient_covers(const char *file, char *why, size_t size) {
    struct ggml_context *meta = NULL;
    struct gguf_context *gguf = read_header(file, &meta);
    jp_gradient_shape    shape;
    jopa_error           e = {0};
    int                  status = gguf ? jp_gradient_shape_read(&shape, gguf, meta, &e)
                                       : jp_fail(&e, JOPA_ERROR_MODEL, "it cannot be read as a GGUF file");
    gguf_free(gguf);
    ggml_free(meta);
    if (status && why) snprintf(why, size, "%s", e.message);
    return status == JP_OK;
}

void jp_gradient_model_free(jp_gradient *g) {
    ggml_backend_buffer_free(g->copy_buffer);
    ggml_backend_buffer_free(g->file_buffer);
    ggml_free(g->copies);
    ggml_free(g->tensors);
    if (g->map) munmap(g->map, g->map_size);
    free(g->layers);
    free(g->mean);
}
