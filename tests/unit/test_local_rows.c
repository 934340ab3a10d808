/* Rows of the local engine together and alone, empty prompts, and embeddings that are not what their tokens
 * are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka.h needs the four above
#include <cmocka.h>

#include <gguf.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/random.h"
#include "engine/llama/llama-open.h"
#include "engine/threads.h"
#include "score/scorer.h"
#include "tiny_gguf.h"

static char path[64];

static jp_engine *open_engine(const tiny_gguf_options *model) {
    jopa_error e = {0};
    jp_engine *engine = NULL;
    snprintf(path, sizeof path, "tiny-rows-%d.gguf", (int)getpid());
    if (model) assert_int_equal(tiny_gguf_write(path, model), 0);
    if (jp_local_open(&engine, &(jp_engine_options){.file = path, .threads = 1}, &e)) fail_msg("%s", e.message);
    return engine;
}

static void close_engine(jp_engine *engine) {
    engine->ops->destroy(engine);
    unlink(path);
}

/* ---- together and alone --------------------------------------------------------------------------------------- */

enum { ROWS = 24, LONGEST = 9, RESPONSE = 3 };

typedef struct {
    int32_t        symbols[ROWS][LONGEST], response[RESPONSE];
    const int32_t *prompt[ROWS];
    int            size[ROWS], first, last;
    float          log_probs[ROWS * RESPONSE];
} rows;

/* Over three letters, so that rows repeat and begin each other, and go on as the response does; symbols below 0 where
 * `embedded`. Some are empty. */
static void draw_rows(rows *r, jp_random *random, bool embedded) {
    const int32_t alphabet[] = {TINY_BYTE_0 + 'a', TINY_BYTE_0 + 'b', TINY_BYTE_0 + 'c', JOPA_SYMBOL_ZERO,
                                JOPA_SYMBOL_MEAN};
    for (int i = 0; i < ROWS; i++) {
        r->size[i] = jp_random_below(random, LONGEST + 1);
        r->prompt[i] = r->symbols[i];
        for (int j = 0; j < r->size[i]; j++) r->symbols[i][j] = alphabet[jp_random_below(random, embedded ? 5 : 3)];
    }
    for (int t = 0; t < RESPONSE; t++) r->response[t] = alphabet[jp_random_below(random, 3)];
    r->first = jp_random_below(random, RESPONSE);
    r->last = r->first + 1 + jp_random_below(random, RESPONSE - r->first);
}

static jopa_score_request request(rows *r, int row, int n) {
    return (jopa_score_request){.size = sizeof(jopa_score_request),
                                .n_rows = n,
                                .prompt = r->prompt + row,
                                .n_prompt = r->size + row,
                                .response = r->response,
                                .n_response = RESPONSE,
                                .first = r->first,
                                .last = r->last,
                                .log_probs = r->log_probs};
}

static void score(jp_engine *engine, jopa_score_request *rq) {
    jopa_error e = {0};
    int        status = engine->ops->score(engine, rq, &e);
    if (status) fail_msg("%s", e.message);
}

static void check_together(jp_engine *engine, jp_engine *other, rows *r, unsigned flags) {
    rows               alone = *r;
    jopa_score_request all = request(r, 0, ROWS);
    int                width = r->last - r->first;
    all.flags = flags;
    for (int i = 0; i < ROWS * RESPONSE; i++) r->log_probs[i] = NAN;
    score(engine, &all);
    for (int i = 0; i < ROWS; i++) {
        jopa_score_request one = request(&alone, i, 1);
        one.prompt = r->prompt + i;
        one.flags = JOPA_SCORE_BEGIN;
        score(other, &one);
        for (int t = 0; t < width; t++)
            if (!(fabsf(r->log_probs[i * width + t] - alone.log_probs[t]) < 2e-3f))
                fail_msg("row %d of %d symbols, token %d: %f together, %f alone", i, r->size[i], t,
                         (double)r->log_probs[i * width + t], (double)alone.log_probs[t]);
    }
}

/* Calls that follow each other begin with prompts of earlier ones. */
static void test_rows_together_are_rows_alone(void **state) {
    const tiny_gguf_options models[] = {{.architecture = "llama"}, {.architecture = "qwen2", .untied = true}};
    (void)state;
    for (int m = 0; m < 2; m++) {
        jp_engine *engine = open_engine(models + m), *other = open_engine(NULL);
        jp_random  random;
        jp_random_seed(&random, 5);
        for (int round = 0; round < 30; round++) {
            rows r;
            draw_rows(&r, &random, round % 3 == 2);
            check_together(engine, other, &r, round % 5 == 4 ? JOPA_SCORE_BEGIN : 0);
        }
        other->ops->destroy(other);
        close_engine(engine);
    }
}

/* ---- the scorer on raw prompts -------------------------------------------------------------------------------- */

enum { TOKENS = 7 };

static void draw_prompt(jp_prompt *p, jp_random *random) {
    *p = (jp_prompt){.n_tokens = TOKENS};
    p->tokens = calloc(TOKENS, sizeof *p->tokens);
    p->units = calloc(TOKENS, sizeof *p->units);
    for (int i = 0; i < TOKENS; i++) { /* units of one token or more; all may be hidden */
        bool begins = i == 0 || jp_random_below(random, 3);
        if (begins) p->units[p->n_units++] = (jp_unit){.first = i};
        p->units[p->n_units - 1].last = i + 1;
        p->tokens[i] = (jp_token){.id = TINY_BYTE_0 + 'a' + jp_random_below(random, 3), .unit = p->n_units - 1};
    }
}

/* Every set of units of one call of the scorer, against a scorer that is asked for that one alone. */
static void check_sets(jp_engine *engine, const jp_problem *problem) {
    int        n = 1 << problem->prompt->n_units;
    jp_bitset *masks = jp_bitset_array_new(n, problem->prompt->n_units);
    double    *drops = malloc((size_t)n * sizeof *drops), alone;
    jp_scorer *s = NULL;
    for (int i = 0; i < n; i++)
        for (int u = 0; u < problem->prompt->n_units; u++)
            if (i >> u & 1) jp_bitset_add(masks + i, u);
    assert_int_equal(jp_scorer_new(&s, engine, problem, &(jp_limits){.k = TOKENS}, NULL), JP_OK);
    assert_int_equal(jp_scorer_drops(s, masks, n, drops, NULL), JP_OK);
    jp_scorer_free(s);
    for (int i = 0; i < n; i += 1 + i / 8) {
        assert_int_equal(jp_scorer_new(&s, engine, problem, &(jp_limits){.k = TOKENS}, NULL), JP_OK);
        assert_int_equal(jp_scorer_drops(s, masks + i, 1, &alone, NULL), JP_OK);
        assert_true(isfinite(drops[i]) && fabs(drops[i] - alone) < 5e-3);
        jp_scorer_free(s);
    }
    free(drops);
    jp_bitset_array_free(masks);
}

static void test_raw_prompts_of_every_kind(void **state) {
    const jp_operator operators[] = {
        {JP_OPERATOR_DELETE, 0}, {JP_OPERATOR_TOKEN, TINY_BYTE_0 + 'a'}, {JP_OPERATOR_ZERO, 0}};
    const int32_t response[] = {TINY_BYTE_0 + 'b', TINY_BYTE_0 + 'a'};
    jp_engine    *engine = open_engine(&(tiny_gguf_options){.no_bos = true});
    jp_random     random;
    (void)state;
    jp_random_seed(&random, 3);
    for (int round = 0; round < 6; round++) {
        jp_prompt prompt;
        draw_prompt(&prompt, &random);
        for (int o = 0; o < 3; o++) check_sets(engine, &(jp_problem){&prompt, operators[o], response, 2, 0, 2, {0}});
        free(prompt.tokens);
        free(prompt.units);
    }
    close_engine(engine);
}

/* ---- nothing is left of the prompt ---------------------------------------------------------------------------- */

typedef struct {
    jp_engine     *engine;
    const int32_t *symbols;
    int            n;
    float          scored[2], next[2], gradient[2]; /* log-probabilities of the response, by each function */
    int32_t        written[4];
    int            n_written;
} answers;

static const int32_t SAID[] = {TINY_BYTE_0 + 'b', TINY_BYTE_0 + 'a'};

static void ask_scores(answers *a) {
    jopa_score_request rq = {.size = sizeof rq,
                             .n_rows = 1,
                             .prompt = &a->symbols,
                             .n_prompt = &a->n,
                             .response = SAID,
                             .n_response = 2,
                             .last = 2,
                             .log_probs = a->scored};
    score(a->engine, &rq);
    jopa_gradient_request d = {.size = sizeof d,
                               .symbols = a->symbols,
                               .n_symbols = a->n,
                               .response = SAID,
                               .n_response = 2,
                               .target_last = 2,
                               .log_probs = a->gradient};
    assert_int_equal(a->engine->ops->gradient(a->engine, &d, NULL), JP_OK);
}

static void ask_next(answers *a) {
    int               vocabulary = a->engine->ops->n_vocab(a->engine);
    float            *all = malloc(2 * (size_t)vocabulary * sizeof *all);
    jopa_next_request rq = {
        .size = sizeof rq, .symbols = a->symbols, .n_symbols = a->n, .response = SAID, .n_response = 2, .out = all};
    assert_int_equal(a->engine->ops->next(a->engine, &rq, NULL), JP_OK);
    for (int t = 0; t < 2; t++) a->next[t] = all[t * vocabulary + SAID[t]];
    free(all);
    jopa_generate_request g = {.size = sizeof g, .symbols = a->symbols, .n_symbols = a->n, .max = 4, .out = a->written};
    assert_int_equal(a->engine->ops->generate(a->engine, &g, NULL), JP_OK);
    a->n_written = g.n;
}

/* It is what comes after the token that begins a text: by every function the same. */
static void test_empty_prompts_begin_a_text(void **state) {
    const int32_t begin = TINY_BOS;
    jp_engine    *engine = open_engine(&(tiny_gguf_options){.no_bos = true});
    answers       empty = {.engine = engine}, begun = {.engine = engine, .symbols = &begin, .n = 1};
    (void)state;
    ask_scores(&empty);
    ask_scores(&begun);
    ask_next(&empty);
    ask_next(&begun);
    for (int t = 0; t < 2; t++) {
        assert_true(fabsf(empty.scored[t] - begun.scored[t]) < 1e-5f);
        assert_true(fabsf(empty.gradient[t] - begun.scored[t]) < 2e-3f);
        assert_true(fabsf(empty.next[t] - begun.scored[t]) < 1e-4f);
    }
    assert_int_equal(empty.n_written, begun.n_written);
    assert_memory_equal(empty.written, begun.written, (size_t)begun.n_written * sizeof *begun.written);
    close_engine(engine);
}

/* A tail of which nothing is left, of a knockout. */
static void test_knockouts_without_a_tail(void **state) {
    const int32_t  prompt[] = {TINY_BYTE_0 + 'a', TINY_BYTE_0 + 'b', TINY_BYTE_0 + 'c'}, response = TINY_BYTE_0 + 'd';
    const int32_t *none = prompt, *whole = prompt;
    const int     *hidden = &(int){0};
    float          shown, truth;
    jp_engine     *engine = open_engine(&(tiny_gguf_options){.no_bos = true});
    (void)state;
    jopa_knockout_request rq = {.size = sizeof rq,
                                .prompt = prompt,
                                .n_prompt = 3,
                                .tail = 2,
                                .n_rows = 1,
                                .row_tail = &none,
                                .n_row_tail = &(int){0},
                                .hidden = &hidden,
                                .n_hidden = &(int){0},
                                .response = &response,
                                .n_response = 1,
                                .last = 1,
                                .log_probs = &shown};
    assert_int_equal(engine->ops->knockout(engine, &rq, NULL), JP_OK);
    jopa_score_request plain = {.size = sizeof plain,
                                .n_rows = 1,
                                .prompt = &whole,
                                .n_prompt = &(int){2},
                                .response = &response,
                                .n_response = 1,
                                .last = 1,
                                .log_probs = &truth};
    score(engine, &plain);
    assert_true(fabsf(shown - truth) < 2e-3f);
    close_engine(engine);
}

/* ---- embeddings that are not what their tokens are ------------------------------------------------------------ */

static int score_one(jp_engine *engine, int32_t symbol, jopa_error *e) {
    const int32_t prompt[] = {TINY_BYTE_0 + 'a', symbol, TINY_BYTE_0 + 'b', TINY_BYTE_0 + 'c'},
                  response = TINY_BYTE_0 + 'd', *rows_of[] = {prompt};
    float              log_prob;
    jopa_score_request rq = {.size = sizeof rq,
                             .n_rows = 1,
                             .prompt = rows_of,
                             .n_prompt = &(int){4},
                             .response = &response,
                             .n_response = 1,
                             .last = 1,
                             .log_probs = &log_prob};
    return engine->ops->score(engine, &rq, e);
}

/* The file's table is read when it is first needed: in the place of a model whose embeddings the rows are not, another
 * file. */
static void test_rows_that_are_not_their_tokens_are_refused(void **state) {
    jp_engine *engine = open_engine(&(tiny_gguf_options){.seed = 1});
    jopa_error e = {0};
    (void)state;
    unlink(path);
    assert_int_equal(tiny_gguf_write(path, &(tiny_gguf_options){.seed = 2}), 0);
    assert_int_equal(score_one(engine, TINY_BYTE_0 + 'x', &e), JP_OK);
    assert_true(engine->ops->capabilities(engine) & JOPA_CAN_EMBEDDINGS);
    assert_int_equal(score_one(engine, JOPA_SYMBOL_ZERO, &e), JOPA_ERROR_UNSUPPORTED);
    assert_non_null(strstr(e.message, "delete"));
    assert_null(strchr(e.message, '\n'));
    assert_false(engine->ops->capabilities(engine) & JOPA_CAN_EMBEDDINGS);
    assert_int_equal(score_one(engine, TINY_BYTE_0 + 'x', &e), JP_OK);
    close_engine(engine);
}

/* Another file in the model's place, whose embeddings are the model's by `factor`. */
static void scale_embeddings(float factor) {
    struct gguf_context *gguf = gguf_init_from_file(path, (struct gguf_init_params){.no_alloc = true});
    int64_t              tensor = gguf_find_tensor(gguf, "token_embd.weight");
    size_t               at = gguf_get_data_offset(gguf) + gguf_get_tensor_offset(gguf, tensor), size;
    size_t               n = gguf_get_tensor_size(gguf, tensor) / sizeof(float);
    gguf_free(gguf);
    FILE *f = fopen(path, "rb");
    fseek(f, 0, SEEK_END);
    size = (size_t)ftell(f);
    rewind(f);
    char *bytes = malloc(size);
    assert_int_equal(fread(bytes, 1, size, f), size);
    fclose(f);
    unlink(path);
    for (size_t i = 0; i < n; i++) {
        float value;
        memcpy(&value, bytes + at + i * sizeof value, sizeof value);
        value *= factor;
        memcpy(bytes + at + i * sizeof value, &value, sizeof value);
    }
    f = fopen(path, "wb");
    assert_int_equal(fwrite(bytes, 1, size, f), size);
    fclose(f);
    free(bytes);
}

static int note_cost(void *user, const int *rows_done, int n, const jopa_engine_cost *so_far) {
    (void)rows_done, (void)n;
    *(int64_t *)user = so_far->decoded_tokens;
    return 0;
}

/* As the scorer does: the whole prompt first, then it with a token zeroed, in a batch of its own. */
static int score_masked(jp_engine *engine, float *log_prob, int64_t *decoded) {
    const int32_t whole[] = {TINY_BYTE_0 + 'a', TINY_BYTE_0 + 'b', TINY_BYTE_0 + 'c', TINY_BYTE_0 + 'd'},
                  masked[] = {TINY_BYTE_0 + 'a', JOPA_SYMBOL_ZERO, TINY_BYTE_0 + 'c', TINY_BYTE_0 + 'd'},
                  response = TINY_BYTE_0 + 'e', *prompts[] = {whole, masked};
    int status = JP_OK;
    for (int i = 0; i < 2 && !status; i++) {
        jopa_score_request rq = {.size = sizeof rq,
                                 .flags = i == 0 ? JOPA_SCORE_BEGIN : 0,
                                 .n_rows = 1,
                                 .prompt = prompts + i,
                                 .n_prompt = &(int){4},
                                 .response = &response,
                                 .n_response = 1,
                                 .last = 1,
                                 .log_probs = log_prob,
                                 .whole = whole,
                                 .n_whole = 4,
                                 .done = note_cost,
                                 .user = decoded};
        status = engine->ops->score(engine, &rq, NULL);
    }
    return status;
}

/* As in families that scale the embeddings of tokens, but not the rows that they are given (Gemma 3). */
static void test_rows_are_scaled_as_the_model_scales_tokens(void **state) {
    enum { WIDTH = 64 };
    (void)state;
    for (int scaled = 0; scaled < 3; scaled++) {
        const int32_t symbols[] = {TINY_BYTE_0 + 'a', TINY_BYTE_0 + 'b', JOPA_SYMBOL_MEAN};
        float         as_is[3 * WIDTH], rows_of[3 * WIDTH], masked, same;
        int64_t       decoded;
        jp_engine    *engine = open_engine(&(tiny_gguf_options){.n_embd = WIDTH});
        assert_int_equal(score_masked(engine, &masked, &decoded), JP_OK);
        assert_int_equal(decoded, 3); /* what is found out on the way costs nothing */
        assert_int_equal(engine->ops->embedding_rows(engine, symbols, 3, as_is, NULL), JP_OK);
        close_engine(engine);
        engine = open_engine(&(tiny_gguf_options){.n_embd = WIDTH});
        scale_embeddings(scaled == 0 ? 1 : scaled == 1 ? 1 / sqrtf(WIDTH) : 0.5f);
        int status = score_masked(engine, &same, &decoded);
        assert_int_equal(status, scaled == 2 ? JOPA_ERROR_UNSUPPORTED : JP_OK); /* no scale that is known */
        if (!status) assert_true(fabsf(same - masked) < 1e-4f && decoded == 3);
        assert_int_equal(engine->ops->embedding_rows(engine, symbols, 3, rows_of, NULL), status);
        for (int i = 0; i < 3 * WIDTH && !status; i++) assert_true(fabsf(rows_of[i] - as_is[i]) < 1e-5f);
        close_engine(engine);
    }
}

/* ---- texts that are too long to be embedded ------------------------------------------------------------------- */

static void test_embedding_says_what_it_leaves_out(void **state) {
    jp_engine *engine = open_engine(&(tiny_gguf_options){.no_bos = true});
    char       text[701] = "";
    float     *vector = NULL;
    int        n = 0, left_out = 0, tokens = 0;
    int32_t   *ids = NULL;
    (void)state;
    for (int i = 0; i < 700; i++) text[i] = (char)('!' + i % 9);
    assert_int_equal(engine->ops->tokenize(engine, text, 700, true, &ids, &tokens, NULL), JP_OK);
    assert_int_equal(engine->ops->embed(engine, text, NULL, &vector, &n, &left_out, NULL), JP_OK);
    assert_true(tokens > 512);
    assert_int_equal(left_out, tokens - 512);
    free(ids);
    free(vector);
    close_engine(engine);
}

static void test_threads_are_all_cores(void **state) {
    (void)state;
    assert_int_equal(jp_thread_count(0, 96), 96);
    assert_int_equal(jp_thread_count(0, 4000), 512);
    assert_int_equal(jp_thread_count(0, -1), 1);
    assert_int_equal(jp_thread_count(3, 96), 3);
    assert_int_equal(jp_threads(0), jp_thread_count(0, sysconf(_SC_NPROCESSORS_ONLN)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_together_are_rows_alone),
        cmocka_unit_test(test_raw_prompts_of_every_kind),
        cmocka_unit_test(test_empty_prompts_begin_a_text),
        cmocka_unit_test(test_knockouts_without_a_tail),
        cmocka_unit_test(test_rows_that_are_not_their_tokens_are_refused),
        cmocka_unit_test(test_rows_are_scaled_as_the_model_scales_tokens),
        cmocka_unit_test(test_embedding_says_what_it_leaves_out),
        cmocka_unit_test(test_threads_are_all_cores),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
