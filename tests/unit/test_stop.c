/* Stops in the middle of what engines do: loading, scores, generation, gradients, attention; and that they work on
 * afterwards. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka.h needs the four above
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "engine/gradient/gradient.h"
#include "engine/llama/llama-open.h"
#include "formula_problem.h"
#include "tiny_gguf.h"

static char path[64];

static const char *write_model(const tiny_gguf_options *model) {
    snprintf(path, sizeof path, "tiny-stop-%d.gguf", (int)getpid());
    assert_int_equal(tiny_gguf_write(path, model), 0);
    return path;
}

typedef struct {
    int    calls, at; /* asked so often; from that time on the answer is yes */
    double told;      /* when, first */
} asked;

static int stop_at(void *user, double fraction) {
    asked *a = user;
    assert_true(fraction <= 1);
    if (++a->calls < a->at) return 0;
    if (a->told == 0) a->told = jp_seconds();
    return 1;
}

static void heard_soon(const asked *a) {
    enum { SECONDS = 2 }; /* 0.2 on a machine with nothing else to do */
    assert_true(a->calls == a->at && jp_seconds() - a->told < SECONDS);
}

/* ---- the ear -------------------------------------------------------------------------------------------------- */

static void test_an_ear_asks_now_and_then(void **state) {
    asked     a = {.at = 3};
    jopa_stop stop = {stop_at, &a};
    jp_ear    ear = jp_ear_for(&stop), deaf = jp_ear_for(NULL);
    double    started = jp_seconds();
    (void)state;
    assert_false(jp_hears_stop(NULL));
    assert_false(jp_hears_stop(&deaf));
    while (!jp_hears_stop(&ear)) {}
    assert_int_equal(a.calls, 3);
    assert_true(jp_seconds() - started > 0.25);
    assert_true(jp_hears_stop(&ear) && jp_hears_stop_callback(&ear)); /* and stays so, unasked */
    assert_int_equal(a.calls, 3);
}

/* ---- the local engine ----------------------------------------------------------------------------------------- */

enum { MANY = 20000, WIDE = 400 };

static jp_engine *open_engine(void) {
    jp_engine *engine = NULL;
    write_model(&(tiny_gguf_options){.context = 2 * MANY, .n_embd = 256, .n_ff = 1024});
    assert_int_equal(jp_local_open(&engine, &(jp_engine_options){.file = path, .threads = 1}, NULL), JP_OK);
    return engine;
}

/* MANY rows, of which any two have little in common. */
typedef struct {
    int32_t            symbols[WIDE], response;
    const int32_t     *prompts[MANY];
    int                sizes[MANY];
    float              log_probs[MANY];
    jopa_score_request rq;
} many_rows;

static many_rows *new_rows(void) {
    many_rows *r = calloc(1, sizeof *r);
    assert_non_null(r);
    r->response = TINY_BYTE_0;
    for (int i = 0; i < WIDE; i++) r->symbols[i] = TINY_BYTE_0 + i % 200;
    for (int i = 0; i < MANY; i++) {
        r->prompts[i] = r->symbols + i % (WIDE / 2);
        r->sizes[i] = WIDE / 2 - i % 7;
    }
    r->rq = (jopa_score_request){.size = sizeof r->rq,
                                 .n_rows = MANY,
                                 .prompt = r->prompts,
                                 .n_prompt = r->sizes,
                                 .response = &r->response,
                                 .n_response = 1,
                                 .last = 1,
                                 .log_probs = r->log_probs};
    return r;
}

static float score_first(jp_engine *engine, many_rows *r) {
    r->rq.n_rows = 1;
    r->rq.stop = NULL;
    assert_int_equal(engine->ops->score(engine, &r->rq, NULL), JP_OK);
    return r->log_probs[0];
}

static void test_scores_and_generation(void **state) {
    static int32_t out[MANY];
    many_rows     *r = new_rows();
    jp_engine     *engine = open_engine();
    asked          a = {.at = 2};
    jopa_stop      stop = {stop_at, &a};
    (void)state;
    r->rq.stop = &stop;
    assert_int_equal(engine->ops->score(engine, &r->rq, NULL), JOPA_ERROR_INTERRUPTED);
    heard_soon(&a);
    float before = score_first(engine, r);
    a = (asked){.at = 2};
    jopa_generate_request g = {
        .size = sizeof g, .symbols = r->symbols, .n_symbols = WIDE, .max = MANY, .out = out, .stop = &stop};
    int status = engine->ops->generate(engine, &g, NULL);
    if (status) heard_soon(&a);
    assert_true(status == JOPA_ERROR_INTERRUPTED || (status == JP_OK && g.n < MANY)); /* or the model came to an end */
    assert_true(fabsf(before - score_first(engine, r)) < 1e-4f);
    free(r);
    engine->ops->destroy(engine);
    unlink(path);
}

/* ---- gradients ------------------------------------------------------------------------------------------------ */

/* An ear that asks at once hears it in the first graph, whatever that computes. */
static void test_gradients_and_attention(void **state) {
    const int32_t symbols[] = {TINY_BYTE_0, TINY_BYTE_0 + 1, TINY_BYTE_0 + 2}, response = TINY_BYTE_0 + 3;
    float         d_bias[3], weights[3 * 9];
    asked         a = {.at = 1};
    jopa_stop     stop = {stop_at, &a};
    jp_ear        ear = jp_ear_for(NULL);
    jp_gradient  *g = NULL;
    jopa_error    e = {0};
    (void)state;
    write_model(NULL);
    assert_int_equal(jp_gradient_open_heard(&g, path, 1, &ear, &e), JP_OK);
    jopa_gradient_request  rq = {.size = sizeof rq,
                                 .symbols = symbols,
                                 .n_symbols = 3,
                                 .response = &response,
                                 .n_response = 1,
                                 .target_last = 1,
                                 .d_bias = d_bias};
    jopa_attention_request attention = {.size = sizeof attention, .symbols = symbols, .n = 3, .weights = weights};
    for (int round = 0; round < 2; round++) {
        ear = (jp_ear){.stop = &stop};
        assert_int_equal(jp_gradient_run(g, &rq, &e), JOPA_ERROR_INTERRUPTED);
        ear = (jp_ear){.stop = &stop};
        assert_int_equal(jp_gradient_attention(g, &attention, &e), JOPA_ERROR_INTERRUPTED);
        ear = jp_ear_for(NULL);
        assert_int_equal(jp_gradient_run(g, &rq, &e), JP_OK);
        assert_int_equal(jp_gradient_attention(g, &attention, &e), JP_OK);
    }
    jp_gradient_free(g);
    unlink(path);
}

/* ---- loading -------------------------------------------------------------------------------------------------- */

static void test_loading(void **state) {
    (void)state;
    const tiny_gguf_options models[] = {{0}, {.type = GGML_TYPE_Q8_0, .embedding_type = GGML_TYPE_Q8_0}};
    for (int m = 0; m < 2; m++) {
        asked             a = {.at = 1};
        jopa_error        e = {0};
        jp_engine        *engine = NULL;
        jp_engine_options o = {.file = write_model(models + m), .threads = 1, .progress = stop_at, .user = &a};
        assert_int_equal(jp_local_open(&engine, &o, &e), JOPA_ERROR_INTERRUPTED);
        assert_null(engine);
        assert_int_equal(a.calls, 1);
        unlink(path);
    }
}

/* ---- the scorer ----------------------------------------------------------------------------------------------- */

/* An engine that is told to stop after some rows, in the middle of its call. */
static struct {
    jp_engine_ops        ops;
    const jp_engine_ops *own;
} stopped;

static int ask_after_rows(void *self, const jopa_score_request *rq, jopa_error *e) {
    jopa_score_request some = *rq;
    if (rq->n_rows > 2) some.n_rows = 2;
    int status = stopped.own->score(self, &some, e);
    if (status || some.n_rows == rq->n_rows) return status;
    return rq->stop->ask(rq->stop->user, 0.5) ? JOPA_ERROR_INTERRUPTED : JOPA_OK;
}

static int stop_third(void *user, int evaluations, int budget, double best) {
    (void)evaluations, (void)budget, (void)best;
    return ++*(int *)user >= 3;
}

static void test_the_scorer_keeps_what_was_done(void **state) {
    enum { UNITS = 8 };
    formula_problem p;
    int             calls = 0;
    double          drops[UNITS];
    jp_bitset      *masks = jp_bitset_array_new(UNITS, UNITS);
    (void)state;
    formula_problem_open(&p, UNITS);
    jp_formula_random(p.engine, 0.5, 3, NULL);
    formula_problem_start(&p, &(jp_limits){.k = UNITS, .progress = stop_third, .user = &calls});
    stopped.own = p.engine->ops;
    stopped.ops = *stopped.own;
    stopped.ops.score = ask_after_rows;
    p.engine->ops = &stopped.ops;
    for (int i = 0; i < UNITS; i++) jp_bitset_add(masks + i, i);
    assert_int_equal(jp_scorer_drops(p.scorer, masks, UNITS, drops, NULL), JP_STOP);
    assert_int_equal(jp_scorer_stopped(p.scorer), JP_STOP_USER);
    for (int i = 0; i < UNITS; i++) assert_int_equal(isnan(drops[i]) != 0, i >= 2);
    p.engine->ops = stopped.own;
    jp_scorer_relimit(p.scorer, &(jp_limits){.k = UNITS});
    assert_int_equal(jp_scorer_drops(p.scorer, masks, UNITS, drops, NULL), JP_OK);
    jp_bitset_array_free(masks);
    formula_problem_close(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_ear_asks_now_and_then),       cmocka_unit_test(test_scores_and_generation),
        cmocka_unit_test(test_gradients_and_attention),        cmocka_unit_test(test_loading),
        cmocka_unit_test(test_the_scorer_keeps_what_was_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
