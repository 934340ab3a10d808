#include "products.h"

#include <ggml-backend.h>
#include <gguf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { COLUMNS = 512, RUNS = 3, ROUNDS = 2 };

/* ---- the model's shapes ----------------------------------------------------------------------------------------- */

static void add_product(model_shape *s, int64_t in, int64_t out) {
    int i = 0;
    while (i < s->n_products && (s->product[i].in != in || s->product[i].out != out)) i++;
    if (i == MOST_SHAPES) return;
    if (i == s->n_products) {
        s->product[s->n_products].in = in;
        s->product[s->n_products++].out = out;
    }
    s->product[i].count++;
}

static int64_t number(const struct gguf_context *g, const char *architecture, const char *key) {
    char name[128];
    snprintf(name, sizeof name, "%s.%s", architecture, key);
    int64_t id = gguf_find_key(g, name);
    return id >= 0 && gguf_get_kv_type(g, id) == GGUF_TYPE_UINT32 ? gguf_get_val_u32(g, id) : 0;
}

static void add_tensor(model_shape *s, const struct ggml_tensor *t, int last_layer, bool tied) {
    int    layer = -1;
    double size = (double)ggml_nelements(t);
    if (ggml_n_dims(t) != 2) return;
    if (sscanf(t->name, "blk.%d.", &layer) == 1) {
        bool after_attention = layer == last_layer && strstr(t->name, ".ffn_");
        *(after_attention ? &s->output_weights : &s->weights) += size;
        if (layer == 0) add_product(s, t->ne[0], t->ne[1]);
    } else if (!strcmp(t->name, tied ? "token_embd.weight" : "output.weight")) {
        s->output_weights += size;
    }
}

static enum ggml_type type_named(const char *name) {
    for (int t = 0; t < GGML_TYPE_COUNT; t++) {
        const char *known = ggml_type_name((enum ggml_type)t);
        if (known && *known && !strncasecmp(name, known, strlen(known)) && !name[strlen(known)])
            return (enum ggml_type)t;
    }
    return GGML_TYPE_F32;
}

bool shape_read(model_shape *s, const char *file, const char *weights) {
    *s = (model_shape){.type = type_named(weights)};
    struct ggml_context *tensors = NULL;
    struct gguf_context *g = gguf_init_from_file(file, (struct gguf_init_params){.no_alloc = true, .ctx = &tensors});
    int64_t              key = g ? gguf_find_key(g, "general.architecture") : -1;
    if (key >= 0) {
        const char *architecture = gguf_get_val_str(g, key);
        int64_t     layers = number(g, architecture, "block_count"),
                heads = number(g, architecture, "attention.head_count");
        int64_t width = number(g, architecture, "attention.key_length");
        if (!width && heads) width = number(g, architecture, "embedding_length") / heads;
        s->attention = (double)(layers * heads * width);
        bool tied = !ggml_get_tensor(tensors, "output.weight");
        for (struct ggml_tensor *t = ggml_get_first_tensor(tensors); t; t = ggml_get_next_tensor(tensors, t))
            add_tensor(s, t, (int)layers - 1, tied);
    }
    gguf_free(g);
    ggml_free(tensors);
    return s->n_products > 0 && s->attention > 0;
}

/* ---- their products -----------------------------------------------------------------------------------------------
 */

static double now(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* One layer's matrices, each with an input of its own. Returns the FLOP of the graph. */
static double build(const model_shape *s, enum ggml_type type, struct ggml_context *c, struct ggml_cgraph *graph) {
    double flop = 0;
    for (int i = 0; i < s->n_products; i++)
        for (int j = 0; j < s->product[i].count; j++) {
            struct ggml_tensor *a = ggml_new_tensor_2d(c, type, s->product[i].in, s->product[i].out);
            struct ggml_tensor *b = ggml_new_tensor_2d(c, GGML_TYPE_F32, s->product[i].in, COLUMNS);
            ggml_build_forward_expand(graph, ggml_mul_mat(c, a, b));
            flop += 2.0 * (double)ggml_nelements(a) * COLUMNS;
        }
    return flop;
}

static void set_threads(ggml_backend_t cpu, int threads) {
    ggml_backend_reg_t           reg = ggml_backend_dev_backend_reg(ggml_backend_get_device(cpu));
    ggml_backend_set_n_threads_t set =
        (ggml_backend_set_n_threads_t)(uintptr_t)ggml_backend_reg_get_proc_address(reg, "ggml_backend_set_n_threads");
    if (set) set(cpu, threads);
}

static double rate(const model_shape *s, enum ggml_type type, int threads, clockid_t clock) {
    ggml_backend_t       cpu = ggml_backend_init_by_type(GGML_BACKEND_DEVICE_TYPE_CPU, NULL);
    struct ggml_context *c = ggml_init((struct ggml_init_params){(size_t)1 << 20, NULL, true});
    struct ggml_cgraph  *graph = ggml_new_graph(c);
    set_threads(cpu, threads);
    double                flop = build(s, type, c, graph), best = 0;
    ggml_backend_buffer_t memory = ggml_backend_alloc_ctx_tensors(c, cpu);
    ggml_backend_buffer_clear(memory, 0);
    ggml_backend_graph_compute(cpu, graph);
    for (int run = 0; run < RUNS; run++) {
        double started = now(clock);
        for (int i = 0; i < ROUNDS; i++) ggml_backend_graph_compute(cpu, graph);
        double reached = ROUNDS * flop / (now(clock) - started);
        best = reached > best ? reached : best;
    }
    ggml_backend_buffer_free(memory);
    ggml_free(c);
    ggml_backend_free(cpu);
    return best;
}

json_t *products_rate(const model_shape *s, enum ggml_type type, int threads, clockid_t clock) {
    return json_real(rate(s, type, threads, clock));
}

json_t *products_all(const model_shape *s, int threads, clockid_t clock) {
    static const enum ggml_type types[] = {GGML_TYPE_F32,  GGML_TYPE_F16,  GGML_TYPE_BF16, GGML_TYPE_Q8_0,
                                           GGML_TYPE_Q4_0, GGML_TYPE_Q4_1, GGML_TYPE_Q4_K, GGML_TYPE_Q6_K};
    json_t                     *out = json_object();
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        json_object_set_new(out, ggml_type_name(types[i]), products_rate(s, types[i], threads, clock));
    return out;
}
