/* engine/accel.h against double arithmetic: what this processor has, or as much of it as ONEDNN_MAX_CPU_ISA leaves. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"
#include "engine/accel/accel.h"

#ifdef JOPA_ACCEL
#include "engine/accel/accel-kernel.h"
#include "engine/accel/accel-store.h"

static float number(jp_random *r) { return (float)(2 * jp_random_unit(r) - 1); }

static void fill(struct ggml_tensor *t, jp_random *r) {
    int64_t n = ggml_nelements(t);
    float  *values = malloc((size_t)n * sizeof *values);
    for (int64_t i = 0; i < n; i++) values[i] = number(r);
    if (t->type == GGML_TYPE_F32) memcpy(t->data, values, (size_t)n * sizeof *values);
    else if (t->type == GGML_TYPE_F16) ggml_fp32_to_fp16_row(values, t->data, n);
    else ggml_quantize_chunk(t->type, values, t->data, 0, n / t->ne[0], t->ne[0], NULL);
    free(values);
}

static struct ggml_context *open_context(void) {
    return ggml_init((struct ggml_init_params){(size_t)64 << 20, NULL, false});
}

/* ---- products
 * ---------------------------------------------------------------------------------------------------------- */

static double worst_error(const struct ggml_tensor *node) {
    const struct ggml_tensor *w = node->src[0], *x = node->src[1];
    int64_t                   in = w->ne[0], out = w->ne[1];
    float                    *row = malloc((size_t)in * sizeof *row);
    double                    worst = 0;
    for (int64_t o = 0; o < out; o++) {
        ggml_get_type_traits(w->type)->to_float((const char *)w->data + (size_t)o * w->nb[1], row, in);
        for (int64_t r = 0; r < ggml_nrows(x); r++) {
            double sum = 0, size = 0;
            for (int64_t i = 0; i < in; i++) {
                double term = (double)row[i] * (double)((const float *)x->data)[r * in + i];
                sum += term;
                size += fabs(term);
            }
            double error = fabs(sum - (double)((const float *)node->data)[r * out + o]) / size;
            worst = error > worst ? error : worst;
        }
    }
    free(row);
    return worst;
}

static void test_products(void **state) {
    (void)state;
    if (!jp_products_useful()) skip();
    jp_random    r;
    jp_products *p = jp_products_new();
    assert_non_null(p);
    jp_random_seed(&r, 5);
    for (int threads = 1; threads <= 3; threads++) {
        for (int rows = 1, parts = 1; rows < 200; rows = 3 * rows + 5, parts = 3 - parts) {
            struct ggml_context *c = open_context();
            struct ggml_tensor  *w = ggml_new_tensor_2d(c, rows % 2 ? GGML_TYPE_Q4_1 : GGML_TYPE_F16, 96, 160),
                               *x = ggml_new_tensor_2d(c, GGML_TYPE_F32, 96, rows);
            struct ggml_tensor *node = ggml_mul_mat(c, w, x);
            fill(w, &r);
            fill(x, &r);
            jp_products_free(p); /* weights are known by their place */
            p = jp_products_new();
            jp_products_begin(p, NULL, parts);
            assert_true(jp_products_takes(node));
            assert_true(jp_products_run(p, node, threads));
            assert_true(worst_error(node) < 1.0 / 256); /* weights are rounded to 8 bits, */
            if (w->type == GGML_TYPE_F16) {             /* inputs to 8 or 16 */
                for (int64_t i = 0; i < ggml_nelements(w); i++)
                    ((ggml_fp16_t *)w->data)[i] = ggml_fp32_to_fp16((float)(i % 3) - 1);
                jp_products_free(p);
                p = jp_products_new();
                jp_products_begin(p, NULL, parts);
                assert_true(jp_products_run(p, node, threads));
                assert_true(worst_error(node) < (parts == 2 ? 1e-5 : 1.0 / 512));
            }
            ggml_free(c);
        }
    }
    jp_products_free(p);
}

/* A row's result does not depend on the rows beside it. */
static void test_products_row_by_row(void **state) {
    (void)state;
    if (!jp_products_useful()) skip();
    enum { ROWS = 77 };
    jp_random            r;
    struct ggml_context *c = open_context();
    struct ggml_tensor  *w = ggml_new_tensor_2d(c, GGML_TYPE_F16, 128, 96),
                       *x = ggml_new_tensor_2d(c, GGML_TYPE_F32, 128, ROWS);
    struct ggml_tensor *all = ggml_mul_mat(c, w, x);
    jp_products        *p = jp_products_new();
    jp_products_begin(p, NULL, 2);
    jp_random_seed(&r, 6);
    fill(w, &r);
    fill(x, &r);
    assert_true(jp_products_run(p, all, 2));
    for (int i = 0; i < ROWS; i++) {
        struct ggml_tensor *row = ggml_mul_mat(c, w, ggml_view_1d(c, x, 128, (size_t)i * x->nb[1]));
        jp_products_begin(p, NULL, 2);
        assert_true(jp_products_run(p, row, 2));
        assert_memory_equal(row->data, (const char *)all->data + (size_t)i * all->nb[1], all->nb[1]);
    }
    jp_products_free(p);
    ggml_free(c);
}

/* Weights of the same content are laid out once, wherever they lie. */
static void test_weights_are_shared(void **state) {
    (void)state;
    if (!jp_products_useful()) skip();
    jp_random            r;
    dnnl_engine_t        engine;
    dnnl_stream_t        stream;
    struct ggml_context *c = open_context();
    struct ggml_tensor  *a = ggml_new_tensor_2d(c, GGML_TYPE_F16, 96, 160),
                       *b = ggml_new_tensor_2d(c, GGML_TYPE_F16, 96, 160);
    struct ggml_tensor *other = ggml_new_tensor_2d(c, GGML_TYPE_F16, 96, 160),
                       *turned = ggml_new_tensor_2d(c, GGML_TYPE_F16, 160, 96);
    jp_random_seed(&r, 8);
    fill(a, &r);
    memcpy(b->data, a->data, ggml_nbytes(a));
    memcpy(other->data, a->data, ggml_nbytes(a));
    ((ggml_fp16_t *)other->data)[96 * 160 - 1] ^= 1;
    turned->extra = a;
    assert_int_equal(dnnl_engine_create(&engine, dnnl_cpu, 0), dnnl_success);
    assert_int_equal(dnnl_stream_create(&stream, engine, dnnl_stream_default_flags), dnnl_success);
    jp_accel_store  *store = jp_accel_store_new();
    const jp_packed *first = jp_packed_get(store, a, engine, stream, 1),
                    *second = jp_packed_get(store, b, engine, stream, 2);
    const jp_packed *third = jp_packed_get(store, other, engine, stream, 1),
                    *fourth = jp_packed_get(store, turned, engine, stream, 1);
    assert_non_null(first);
    assert_ptr_equal(first, second);
    assert_true(third && third != first && fourth && fourth != first && fourth != third);
    jp_accel_store_free(store);
    dnnl_stream_destroy(stream);
    dnnl_engine_destroy(engine);
    ggml_free(c);
}

static void test_products_not_taken(void **state) {
    (void)state;
    struct ggml_context *c = open_context();
    struct ggml_tensor  *x = ggml_new_tensor_2d(c, GGML_TYPE_F32, 128, 3),
                       *f32 = ggml_new_tensor_2d(c, GGML_TYPE_F32, 128, 128);
    struct ggml_tensor *f16 = ggml_new_tensor_2d(c, GGML_TYPE_F16, 128, 128),
                       *small = ggml_new_tensor_2d(c, GGML_TYPE_F16, 128, 8);
    assert_false(jp_products_takes(ggml_mul_mat(c, f32, x))); /* exact weights stay exact */
    assert_true(jp_products_takes(ggml_mul_mat(c, f16, x)));
    assert_false(jp_products_takes(ggml_mul_mat(c, small, x)));
    assert_false(jp_products_takes(ggml_mul_mat(c, ggml_view_2d(c, f16, 128, 64, f16->nb[1], 0), x)));
    ggml_free(c);
}

/* ---- attention
 * ----------------------------------------------------------------------------------------------------------- */

typedef struct {
    int width, queries, cells, heads, groups, sequences;
} shape;

/* Queries of several sequences in turn, each of which sees the cells of its own up to itself, and the first few. */
static void write_mask(struct ggml_tensor *mask, const shape *s) {
    for (int q = 0; q < s->queries; q++)
        for (int c = 0; c < s->cells; c++) {
            bool seen = c < 5 || (c % s->sequences == q * s->sequences / s->queries && c <= s->cells / 2 + q / 2);
            ((ggml_fp16_t *)mask->data)[q * s->cells + c] = ggml_fp32_to_fp16(seen ? 0 : -INFINITY);
        }
}

static double half(const struct ggml_tensor *t, int64_t x, int64_t row, int64_t plane) {
    const char *at = (const char *)t->data + (size_t)plane * t->nb[2] + (size_t)row * t->nb[1];
    return (double)ggml_fp16_to_fp32(((const ggml_fp16_t *)at)[x]);
}

/* One output row in double. */
static void attend(const struct ggml_tensor *node, const shape *s, double scale, int query, int head, double *out) {
    const struct ggml_tensor *q = node->src[0], *k = node->src[1], *v = node->src[2], *mask = node->src[3];
    int                       group = head / (s->heads / s->groups);
    double                    sum = 0;
    for (int x = 0; x < s->width; x++) out[x] = 0;
    for (int c = 0; c < s->cells; c++) {
        double weight = half(mask, c, query, 0), dot = 0;
        for (int x = 0; x < s->width; x++)
            dot += (double)((const float *)q->data)[(head * s->queries + query) * s->width + x] * half(k, x, c, group);
        weight = exp(weight + scale * dot);
        sum += weight;
        for (int x = 0; x < s->width; x++) out[x] += weight * half(v, x, c, group);
    }
    for (int x = 0; x < s->width && sum > 0; x++) out[x] /= sum;
}

static void compare(const struct ggml_tensor *node, const shape *s, int parts) {
    double allowed = jp_attention_kernel() == &jp_kernel_avx2 ? 2e-6 : parts == 1 ? 6e-3 : 3e-3;
    for (int i = 0; i < s->queries; i++)
        for (int h = 0; h < s->heads; h++) {
            double expected[128];
            attend(node, s, 0.3f, i, h, expected);
            for (int x = 0; x < s->width; x++)
                assert_true(fabs((double)((float *)node->data)[(i * s->heads + h) * s->width + x] - expected[x]) <
                            allowed);
        }
}

static void check_attention(const shape *s, int threads, int parts) {
    jp_random            r;
    struct ggml_context *c = open_context();
    struct ggml_tensor  *q = ggml_new_tensor_3d(c, GGML_TYPE_F32, s->width, s->queries, s->heads),
                       *mask = ggml_new_tensor_2d(c, GGML_TYPE_F16, s->cells, s->queries);
    struct ggml_tensor *k = ggml_new_tensor_3d(c, GGML_TYPE_F16, s->width, s->cells, s->groups),
                       *v = ggml_new_tensor_3d(c, GGML_TYPE_F16, s->width, s->cells, s->groups);
    struct ggml_tensor *node = ggml_flash_attn_ext(c, q, k, v, mask, 0.3f, 0, 0);
    jp_random_seed(&r, 7);
    fill(q, &r);
    fill(k, &r);
    fill(v, &r);
    write_mask(mask, s);
    jp_attention_space *space = jp_attention_space_new();
    assert_true(jp_attention_takes(node));
    assert_true(jp_attention_run(space, node, threads, parts));
    compare(node, s, parts);
    struct ggml_tensor *second =
        ggml_flash_attn_ext(c, q, k, v, mask, 0.3f, 0, 0); /* as the next layer, which finds the mask's cells listed */
    assert_true(jp_attention_run(space, second, threads, parts));
    compare(second, s, parts);
    for (int i = 0; i < s->queries; i++)
        ((ggml_fp16_t *)mask->data)[i * s->cells + s->cells - 1] ^= ggml_fp32_to_fp16(-INFINITY);
    assert_true(jp_attention_run(space, node, threads, parts)); /* the same again: another run of the graph */
    compare(node, s, parts);
    for (int i = 0; i < s->queries; i++) ((ggml_fp16_t *)mask->data)[i * s->cells + 7] ^= ggml_fp32_to_fp16(-INFINITY);
    jp_attention_begin(space);
    assert_true(jp_attention_run(space, second, threads, parts));
    compare(second, s, parts);
    jp_attention_space_free(space);
    ggml_free(c);
}

static void test_attention(void **state) {
    (void)state;
    if (!jp_attention_kernel()) skip();
    static const shape shapes[] = {
        {64, 70, 96, 9, 3, 3}, {32, 1, 256, 4, 4, 1}, {128, 33, 700, 2, 1, 2}, {64, 130, 256, 6, 2, 7}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (int threads = 1; threads <= 2; threads++)
            for (int parts = 1; parts <= 2; parts++) check_attention(shapes + i, threads, parts);
}

static void test_attention_not_taken(void **state) {
    (void)state;
    struct ggml_context *c = open_context();
    struct ggml_tensor  *q = ggml_new_tensor_3d(c, GGML_TYPE_F32, 64, 4, 2),
                       *mask = ggml_new_tensor_2d(c, GGML_TYPE_F16, 32, 4);
    struct ggml_tensor *k = ggml_new_tensor_3d(c, GGML_TYPE_F16, 64, 32, 2),
                       *f32 = ggml_new_tensor_3d(c, GGML_TYPE_F32, 64, 32, 2);
    assert_true(jp_attention_takes(ggml_flash_attn_ext(c, q, k, k, mask, 1, 0, 0)));
    assert_false(jp_attention_takes(ggml_flash_attn_ext(c, q, f32, f32, mask, 1, 0, 0)));
    assert_false(jp_attention_takes(ggml_flash_attn_ext(c, q, k, k, mask, 1, 0, 30)));
    assert_false(jp_attention_takes(ggml_flash_attn_ext(c, q, k, k, NULL, 1, 0, 0)));
    ggml_free(c);
}
#endif

static void test_registered_once(void **state) {
    (void)state;
    unsigned first = jp_accel_register();
    assert_int_equal(jp_accel_register(), first);
}

int main(void) {
    const struct CMUnitTest tests[] = {
#ifdef JOPA_ACCEL
        cmocka_unit_test(test_products),           cmocka_unit_test(test_products_row_by_row),
        cmocka_unit_test(test_products_not_taken), cmocka_unit_test(test_weights_are_shared),
        cmocka_unit_test(test_attention),          cmocka_unit_test(test_attention_not_taken),
#endif
        cmocka_unit_test(test_registered_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
