/* The attention over cells against the definition in double, and the sum of exponentials. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka.h needs the four above
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "engine/attend.h"
#include "engine/log-softmax.h"

enum { CELLS = 512, QUERIES = 80 };

static float noise(jp_random *r, double size) { return (float)(size * (2 * jp_random_unit(r) - 1)); }

static float *random_floats(jp_random *r, size_t n, double size) {
    float *out = malloc(n * sizeof *out);
    for (size_t i = 0; i < n; i++) out[i] = noise(r, size);
    return out;
}

typedef struct {
    jp_attend_shape shape;
    float          *k, *v; /* [CELLS][n_head_kv * head_size] */
    float          *keys, *values, *q, *out, *scratch;
    float           scale[QUERIES];
} scene;

static void open_scene(scene *s, jp_random *r, int n_head, int n_head_kv, int head_size) {
    size_t width = (size_t)(n_head * head_size), narrow = (size_t)(n_head_kv * head_size);
    s->shape = (jp_attend_shape){n_head, n_head_kv, head_size, CELLS};
    s->k = random_floats(r, CELLS * narrow, 1);
    s->v = random_floats(r, CELLS * narrow, 1);
    s->q = random_floats(r, QUERIES * width, 4);
    s->keys = calloc(jp_attend_size(&s->shape), sizeof(float));
    s->values = calloc(jp_attend_size(&s->shape), sizeof(float));
    s->out = calloc(QUERIES * width, sizeof(float));
    s->scratch = malloc(jp_attend_scratch(&s->shape) * sizeof(float));
    for (int i = 0; i < QUERIES; i++) s->scale[i] = 0.2f + 0.01f * (float)i;
    for (int c = 0; c < CELLS; c++) jp_attend_store(&s->shape, s->k + (size_t)c * narrow, s->v + (size_t)c * narrow, c, s->keys, s->values);
}

static void close_scene(scene *s) {
    free(s->k);
    free(s->v);
    free(s->q);
    free(s->keys);
    free(s->values);
    free(s->out);
    free(s->scratch);
}

/* One head's output by the definition. */
static void reference(const scene *s, const int *cells, int n, int query, int head, double *out) {
    int    size = s->shape.head_size, kv = head / (s->shape.n_head / s->shape.n_head_kv), narrow = s->shape.n_head_kv * size;
    double weight[CELLS], top = -INFINITY, sum = 0;
    for (int i = 0; i < n; i++) {
        weight[i] = 0;
        for (int d = 0; d < size; d++)
            weight[i] += (double)s->q[(query * s->shape.n_head + head) * size + d] * (double)s->k[cells[i] * narrow + kv * size + d];
        weight[i] *= (double)s->scale[query];
        top = fmax(top, weight[i]);
    }
    memset(out, 0, (size_t)size * sizeof *out);
    for (int i = 0; i < n; i++) sum += weight[i] = exp(weight[i] - top);
    for (int i = 0; i < n; i++)
        for (int d = 0; d < size; d++) out[d] += weight[i] / sum * (double)s->v[cells[i] * narrow + kv * size + d];
}

static void check_run(scene *s, const jp_attend_run *run, const jp_cells *list) {
    int    size = s->shape.head_size;
    double expected[128];
    for (int tile = 0; tile < jp_attend_tiles(&s->shape, run); tile++)
        jp_attend_tile(&s->shape, run, tile, list, s->q, s->scale, s->keys, s->values, s->out, s->scratch);
    for (int i = 0; i < run->count; i++) {
        int cells[CELLS], n = 0;
        for (int j = run->before; j < run->before + run->n_before; j++)
            for (int c = list[j].first; c < list[j].last; c++) cells[n++] = c;
        for (int c = run->own; c <= run->cell + i; c++) cells[n++] = c;
        for (int h = 0; h < s->shape.n_head; h++) {
            reference(s, cells, n, run->query + i, h, expected);
            for (int d = 0; d < size; d++)
                assert_float_equal(s->out[((run->query + i) * s->shape.n_head + h) * size + d], expected[d], 1e-5);
        }
    }
}

static void test_attention_is_its_definition(void **state) {
    (void)state;
    static const int shapes[][3] = {{9, 3, 64}, {4, 2, 16}, {8, 8, 32}, {32, 1, 48}, {64, 1, 16}};
    static const jp_cells list[] = {{0, 40}, {470, 471}, {400, 468}, {41, 57}, {300, 311}};
    static const jp_attend_run runs[] = {
        {0, 1, 0, 0, 0, 0},      /* the first token */
        {3, 60, 100, 64, 0, 0},  /* alone */
        {5, 17, 71, 64, 0, 2},   /* after others, from the middle of its run of cells */
        {0, 70, 64, 64, 0, 5},   /* keys in many places, some in cells behind its own */
        {7, 2, 99, 99, 4, 1},
    };
    jp_random r;
    jp_random_seed(&r, 5);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        scene s;
        open_scene(&s, &r, shapes[i][0], shapes[i][1], shapes[i][2]);
        for (size_t j = 0; j < sizeof runs / sizeof *runs; j++) check_run(&s, runs + j, list);
        close_scene(&s);
    }
}

static void test_log_sum_exp(void **state) {
    (void)state;
    jp_random r;
    jp_random_seed(&r, 9);
    for (int n = 1; n < 20000; n = n * 3 + 2) {
        float *x = random_floats(&r, (size_t)n, 30);
        double sum = 0;
        for (int i = 0; i < n; i++) sum += exp((double)x[i] - 30);
        assert_float_equal(jp_log_sum_exp(x, n), 30 + log(sum), 1e-6);
        free(x);
    }
    float none[] = {-INFINITY, -INFINITY, -INFINITY}, one[] = {-INFINITY, 2, -INFINITY};
    assert_true(isinf(jp_log_sum_exp(none, 3)));
    assert_float_equal(jp_log_sum_exp(one, 3), 2, 1e-6);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_attention_is_its_definition), cmocka_unit_test(test_log_sum_exp)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
