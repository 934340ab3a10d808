/* The local engine on tiny random models: the scores of a tree of masked rows against libllama's own logits, one row at
 * a time; operators; generation; the copy in faster weights; refusals. */
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
#include "engine/llama/llama-open.h"
#include "score/scorer.h"
#include "tiny_gguf.h"

enum {
    N_PROMPT = 40,
    LEAD = 5,
    TAIL = 3,
    UNITS = N_PROMPT - LEAD - TAIL,
    N_RESPONSE = 8,
    FIRST = 2,
    LAST = 7,
    WIDTH = LAST - FIRST
};

static const tiny_gguf_options MODELS[] = {
    {.architecture = "llama"},
    {.architecture = "llama", .untied = true, .n_head_kv = 4},
    {.architecture = "qwen2", .untied = true},
    {.architecture = "qwen3", .head_size = 32},
    {.architecture = "smollm3"},
    {.architecture = "granite"},
};
enum { N_MODELS = sizeof MODELS / sizeof *MODELS };

typedef struct {
    char       path[64];
    jp_engine *engine;
    jp_prompt  prompt;
    jp_problem problem;
    int32_t    response[N_RESPONSE];
} scene;

static jp_engine *open_engine(const char *path) {
    jopa_error e = {0};
    jp_engine *engine = NULL;
    if (jp_local_open(&engine, &(jp_engine_options){.file = path, .threads = 1}, &e)) fail_msg("%s", e.message);
    return engine;
}

/* One unit a token; the first and last tokens are the template's. */
static void open_scene(scene *s, const tiny_gguf_options *model, jp_operator op) {
    jp_random r;
    jp_random_seed(&r, 11);
    *s = (scene){0};
    snprintf(s->path, sizeof s->path, "tiny-local-%d.gguf", (int)getpid());
    assert_int_equal(tiny_gguf_write(s->path, model), 0);
    s->engine = open_engine(s->path);
    s->prompt = (jp_prompt){.n_tokens = N_PROMPT, .n_units = UNITS};
    s->prompt.tokens = calloc(N_PROMPT, sizeof *s->prompt.tokens);
    s->prompt.units = calloc(UNITS, sizeof *s->prompt.units);
    for (int i = 0; i < N_PROMPT; i++) {
        int unit = i >= LEAD && i < N_PROMPT - TAIL ? i - LEAD : -1;
        s->prompt.tokens[i] = (jp_token){.id = TINY_BYTE_0 + 32 + jp_random_below(&r, 90), .unit = unit};
        if (unit >= 0) s->prompt.units[unit] = (jp_unit){.first = i, .last = i + 1};
    }
    for (int t = 0; t < N_RESPONSE; t++) s->response[t] = TINY_BYTE_0 + 32 + jp_random_below(&r, 90);
    s->problem = (jp_problem){&s->prompt, op, s->response, N_RESPONSE, FIRST, LAST, {0}};
}

static void close_scene(scene *s) {
    s->engine->ops->destroy(s->engine);
    jp_prompt_free(&s->prompt);
    unlink(s->path);
}

/* ---- libllama by hand ------------------------------------------------------------------------------------------ */

/* log p of the target tokens after `symbols`, with a context, a batch and a softmax of its own. */
static void reference(const scene *s, struct llama_model *model, const int32_t *symbols, int n, double *out) {
    struct llama_context_params p = llama_context_default_params();
    p.n_ctx = 256;
    p.n_threads = p.n_threads_batch = 1;
    p.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_DISABLED;
    p.type_k = p.type_v = GGML_TYPE_F32;
    struct llama_context *context = llama_init_from_model(model, p);
    int                   size = n + LAST - 1, width = llama_model_n_embd_inp(model),
        vocabulary = llama_vocab_n_tokens(llama_model_get_vocab(model));
    struct llama_batch batch = llama_batch_init(size, width, 1);
    int32_t            row[N_PROMPT + N_RESPONSE];
    memcpy(row, symbols, (size_t)n * sizeof *row);
    memcpy(row + n, s->response, (LAST - 1) * sizeof *row);
    assert_int_equal(s->engine->ops->embedding_rows(s->engine, row, size, batch.embd, NULL), JP_OK);
    batch.n_tokens = size;
    for (int i = 0; i < size; i++) {
        batch.pos[i] = i;
        batch.n_seq_id[i] = 1;
        batch.seq_id[i][0] = 0;
        batch.logits[i] = true;
    }
    assert_int_equal(llama_decode(context, batch), 0);
    for (int t = FIRST; t < LAST; t++) {
        const float *logits = llama_get_logits_ith(context, n - 1 + t);
        double       total = 0;
        for (int i = 0; i < vocabulary; i++) total += exp((double)logits[i] - (double)logits[0]);
        out[t - FIRST] = (double)logits[s->response[t]] - (double)logits[0] - log(total);
    }
    llama_batch_free(batch);
    llama_free(context);
}

static jp_bitset *random_masks(int n, uint64_t seed) {
    jp_bitset *masks = jp_bitset_array_new(n, UNITS);
    jp_random  r;
    jp_random_seed(&r, seed);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < 4; j++) jp_bitset_add(masks + i, jp_random_below(&r, UNITS));
    return masks;
}

/* Batches of masks, planned as trees over kept prompts, against one fresh context a mask. */
static void check_operator(const tiny_gguf_options *model, jp_operator op) {
    enum { MASKS = 37 };
    scene s;
    open_scene(&s, model, op);
    struct llama_model *llama = llama_model_load_from_file(s.path, llama_model_default_params());
    jp_bitset          *masks = random_masks(MASKS, 3);
    float               scored[MASKS * WIDTH];
    jp_scorer          *scorer = NULL;
    jp_cost             cost;
    assert_int_equal(jp_scorer_new(&scorer, s.engine, &s.problem, &(jp_limits){.k = UNITS}, NULL), JP_OK);
    for (int at = 0; at < MASKS; at += 5) /* later batches begin with prompts of earlier ones */
        assert_int_equal(
            jp_scorer_log_probs(scorer, masks + at, MASKS - at < 5 ? MASKS - at : 5, scored + at * WIDTH, NULL), JP_OK);
    for (int i = 0; i < MASKS; i++) {
        int32_t symbols[N_PROMPT];
        double  expected[WIDTH];
        int     n = jp_mask_symbols(&s.prompt, &op, masks + i, symbols);
        reference(&s, llama, symbols, n, expected);
        for (int t = 0; t < WIDTH; t++)
            if (!(fabs((double)scored[i * WIDTH + t] - expected[t]) < 1e-3))
                fail_msg("%s, operator %d, mask %d, token %d: %f, libllama says %f", model->architecture, op.kind, i, t,
                         (double)scored[i * WIDTH + t], expected[t]);
    }
    jp_scorer_cost(scorer, &cost);
    assert_true(cost.decoded_tokens < cost.naive_tokens);
    jp_scorer_free(scorer);
    jp_bitset_array_free(masks);
    llama_model_free(llama);
    close_scene(&s);
}

static void test_scores_are_libllamas(void **state) {
    (void)state;
    for (int i = 0; i < N_MODELS; i++) {
        check_operator(MODELS + i, (jp_operator){JP_OPERATOR_ZERO, 0});
        check_operator(MODELS + i, (jp_operator){JP_OPERATOR_DELETE, 0});
    }
    check_operator(MODELS, (jp_operator){JP_OPERATOR_MEAN, 0});
    check_operator(MODELS, (jp_operator){JP_OPERATOR_TOKEN, TINY_BYTE_0 + 'x'});
}

/* The same sets asked for one by one and all at once. */
static void test_batches_do_not_change_scores(void **state) {
    (void)state;
    enum { MASKS = 24 };
    scene s;
    open_scene(&s, MODELS, (jp_operator){JP_OPERATOR_ZERO, 0});
    jp_bitset *masks = random_masks(MASKS, 8);
    double     together[MASKS], alone;
    for (int round = 0; round < 2; round++) {
        jp_scorer *scorer = NULL;
        assert_int_equal(jp_scorer_new(&scorer, s.engine, &s.problem, &(jp_limits){.k = UNITS}, NULL), JP_OK);
        if (round == 0) assert_int_equal(jp_scorer_drops(scorer, masks, MASKS, together, NULL), JP_OK);
        for (int i = 0; round == 1 && i < MASKS; i++) {
            assert_int_equal(jp_scorer_drops(scorer, masks + i, 1, &alone, NULL), JP_OK);
            assert_true(fabs(alone - together[i]) <= 1e-3 * fabs(jp_scorer_full(scorer)));
        }
        jp_scorer_free(scorer);
    }
    jp_bitset_array_free(masks);
    close_scene(&s);
}

/* Two scorers on one engine by turns: the engine must not mistake one's kept prompts for the other's. */
static void test_kept_prompts_are_not_mixed_up(void **state) {
    (void)state;
    scene s;
    open_scene(&s, MODELS, (jp_operator){JP_OPERATOR_ZERO, 0});
    jp_prompt other = s.prompt;
    other.tokens = malloc(N_PROMPT * sizeof *other.tokens);
    memcpy(other.tokens, s.prompt.tokens, N_PROMPT * sizeof *other.tokens);
    other.tokens[LEAD + 1].id = TINY_BYTE_0 + '!';
    jp_problem second = s.problem;
    second.prompt = &other;
    jp_scorer *a = NULL, *b = NULL;
    jp_bitset *masks = random_masks(6, 4);
    double     before[6], after[6], others;
    assert_int_equal(jp_scorer_new(&a, s.engine, &s.problem, &(jp_limits){.k = UNITS}, NULL), JP_OK);
    assert_int_equal(jp_scorer_drops(a, masks, 6, before, NULL), JP_OK);
    jp_scorer_free(a);
    assert_int_equal(jp_scorer_new(&a, s.engine, &s.problem, &(jp_limits){.k = UNITS}, NULL), JP_OK);
    assert_int_equal(jp_scorer_new(&b, s.engine, &second, &(jp_limits){.k = UNITS}, NULL), JP_OK);
    for (int i = 0; i < 6; i++) {
        assert_int_equal(jp_scorer_drops(a, masks + i, 1, after + i, NULL), JP_OK);
        assert_int_equal(jp_scorer_drops(b, masks + i, 1, &others, NULL), JP_OK);
    }
    for (int i = 0; i < 6; i++) assert_true(fabs(before[i] - after[i]) < 1e-3);
    jp_scorer_free(a);
    jp_scorer_free(b);
    jp_bitset_array_free(masks);
    free(other.tokens);
    close_scene(&s);
}

/* ---- knockouts ------------------------------------------------------------------------------------------------------
 */

enum { KNOCKOUT_TAIL = N_PROMPT - 6 };

/* The target's log-probabilities by libllama's own calls: the prompt in sequence 0, a copy without the hidden cells
 * in 1. */
static void knockout_reference(const scene *s, struct llama_model *model, const jp_bitset *mask, double *out) {
    struct llama_context_params p = llama_context_default_params();
    p.n_ctx = 512;
    p.n_seq_max = 2;
    p.kv_unified = true;
    p.n_threads = p.n_threads_batch = 1;
    p.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_DISABLED;
    p.type_k = p.type_v = GGML_TYPE_F32;
    struct llama_context *context = llama_init_from_model(model, p);
    llama_memory_t        memory = llama_get_memory(context);
    struct llama_batch    batch = llama_batch_init(N_PROMPT + N_RESPONSE, 0, 1);
    int                   vocabulary = llama_vocab_n_tokens(llama_model_get_vocab(model)), tail = KNOCKOUT_TAIL;
    for (int round = 0; round < 2; round++) {
        int from = round ? tail : 0, to = round ? N_PROMPT + LAST - 1 : N_PROMPT;
        batch.n_tokens = to - from;
        for (int i = from; i < to; i++) {
            batch.token[i - from] = i < N_PROMPT ? s->prompt.tokens[i].id : s->response[i - N_PROMPT];
            batch.pos[i - from] = i;
            batch.n_seq_id[i - from] = 1;
            batch.seq_id[i - from][0] = round;
            batch.logits[i - from] = true;
        }
        assert_int_equal(llama_decode(context, batch), 0);
        if (round) continue;
        llama_memory_seq_cp(memory, 0, 1, 0, tail);
        for (int i = 0; i < tail - 1; i++)
            if (s->prompt.tokens[i].unit >= 0 && jp_bitset_has(mask, s->prompt.tokens[i].unit))
                llama_memory_seq_rm(memory, 1, i, i + 1);
    }
    for (int t = FIRST; t < LAST; t++) {
        const float *logits = llama_get_logits_ith(context, N_PROMPT - 1 + t - tail);
        double       total = 0;
        for (int i = 0; i < vocabulary; i++) total += exp((double)logits[i] - (double)logits[0]);
        out[t - FIRST] = (double)logits[s->response[t]] - (double)logits[0] - log(total);
    }
    llama_batch_free(batch);
    llama_free(context);
}

/* Many knockouts in one batch; units of the tail are hidden as masks hide them. */
static void test_knockouts_are_libllamas(void **state) {
    enum { MASKS = 12 };
    (void)state;
    for (int m = 0; m < N_MODELS; m++) {
        scene s;
        open_scene(&s, MODELS + m, (jp_operator){JP_OPERATOR_ZERO, 0});
        struct llama_model *llama = llama_model_load_from_file(s.path, llama_model_default_params());
        jp_bitset          *masks = random_masks(MASKS, 5);
        jp_scorer          *scorer = NULL, *knockouts = NULL;
        jp_cost             cost;
        double              drops[MASKS], full = 0, truth;
        for (int i = 0; i < MASKS; i++)
            for (int u = KNOCKOUT_TAIL - LEAD - 1; u < UNITS; u++) jp_bitset_remove(masks + i, u);
        jp_bitset_add(masks + MASKS - 1, UNITS - 1);
        assert_int_equal(jp_scorer_new(&scorer, s.engine, &s.problem, &(jp_limits){.k = UNITS}, NULL), JP_OK);
        assert_int_equal(jp_scorer_again(&knockouts, scorer, &s.problem, &(jp_limits){.k = UNITS}, KNOCKOUT_TAIL, NULL),
                         JP_OK);
        assert_int_equal(jp_scorer_drops(knockouts, masks, MASKS, drops, NULL), JP_OK);
        full = jp_scorer_full(scorer);
        for (int i = 0; i < MASKS - 1; i++) {
            double expected[WIDTH], sum = 0;
            knockout_reference(&s, llama, masks + i, expected);
            for (int t = 0; t < WIDTH; t++) sum += expected[t];
            assert_true(fabs(full - drops[i] - sum) < 2e-3);
        }
        for (int i = 0; i < MASKS - 1; i++) jp_bitset_clear(masks + i);
        jp_bitset_clear(masks + MASKS - 1);
        jp_bitset_add(masks + MASKS - 1, UNITS - 1);
        assert_int_equal(jp_scorer_drops(knockouts, masks + MASKS - 1, 1, drops, NULL), JP_OK);
        assert_int_equal(jp_scorer_drops(scorer, masks + MASKS - 1, 1, &truth, NULL), JP_OK);
        assert_true(fabs(truth - drops[0]) < 2e-3);
        jp_scorer_cost(knockouts, &cost);
        assert_int_equal(cost.decoded_tokens, (MASKS + 1) * (N_PROMPT - KNOCKOUT_TAIL + LAST - 1));
        jp_scorer_free(knockouts);
        jp_scorer_free(scorer);
        jp_bitset_array_free(masks);
        llama_model_free(llama);
        close_scene(&s);
    }
}

/* Greedy generation: each token is the most likely one given those before it. */
static void test_generation_is_greedy(void **state) {
    (void)state;
    scene s;
    open_scene(&s, MODELS, (jp_operator){JP_OPERATOR_ZERO, 0});
    int32_t symbols[N_PROMPT], out[6];
    int     vocabulary = s.engine->ops->n_vocab(s.engine);
    jp_mask_symbols(&s.prompt, &s.problem.op, NULL, symbols);
    jopa_generate_request written = {
        .size = sizeof written, .symbols = symbols, .n_symbols = N_PROMPT, .max = 6, .out = out};
    assert_int_equal(s.engine->ops->generate(s.engine, &written, NULL), JP_OK);
    int n = written.n;
    assert_in_range(n, 1, 6);
    float            *next = malloc((size_t)n * (size_t)vocabulary * sizeof *next);
    jopa_next_request rq = {
        .size = sizeof rq, .symbols = symbols, .n_symbols = N_PROMPT, .response = out, .n_response = n, .out = next};
    assert_int_equal(s.engine->ops->next(s.engine, &rq, NULL), JP_OK);
    for (int t = 0; t < n; t++) {
        double total = 0;
        for (int i = 0; i < vocabulary; i++) {
            const float *row = next + (size_t)t * (size_t)vocabulary;
            assert_true(row[i] <= row[out[t]] + 1e-3f);
            total += exp((double)row[i]);
        }
        assert_true(fabs(total - 1) < 1e-4);
    }
    free(next);
    close_scene(&s);
}

/* A quantized file is scored in F16 or BF16 copies: the same log-probabilities as with the file dequantized. */
static void test_faster_weights_score_the_same(void **state) {
    (void)state;
    scene             s;
    tiny_gguf_options quantized = {.architecture = "llama", .type = GGML_TYPE_Q8_0, .embedding_type = GGML_TYPE_Q8_0};
    open_scene(&s, &quantized, (jp_operator){JP_OPERATOR_ZERO, 0});
    jp_model_info info;
    s.engine->ops->model_info(s.engine, &info);
    assert_true(!strcmp(info.weights, "F16") || !strcmp(info.weights, "BF16"));
    struct llama_model *llama = llama_model_load_from_file(s.path, llama_model_default_params());
    jp_scorer          *scorer = NULL;
    assert_int_equal(jp_scorer_new(&scorer, s.engine, &s.problem, &(jp_limits){.k = UNITS}, NULL), JP_OK);
    int32_t symbols[N_PROMPT];
    double  expected[WIDTH], f = 0;
    int     n = jp_mask_symbols(&s.prompt, &s.problem.op, NULL, symbols);
    reference(&s, llama, symbols, n, expected);
    for (int t = 0; t < WIDTH; t++) f += expected[t];
    assert_true(fabs(f - jp_scorer_full(scorer)) < 5e-3 * fabs(f)); /* libllama rounds activations to 8 bits */
    jp_scorer_free(scorer);
    llama_model_free(llama);
    close_scene(&s);
}

static void check_refused(const char *path, int code, const char *word) {
    jopa_error e = {0};
    jp_engine *engine = NULL;
    assert_int_equal(jp_local_open(&engine, &(jp_engine_options){.file = path, .threads = 1}, &e), code);
    assert_null(engine);
    assert_non_null(strstr(e.message, word));
    assert_null(strchr(e.message, '\n'));
}

static void test_refusals(void **state) {
    (void)state;
    char path[64];
    snprintf(path, sizeof path, "tiny-refused-%d.gguf", (int)getpid());
    check_refused("no-such-file.gguf", JOPA_ERROR_IO, "no such file");
    FILE *f = fopen(path, "wb");
    fputs("this is text", f);
    fclose(f);
    check_refused(path, JOPA_ERROR_MODEL, "not a GGUF");
    assert_int_equal(tiny_gguf_write(path, NULL), 0);
    assert_int_equal(truncate(path, 60000), 0);
    check_refused(path, JOPA_ERROR_MODEL, "truncated");
    unlink(path);
}

static void test_context_limit_is_named(void **state) {
    (void)state;
    scene s;
    open_scene(&s, &(tiny_gguf_options){.context = 64}, (jp_operator){JP_OPERATOR_ZERO, 0});
    jopa_error e = {0};
    assert_int_equal(s.engine->ops->reserve(s.engine, 65, NULL, &e), JOPA_ERROR_INPUT);
    assert_non_null(strstr(e.message, "64"));
    assert_int_equal(s.engine->ops->reserve(s.engine, 64, NULL, &e), JP_OK);
    close_scene(&s);
}

static void test_embedding_has_length_one(void **state) {
    (void)state;
    scene s;
    open_scene(&s, MODELS, (jp_operator){JP_OPERATOR_ZERO, 0});
    float *a = NULL, *b = NULL;
    int    n = 0, m = 0, left_out = -1;
    assert_int_equal(s.engine->ops->embed(s.engine, "a doctor", NULL, &a, &n, &left_out, NULL), JP_OK);
    assert_int_equal(left_out, 0);
    assert_int_equal(s.engine->ops->embed(s.engine, "a patient", NULL, &b, &m, &left_out, NULL), JP_OK);
    double aa = 0, ab = 0;
    for (int i = 0; i < n; i++) {
        aa += (double)a[i] * (double)a[i];
        ab += (double)a[i] * (double)b[i];
    }
    assert_true(n == m && fabs(aa - 1) < 1e-4 && ab < 1 - 1e-6);
    free(a);
    free(b);
    close_scene(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scores_are_libllamas),
        cmocka_unit_test(test_batches_do_not_change_scores),
        cmocka_unit_test(test_kept_prompts_are_not_mixed_up),
        cmocka_unit_test(test_knockouts_are_libllamas),
        cmocka_unit_test(test_generation_is_greedy),
        cmocka_unit_test(test_faster_weights_score_the_same),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_context_limit_is_named),
        cmocka_unit_test(test_embedding_has_length_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
