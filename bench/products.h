/* ggml's own matrix products at a model's shapes: the peak that evaluations are measured against. */
#ifndef BENCH_PRODUCTS_H
#define BENCH_PRODUCTS_H

#include <ggml.h>
#include <jansson.h>
#include <stdbool.h>
#include <time.h>

enum { MOST_SHAPES = 16 };

typedef struct {
    struct {
        int64_t in, out;
        int     count;
    } product[MOST_SHAPES]; /* matrices of one layer: in x out, how many of them */
    int            n_products;
    enum ggml_type type;           /* that scores are computed in */
    double         weights;        /* a decoded token is multiplied with */
    double         output_weights; /* that only tokens with logits are multiplied with */
    double         attention;      /* n_layer n_head head_size */
} model_shape;

/* From the file; `weights`: the type's name as jp_model_info has it. */
bool shape_read(model_shape *s, const char *file, const char *weights);

/* FLOP a second over one layer's products, 512 columns: the best of some runs. A JSON number. */
json_t *products_rate(const model_shape *s, enum ggml_type type, int threads, clockid_t clock);
/* The same for each type that weights may have: {"F32": ..., "F16": ...}. */
json_t *products_all(const model_shape *s, int threads, clockid_t clock);

#endif
