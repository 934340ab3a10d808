/* The gradient engine on random models of every architecture that it covers: log-probabilities against libllama,
 * gradients against central differences, the same results within small memory bounds, refusals, leaks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka.h needs the four above
#include <cmocka.h>

#include <llama.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/random.h"
#include "engine/gradient/gradient.h"
#include "prompt/mask.h"
#include "tiny_gguf.h"

enum {
    N_PROMPT = 37,
    N_RESPONSE = 9,
    TARGET_FIRST = 2,
    TARGET_LAST = 8,
    N_TARGET = TARGET_LAST - TARGET_FIRST,
    WIDTH = 64
};

static const tiny_gguf_options MODELS[] = {
    {.architecture = "llama"},
    {.architecture = "llama", .untied = true, .biases = true, .rope_scaling = "linear"},
    {.architecture = "llama", .rope_factors = true, .n_head_kv = 4},
    {.architecture = "llama", .rope_scaling = "yarn", .n_head_kv = 1},
    {.architecture = "qwen2", .untied = true},
    {.architecture = "qwen3", .head_size = 32},
    {.architecture = "smollm3"},
    {.architecture = "granite", .biases = true},
    {.architecture = "mistral3", .rope_scaling = "yarn", .head_size = 32},
};
enum { N_MODELS = sizeof MODELS / sizeof *MODELS };

typedef struct {
    int32_t prompt[N_PROMPT], response[N_RESPONSE];
    float   bias[N_PROMPT];
} scene;

static char path[64];

static const char *write_model(const tiny_gguf_options *o, uint64_t seed) {
    tiny_gguf_options seeded = *o;
    seeded.seed = seed;
    snprintf(path, sizeof path, "tiny-gradient-%d.gguf", (int)getpid());
    assert_int_equal(tiny_gguf_write(path, &seeded), 0);
    return path;
}

static jp_gradient *open_model(const char *file, bool exact, const jp_gradient_limits *limits) {
    jopa_error   e = {0};
    jp_gradient *g = NULL;
    if (jp_gradient_open_within(&g, file, 2, exact, limits, &e)) fail_msg("%s", e.message);
    return g;
}

/* Random tokens; with `masked` some of the prompt's are replaced by the zero and the mean row. */
static scene make_scene(uint64_t seed, bool masked, bool biased) {
    scene     s;
    jp_random r;
    jp_random_seed(&r, seed);
    for (int i = 0; i < N_PROMPT; i++) s.prompt[i] = 5 + jp_random_below(&r, 400);
    for (int i = 0; i < N_RESPONSE; i++) s.response[i] = 5 + jp_random_below(&r, 400);
    for (int i = 3; masked && i < N_PROMPT; i += 5) s.prompt[i] = i % 2 ? JP_SYMBOL_ZERO : JP_SYMBOL_MEAN;
    for (int i = 0; i < N_PROMPT; i++) s.bias[i] = biased ? (float)(-3 * jp_random_unit(&r)) : 0;
    return s;
}

static jp_gradient_request request(const scene *s) {
    return (jp_gradient_request){.symbols = s->prompt,
                                 .n_symbols = N_PROMPT,
                                 .bias = s->bias,
                                 .response = s->response,
                                 .n_response = N_RESPONSE,
                                 .target_first = TARGET_FIRST,
                                 .target_last = TARGET_LAST};
}

static void run(jp_gradient *g, const jp_gradient_request *rq) {
    jopa_error e = {0};
    if (jp_gradient_run(g, rq, &e)) fail_msg("%s", e.message);
}

/* ---- log-probabilities ------------------------------------------------------------------------------------------- */

static void silent(enum ggml_log_level level, const char *text, void *user) { (void)level, (void)text, (void)user; }
static bool no_progress(float fraction, void *user) { return (void)fraction, (void)user, true; }

/* Feed `n` tokens, or rows of numbers when `tokens` is NULL, at `position`; every one gives logits. */
static void feed(struct llama_context *c, const int32_t *tokens, const float *rows, int n, int position) {
    struct llama_batch b = llama_batch_init(n, tokens ? 0 : WIDTH, 1);
    b.n_tokens = n;
    if (tokens) memcpy(b.token, tokens, (size_t)n * sizeof *tokens);
    else memcpy(b.embd, rows, (size_t)n * WIDTH * sizeof *rows);
    for (int i = 0; i < n; i++) {
        b.pos[i] = position + i;
        b.n_seq_id[i] = 1;
        b.seq_id[i][0] = 0;
        b.logits[i] = 1;
    }
    assert_int_equal(llama_decode(c, b), 0);
    llama_batch_free(b);
}

/* Log-probabilities of the targets by libllama, the prompt as tokens or as rows. */
static void libllama_log_probs(struct llama_model *model, const scene *s, const float *rows, float *out) {
    struct llama_context_params p = llama_context_default_params();
    p.n_ctx = p.n_batch = p.n_ubatch = 128;
    p.n_threads = p.n_threads_batch = 2;
    p.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_DISABLED;
    p.type_k = p.type_v = GGML_TYPE_F32;
    struct llama_context *c = llama_init_from_model(model, p);
    assert_non_null(c);
    feed(c, rows ? NULL : s->prompt, rows, N_PROMPT, 0);
    feed(c, s->response, NULL, TARGET_LAST - 1, N_PROMPT);
    int n_vocab = llama_vocab_n_tokens(llama_model_get_vocab(model));
    for (int t = TARGET_FIRST; t < TARGET_LAST; t++) {
        const float *logits = llama_get_logits_ith(c, t - 1);
        double       total = 0;
        for (int v = 0; v < n_vocab; v++) total += exp((double)logits[v]);
        out[t - TARGET_FIRST] = (float)((double)logits[s->response[t]] - log(total));
    }
    llama_free(c);
}

static void compare_log_probs(jp_gradient *g, struct llama_model *model, const scene *s, const float *rows,
                              const char *what) {
    float               ours[N_TARGET], theirs[N_TARGET];
    jp_gradient_request rq = request(s);
    rq.embedding = rows;
    rq.log_probs = ours;
    run(g, &rq);
    libllama_log_probs(model, s, rows, theirs);
    for (int t = 0; t < N_TARGET; t++)
        if (!(fabsf(ours[t] - theirs[t]) < 1e-3f))
            fail_msg("%s: log p of target %d is %g, libllama's %g", what, t, (double)ours[t], (double)theirs[t]);
}

static void test_log_probs_equal_libllama(void **state) {
    (void)state;
    llama_log_set(silent, NULL);
    for (int m = 0; m < N_MODELS; m++) {
        const char               *file = write_model(&MODELS[m], (uint64_t)m);
        struct llama_model_params p = llama_model_default_params();
        p.progress_callback = no_progress;
        struct llama_model *model = llama_model_load_from_file(file, p);
        assert_non_null(model);
        jp_gradient *g = open_model(file, false, NULL);
        float        rows[N_PROMPT * WIDTH];
        jp_random    r;
        jp_random_seed(&r, (uint64_t)m);
        for (int i = 0; i < N_PROMPT * WIDTH; i++)
            rows[i] = (float)(jp_random_unit(&r) - 0.5) * (i / WIDTH % 4 != 0); /* every 4th row is zero */
        scene s = make_scene((uint64_t)m, false, false);
        compare_log_probs(g, model, &s, NULL, MODELS[m].architecture);
        compare_log_probs(g, model, &s, rows, MODELS[m].architecture);
        jp_gradient_free(g);
        llama_model_free(model);
        remove(file);
    }
}

/* ---- gradients against central differences ------------------------------------------------------------------------
 */

static double score(jp_gradient *g, jp_gradient_request rq) {
    float  log_probs[N_TARGET];
    double sum = 0;
    rq.d_bias = rq.d_embedding = NULL;
    rq.log_probs = log_probs;
    run(g, &rq);
    for (int t = 0; t < N_TARGET; t++) sum += (double)log_probs[t];
    return sum;
}

static void check_embedding(jp_gradient *g, const scene *s, const float *rows, uint64_t seed, const char *what) {
    static float        d[N_PROMPT * WIDTH], direction[N_PROMPT * WIDTH], moved[N_PROMPT * WIDTH];
    jp_gradient_request rq = request(s);
    double              slope = 0, f[2];
    jp_random           r;
    rq.embedding = rows;
    rq.d_embedding = d;
    run(g, &rq);
    jp_random_seed(&r, seed);
    for (int i = 0; i < N_PROMPT * WIDTH; i++) { /* half along the gradient, so that the slope is far from zero */
        direction[i] = d[i] + (float)(jp_random_unit(&r) - 0.5) * fabsf(d[i]);
        slope += (double)direction[i] * (double)d[i];
    }
    double step = 0.02 / slope;
    for (int side = 0; side < 2; side++) {
        for (int i = 0; i < N_PROMPT * WIDTH; i++) moved[i] = rows[i] + (float)(side ? step : -step) * direction[i];
        rq.embedding = moved;
        f[side] = score(g, rq);
    }
    double difference = (f[1] - f[0]) / (2 * step);
    if (!(fabs(difference - slope) <= 1e-2 * fabs(slope)))
        fail_msg("%s: slope by embeddings %g, by differences %g", what, slope, difference);
}

static void check_bias(jp_gradient *g, const scene *s, const float *rows, uint64_t seed, const char *what) {
    float               d[N_PROMPT], direction[N_PROMPT], moved[N_PROMPT];
    jp_gradient_request rq = request(s);
    double              slope = 0, f[2];
    jp_random           r;
    rq.embedding = rows;
    rq.d_bias = d;
    run(g, &rq);
    jp_random_seed(&r, seed);
    for (int i = 0; i < N_PROMPT; i++) {
        direction[i] = d[i] + (float)(jp_random_unit(&r) - 0.5) * fabsf(d[i]);
        slope += (double)direction[i] * (double)d[i];
    }
    double step = 0.02 / slope;
    for (int side = 0; side < 2; side++) {
        for (int i = 0; i < N_PROMPT; i++) moved[i] = s->bias[i] + (float)(side ? step : -step) * direction[i];
        rq.bias = moved;
        f[side] = score(g, rq);
    }
    double difference = (f[1] - f[0]) / (2 * step);
    if (!(fabs(difference - slope) <= 1e-2 * fabs(slope)))
        fail_msg("%s: slope by biases %g, by differences %g", what, slope, difference);
}

/* Rows as a model has them: some at random, and at a mask some zero. */
static void make_rows(float *rows, uint64_t seed, bool masked) {
    jp_random r;
    jp_random_seed(&r, seed);
    for (int i = 0; i < N_PROMPT * WIDTH; i++) {
        float x = (float)(jp_random_unit(&r) - 0.5);
        rows[i] = masked && i / WIDTH % 5 == 3 ? 0.1f * x
                                               : x; /* at exactly zero RMSNorm's curve is too sharp for differences */
    }
}

static void test_gradients_equal_differences(void **state) {
    (void)state;
    static float rows[N_PROMPT * WIDTH];
    for (int m = 0; m < N_MODELS; m++)
        for (int exact = 0; exact < 2; exact++) {
            const char  *file = write_model(&MODELS[m], 100 + (uint64_t)m);
            jp_gradient *g = open_model(file, exact, NULL);
            for (int at = 0; at < 3; at++) { /* the full prompt, a mask, nonzero biases */
                scene s = make_scene(7 * (uint64_t)m, false, at == 2);
                char  what[96];
                make_rows(rows, (uint64_t)m, at == 1);
                snprintf(what, sizeof what, "%s (model %d, exact %d, point %d)", MODELS[m].architecture, m, exact, at);
                check_embedding(g, &s, rows, 1, what);
                check_bias(g, &s, rows, 2, what);
            }
            jp_gradient_free(g);
            remove(file);
        }
}

/* ---- the same within small bounds -----------------------------------------------------------------------------------
 */

static double cosine(const float *a, const float *b, int n) {
    double ab = 0, aa = 0, bb = 0;
    for (int i = 0; i < n; i++) {
        ab += (double)a[i] * (double)b[i];
        aa += (double)a[i] * (double)a[i];
        bb += (double)b[i] * (double)b[i];
    }
    return ab / sqrt(aa * bb);
}

/* Gradients and log-probabilities within `limits` equal those without. */
static void compare_limits(const char *file, bool exact, const jp_gradient_limits *limits, double least) {
    static float d[2][N_PROMPT * WIDTH];
    float        bias[2][N_PROMPT], log_probs[2][N_TARGET];
    scene        s = make_scene(3, true, true);
    for (int i = 0; i < 2; i++) {
        jp_gradient        *g = open_model(file, exact, i ? limits : NULL);
        jp_gradient_request rq = request(&s);
        rq.d_embedding = d[i];
        rq.d_bias = bias[i];
        rq.log_probs = log_probs[i];
        run(g, &rq);
        jp_gradient_free(g);
    }
    double embedding_cosine = cosine(d[0], d[1], N_PROMPT * WIDTH), bias_cosine = cosine(bias[0], bias[1], N_PROMPT);
    if (!(embedding_cosine > least) || !(bias_cosine > least))
        fail_msg("%s: cosines %.6f and %.6f", file, embedding_cosine, bias_cosine);
    for (int t = 0; t < N_TARGET; t++) assert_true(fabsf(log_probs[0][t] - log_probs[1][t]) < 0.3f);
}

static void test_small_bounds_change_nothing(void **state) {
    (void)state;
    const jp_gradient_limits recompute = {1 << 30, 1, 1 << 26}, blocks = {1 << 30, 1 << 30, 2000}, all = {1, 1, 2000};
    const enum ggml_type     types[] = {GGML_TYPE_F32, GGML_TYPE_F16, GGML_TYPE_Q8_0};
    for (int m = 0; m < N_MODELS; m++) {
        const char *file = write_model(&MODELS[m], 5);
        compare_limits(file, true, &recompute, 0.999999);
        compare_limits(file, true, &blocks, 0.99999);
        remove(file);
    }
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        tiny_gguf_options o = {.architecture = "llama", .type = types[i], .embedding_type = types[i]};
        const char       *file = write_model(&o, 9);
        compare_limits(file, false, &all, 0.99);
        remove(file);
    }
}

/* ---- attention
 * -------------------------------------------------------------------------------------------------------- */

static void test_attention_rows_are_distributions(void **state) {
    (void)state;
    const char              *file = write_model(&MODELS[0], 1);
    const jp_gradient_limits blocks = {1 << 30, 1 << 30, 2000};
    for (int i = 0; i < 2; i++) {
        jp_gradient         *g = open_model(file, false, i ? &blocks : NULL);
        static float         weights[3 * N_PROMPT * N_PROMPT];
        scene                s = make_scene(1, false, false);
        jopa_error           e = {0};
        jp_attention_request rq = {.symbols = s.prompt, .n = N_PROMPT, .weights = weights};
        memset(weights, 0xff, sizeof weights);
        assert_int_equal(jp_gradient_attention(g, &rq, &e), JP_OK);
        assert_int_equal(rq.n_layer, 3);
        for (int row = 0; row < 3 * N_PROMPT; row++) {
            double sum = 0;
            for (int j = 0; j < N_PROMPT; j++) sum += (double)weights[row * N_PROMPT + j];
            assert_true(fabs(sum - 1) < 1e-5);
            for (int j = row % N_PROMPT + 1; j < N_PROMPT; j++) assert_true(weights[row * N_PROMPT + j] == 0);
        }
        for (int first = 0; first < 3; first++) { /* layers one or two at a time are the same layers */
            static float part[2 * N_PROMPT * N_PROMPT];
            int          wanted = first < 2 ? 2 : 1;
            rq = (jp_attention_request){
                .symbols = s.prompt, .n = N_PROMPT, .weights = part, .first = first, .wanted = wanted};
            assert_int_equal(jp_gradient_attention(g, &rq, &e), JP_OK);
            assert_int_equal(rq.n_layer, wanted);
            for (int j = 0; j < wanted * N_PROMPT * N_PROMPT; j++)
                assert_true(fabs((double)part[j] - (double)weights[first * N_PROMPT * N_PROMPT + j]) < 1e-6);
        }
        jp_gradient_free(g);
    }
    remove(file);
}

/* ---- refusals
 * ----------------------------------------------------------------------------------------------------------- */

static void refused(const tiny_gguf_options *o, const char *word) {
    char         why[256] = "";
    jopa_error   e = {0};
    jp_gradient *g = NULL;
    const char  *file = write_model(o, 1);
    assert_false(jp_gradient_covers(file, why, sizeof why));
    assert_int_equal(jp_gradient_open(&g, file, 1, false, &e), JOPA_ERROR_UNSUPPORTED);
    assert_null(g);
    assert_string_equal(why, e.message);
    if (!strstr(why, word) || strchr(why, '\n')) fail_msg("'%s' does not say '%s'", why, word);
    remove(file);
}

static void test_what_is_not_covered_is_refused(void **state) {
    (void)state;
    refused(&(tiny_gguf_options){.architecture = "gemma"}, "gemma");
    refused(&(tiny_gguf_options){.architecture = "llama", .fused_qkv = true}, "attn_qkv");
    refused(&(tiny_gguf_options){.architecture = "qwen2", .rope_factors = true}, "rope_freqs");
    jopa_error   e = {0};
    jp_gradient *g = NULL;
    assert_int_equal(jp_gradient_open(&g, "no-such-file.gguf", 1, false, &e), JOPA_ERROR_MODEL);
    const char *file = write_model(&MODELS[0], 1);
    assert_true(jp_gradient_covers(file, NULL, 0));
    assert_int_equal(truncate(file, 100000), 0);
    assert_int_equal(jp_gradient_open(&g, file, 1, false, &e), JOPA_ERROR_MODEL);
    remove(file);
}

static void test_impossible_requests_are_refused(void **state) {
    (void)state;
    const char         *file = write_model(&MODELS[0], 1);
    jp_gradient        *g = open_model(file, false, NULL);
    scene               s = make_scene(1, false, false);
    jopa_error          e = {0};
    jp_gradient_request rq = request(&s);
    rq.target_last = N_RESPONSE + 1;
    assert_int_equal(jp_gradient_run(g, &rq, &e), JOPA_ERROR_INPUT);
    rq = request(&s);
    rq.n_symbols = 0;
    assert_int_equal(jp_gradient_run(g, &rq, &e), JOPA_ERROR_INPUT);
    s.prompt[4] = 1 << 20;
    rq = request(&s);
    assert_int_equal(jp_gradient_run(g, &rq, &e), JOPA_ERROR_INPUT);
    jp_gradient_free(g);
    remove(file);
}

/* ---- leaks
 * ---------------------------------------------------------------------------------------------------------------- */

static long resident_pages(void) {
    long  total = 0, resident = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (!f || fscanf(f, "%ld %ld", &total, &resident) != 2) resident = -1;
    if (f) fclose(f);
    return resident;
}

static void test_thousand_gradients_leak_nothing(void **state) {
    (void)state;
    const char  *file = write_model(&(tiny_gguf_options){.n_layer = 1}, 1);
    jp_gradient *g = open_model(file, false, NULL);
    float        d[N_PROMPT * WIDTH], bias[N_PROMPT];
    long         before = 0;
    for (int i = 0; i < 1000; i++) {
        scene               s = make_scene((uint64_t)i, i % 2, true);
        jp_gradient_request rq = request(&s);
        rq.n_symbols = N_PROMPT - i % 7;
        rq.d_embedding = d;
        rq.d_bias = bias;
        run(g, &rq);
        if (i == 200) before = resident_pages();
    }
    assert_true(resident_pages() - before < 256); /* 1 MiB over 800 gradients */
    jp_gradient_free(g);
    remove(file);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_log_probs_equal_libllama),        cmocka_unit_test(test_gradients_equal_differences),
        cmocka_unit_test(test_small_bounds_change_nothing),     cmocka_unit_test(test_attention_rows_are_distributions),
        cmocka_unit_test(test_what_is_not_covered_is_refused),  cmocka_unit_test(test_impossible_requests_are_refused),
        cmocka_unit_test(test_thousand_gradients_leak_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
