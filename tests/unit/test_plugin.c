/* Engines that a caller brings: what is refused at opening, what is refused of what they answer, capabilities. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka.h needs the four above
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "asked.h"
#include "engine/plugin.h"

enum { ROWS = 5, RESPONSE = 2 };

typedef struct {
    float value;         /* of every log-probability */
    int   report, twice; /* so many rows are reported; this row once more (-1: none) */
    bool  fails, destroyed;
} made_up;

static int score(void *self, const jopa_score_request *rq, jopa_error *e) {
    made_up         *m = self;
    jopa_engine_cost cost = {.decoded_tokens = 7};
    (void)e;
    for (int i = 0; i < rq->n_rows * (rq->last - rq->first); i++) rq->log_probs[i] = m->value;
    for (int i = 0; i < m->report; i++)
        if (rq->done(rq->user, &i, 1, &cost)) return JOPA_ERROR_INTERRUPTED;
    if (m->twice >= 0 && rq->done(rq->user, &m->twice, 1, &cost)) return JOPA_ERROR_INTERRUPTED;
    return m->fails ? JOPA_ERROR_MODEL : JOPA_OK;
}

static void     destroy(void *self) { ((made_up *)self)->destroyed = true; }
static unsigned claim_all(void *self) { return (void)self, ~0u; }

static jopa_engine_ops made_up_ops(void) {
    return (jopa_engine_ops){.size = sizeof(jopa_engine_ops),
                             .version = JOPA_ENGINE_VERSION,
                             .name = "made-up",
                             .destroy = destroy,
                             .score = score};
}

/* ---- opening -------------------------------------------------------------------------------------------------- */

static void check_refused(const jopa_engine_ops *ops, const char *word) {
    jopa_error  e = {0};
    jopa_model *model = (jopa_model *)&e; /* untouched on failure */
    assert_int_equal(jopa_model_open_engine(&model, ops, NULL, &e), JOPA_ERROR_USAGE);
    assert_ptr_equal(model, &e);
    assert_non_null(strstr(e.message, word));
    assert_null(strchr(e.message, '\n'));
}

static void test_what_cannot_be_opened(void **state) {
    jopa_engine_ops ops = made_up_ops();
    (void)state;
    check_refused(NULL, "size");
    ops.size = 4;
    check_refused(&ops, "size");
    ops = made_up_ops();
    ops.version = JOPA_ENGINE_VERSION + 1;
    check_refused(&ops, "version 2");
    ops.version = 0;
    check_refused(&ops, "version 0");
    ops = made_up_ops();
    ops.name = NULL;
    check_refused(&ops, "name");
    ops = made_up_ops();
    ops.score = NULL;
    check_refused(&ops, "score");
}

/* A struct of an older header ends after `score`: what follows in memory is no part of it. */
static void test_older_structs_are_padded(void **state) {
    made_up         m = {.value = -1};
    jopa_engine_ops ops = made_up_ops();
    jopa_model     *model = NULL;
    (void)state;
    memset((char *)&ops + offsetof(jopa_engine_ops, tokenize), 0x55, sizeof ops - offsetof(jopa_engine_ops, tokenize));
    ops.size = offsetof(jopa_engine_ops, tokenize);
    ops.capabilities = claim_all;
    assert_int_equal(jopa_model_open_engine(&model, &ops, &m, NULL), JOPA_OK);
    assert_non_null(strstr(jopa_model_capabilities(model), "logprobs"));
    assert_null(strstr(jopa_model_capabilities(model), "generate"));
    assert_null(strstr(jopa_model_capabilities(model), "tokenize"));
    jopa_model_free(model);
    assert_true(m.destroyed);
}

/* What it lacks is said in a line that names it. */
static void test_an_engine_without_a_tokenizer(void **state) {
    made_up         m = {.value = -1};
    jopa_engine_ops ops = made_up_ops();
    jopa_model     *model = NULL;
    jopa_result    *result = NULL;
    jopa_options   *o = asked("explain", "prompt", "text", "response", "answer", NULL);
    jopa_error      e = {0};
    (void)state;
    assert_int_equal(jopa_model_open_engine(&model, &ops, &m, NULL), JOPA_OK);
    assert_string_equal(jopa_model_capabilities(model), "logprobs");
    assert_int_not_equal(jopa_explain(&result, model, o, &e), JOPA_OK);
    assert_non_null(strstr(e.message, "'made-up' has no chat template"));
    ask_also(o, "raw", "true", NULL);
    assert_int_equal(jopa_explain(&result, model, o, &e), JOPA_ERROR_UNSUPPORTED);
    assert_non_null(strstr(e.message, "'made-up' has no tokenizer"));
    jopa_options_free(o);
    jopa_model_free(model);
}

/* ---- answers -------------------------------------------------------------------------------------------------- */

typedef struct {
    int n, stop_at;
    int rows[2 * ROWS];
} reported;

static int note_rows(void *user, const int *rows, int n, const jopa_engine_cost *so_far) {
    reported *r = user;
    (void)so_far;
    for (int i = 0; i < n; i++) r->rows[r->n++] = rows[i];
    return r->stop_at && r->n >= r->stop_at;
}

static int score_made_up(made_up *m, reported *r, float *log_probs, jopa_error *e) {
    jopa_engine_ops ops = made_up_ops();
    jp_engine      *engine = NULL;
    const int32_t   response[RESPONSE] = {1, 2}, *prompts[ROWS] = {response, response, response, response, response};
    const int       sizes[ROWS] = {1, 1, 1, 2, 2};
    assert_int_equal(jp_plugin_open(&engine, &ops, m, NULL), JOPA_OK);
    jopa_score_request rq = {.size = sizeof rq,
                             .n_rows = ROWS,
                             .prompt = prompts,
                             .n_prompt = sizes,
                             .response = response,
                             .n_response = RESPONSE,
                             .last = RESPONSE,
                             .log_probs = log_probs,
                             .done = note_rows,
                             .user = r};
    int                status = engine->ops->score(engine, &rq, e);
    engine->ops->destroy(engine);
    return status;
}

/* Rows that are not reported are done when the call is. */
static void test_every_row_is_reported_once(void **state) {
    (void)state;
    for (int report = 0; report <= ROWS; report++) {
        reported r = {0};
        float    log_probs[ROWS * RESPONSE];
        bool     seen[ROWS] = {0};
        assert_int_equal(score_made_up(&(made_up){.value = -1, .report = report, .twice = -1}, &r, log_probs, NULL),
                         JOPA_OK);
        assert_int_equal(r.n, ROWS);
        for (int i = 0; i < ROWS; i++) seen[r.rows[i]] = true;
        for (int i = 0; i < ROWS; i++) assert_true(seen[i]);
    }
}

static void test_a_stop_comes_back(void **state) {
    (void)state;
    for (int report = 0; report <= ROWS; report += ROWS) {
        reported r = {.stop_at = 2};
        float    log_probs[ROWS * RESPONSE];
        assert_int_equal(score_made_up(&(made_up){.value = -1, .report = report, .twice = -1}, &r, log_probs, NULL),
                         JOPA_ERROR_INTERRUPTED);
    }
}

static void test_answers_that_are_none_are_refused(void **state) {
    const struct {
        made_up     engine;
        const char *word;
    } cases[] = {
        {{.value = NAN, .twice = -1}, "nan"},
        {{.value = INFINITY, .twice = -1}, "inf"},
        {{.value = 0.5f, .report = ROWS, .twice = -1}, "0.5"},
        {{.value = -1, .report = ROWS, .twice = 2}, "row 2"},
        {{.value = -1, .report = 1, .twice = ROWS}, "row 5"},
        {{.value = -1, .twice = -1, .fails = true}, "no reason"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        made_up    m = cases[i].engine;
        reported   r = {0};
        float      log_probs[ROWS * RESPONSE];
        jopa_error e = {0};
        assert_int_equal(score_made_up(&m, &r, log_probs, &e), JOPA_ERROR_MODEL);
        assert_non_null(strstr(e.message, "'made-up'"));
        assert_non_null(strstr(e.message, cases[i].word));
        assert_null(strchr(e.message, '\n'));
    }
}

/* Probability 0 is an answer, and rounding above probability 1 is none. */
static void test_the_ends_of_the_range(void **state) {
    (void)state;
    reported r = {0};
    float    log_probs[ROWS * RESPONSE];
    assert_int_equal(score_made_up(&(made_up){.value = -INFINITY, .twice = -1}, &r, log_probs, NULL), JOPA_OK);
    assert_true(isinf(log_probs[0]));
    r = (reported){0};
    assert_int_equal(score_made_up(&(made_up){.value = 1e-6f, .twice = -1}, &r, log_probs, NULL), JOPA_OK);
    for (int i = 0; i < ROWS * RESPONSE; i++) assert_true(log_probs[i] == 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_cannot_be_opened),
        cmocka_unit_test(test_older_structs_are_padded),
        cmocka_unit_test(test_an_engine_without_a_tokenizer),
        cmocka_unit_test(test_every_row_is_reported_once),
        cmocka_unit_test(test_a_stop_comes_back),
        cmocka_unit_test(test_answers_that_are_none_are_refused),
        cmocka_unit_test(test_the_ends_of_the_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
