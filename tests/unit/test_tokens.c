/* What a model says of sequences of tokens: texts as ids and back, log-probabilities, what is written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka.h needs the four above
#include <cmocka.h>

#include <jopa.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "copier.h"
#include "tiny_question.h"

enum { MOST = 400, TOP = 3 };

static int ids_of(const char *text, bool special, int32_t ids[MOST]) {
    int32_t   *made = NULL;
    int        n = 0;
    jopa_error e = {0};
    if (jopa_model_tokenize(tiny_model, text, strlen(text), special, &made, &n, &e)) fail_msg("%s", e.message);
    assert_in_range(n, 0, MOST);
    memcpy(ids, made, (size_t)n * sizeof *ids);
    jopa_free(made);
    return n;
}

static void log_probs_of(const int32_t *ids, int n, float *log_probs, int32_t *top_ids, float *top) {
    jopa_error e = {0};
    if (jopa_model_log_probs(tiny_model, ids, n, log_probs, top_ids ? TOP : 0, top_ids, top, &e))
        fail_msg("%s", e.message);
}

/* ---- texts and ids -------------------------------------------------------------------------------------------------
 */

static void pieces_join_to_the_text(void **state) {
    static const char *const texts[] = {"the doctor is a friend", "ab\ncd\t!", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x91\x8d",
                                        "<s>", ""};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        int32_t ids[MOST];
        char    text[MOST] = "";
        int     n = ids_of(texts[i], false, ids), size = 0;
        for (int t = 0; t < n; t++) size += jopa_model_piece(tiny_model, ids[t], false, text + size, MOST - size);
        text[size] = '\0';
        assert_string_equal(text + strspn(text, " "), texts[i]); /* SentencePiece puts a space before it */
    }
}

static void special_tokens_only_where_asked(void **state) {
    int32_t ids[MOST];
    (void)state;
    int n = ids_of("<|im_end|>", true, ids);
    assert_int_equal(ids[0], TINY_BOS);
    assert_int_equal(ids[n - 1], TINY_IM_END);
    n = ids_of("<|im_end|>", false, ids);
    for (int t = 0; t < n; t++) assert_true(ids[t] > TINY_IM_END);
}

static void pieces_that_are_none_or_too_long(void **state) {
    char out[4] = "???";
    (void)state;
    int n_vocab = jopa_model_vocabulary(tiny_model), whole = (int)strlen("<|im_end|>");
    assert_true(n_vocab > TINY_BYTE_0 + 256);
    assert_int_equal(jopa_model_piece(tiny_model, -1, true, out, 4), 0);
    assert_int_equal(jopa_model_piece(tiny_model, n_vocab, true, out, 4), 0);
    assert_int_equal(jopa_model_piece(tiny_model, TINY_IM_END, false, out, 4), 0);
    assert_string_equal(out, "???");
    assert_int_equal(jopa_model_piece(tiny_model, TINY_IM_END, true, NULL, 0), whole);
    assert_int_equal(jopa_model_piece(tiny_model, TINY_IM_END, true, out, 2), whole);
    assert_memory_equal(out, "<|?", 3);
}

static void the_vocabulary_names_its_parts(void **state) {
    jopa_model_info info = {.size = sizeof info}, part = {.size = offsetof(jopa_model_info, file) + sizeof part.file};
    (void)state;
    assert_int_equal(jopa_model_token_called(tiny_model, "bos"), TINY_BOS);
    assert_int_equal(jopa_model_token_called(tiny_model, "eos"), TINY_IM_END);
    assert_true(jopa_model_token_called(tiny_model, "nose") < 0);
    jopa_model_describe(tiny_model, &info);
    assert_string_equal(info.file, tiny_path);
    jopa_model_describe(tiny_model, &part); /* an older caller's */
    assert_string_equal(part.file, tiny_path);
    assert_int_equal(part.size, offsetof(jopa_model_info, file) + sizeof part.file);
}

/* ---- log-probabilities ---------------------------------------------------------------------------------------------
 */

/* With and without the most likely tokens it is the same; these come best first, and are all of them. */
static void log_probs_and_the_most_likely(void **state) {
    int32_t ids[MOST], top_ids[MOST * TOP];
    float   alone[MOST], log_probs[MOST], top[MOST * TOP];
    (void)state;
    int n = ids_of(TINY_PROMPT, true, ids);
    log_probs_of(ids, n, alone, NULL, NULL);
    log_probs_of(ids, n, log_probs, top_ids, top);
    assert_true(isnan(alone[0]) && isnan(log_probs[0]));
    for (int t = 1; t < n; t++) {
        const int32_t *best = top_ids + (ptrdiff_t)t * TOP;
        const float   *likely = top + (ptrdiff_t)t * TOP;
        assert_true(fabsf(alone[t] - log_probs[t]) < 1e-3F && alone[t] <= 0);
        assert_true(likely[0] >= likely[1] && likely[1] >= likely[2] && likely[0] >= log_probs[t]);
        assert_true(best[0] != best[1] && best[1] != best[2] && best[0] != best[2]);
        for (int i = 0; i < TOP; i++)
            if (best[i] == ids[t]) assert_true(likely[i] == log_probs[t]);
        if (log_probs[t] > likely[TOP - 1]) assert_true(ids[t] == best[0] || ids[t] == best[1]);
    }
}

/* All of a place's tokens are a distribution. */
static void log_probs_sum_to_one(void **state) {
    int32_t ids[MOST];
    (void)state;
    int      n = ids_of("the doctor", true, ids), n_vocab = jopa_model_vocabulary(tiny_model);
    size_t   size = (size_t)n * (size_t)n_vocab;
    int32_t *top_ids = malloc(size * sizeof *top_ids);
    float   *top = malloc(size * sizeof *top), log_probs[MOST];
    assert_int_equal(jopa_model_log_probs(tiny_model, ids, n, log_probs, n_vocab, top_ids, top, NULL), JOPA_OK);
    for (int t = 1; t < n; t++) {
        double sum = 0;
        for (int i = 0; i < n_vocab; i++) sum += exp((double)top[(size_t)t * (size_t)n_vocab + (size_t)i]);
        assert_true(fabs(sum - 1) < 1e-3);
    }
    free(top_ids);
    free(top);
}

/* They are those of a response after the same prompt. */
static void log_probs_are_those_of_explanations(void **state) {
    int32_t      ids[MOST];
    float        log_probs[MOST];
    double       value = NAN;
    int64_t      id = 0;
    jopa_result *r = tiny_explained(tiny_question("explain"));
    (void)state;
    int n_prompt = jopa_result_size(r, 0, "prompt.tokens"), n_response = jopa_result_size(r, 0, "response.tokens");
    assert_in_range(n_prompt + n_response, 2, MOST);
    for (int t = 0; t < n_prompt + n_response; t++) {
        char path[64];
        if (t < n_prompt) snprintf(path, sizeof path, "prompt.tokens.%d.id", t);
        else snprintf(path, sizeof path, "response.tokens.%d.id", t - n_prompt);
        assert_int_equal(jopa_result_integer(r, 0, path, &id, NULL), JOPA_OK);
        ids[t] = (int32_t)id;
    }
    log_probs_of(ids, n_prompt + n_response, log_probs, NULL, NULL);
    for (int t = 0; t < n_response; t++) {
        char path[64];
        snprintf(path, sizeof path, "response.tokens.%d.log_prob", t);
        assert_int_equal(jopa_result_number(r, 0, path, &value, NULL), JOPA_OK);
        assert_true(fabs(value - (double)log_probs[n_prompt + t]) < 1e-2);
    }
    jopa_result_free(r);
}

static void one_token_has_nothing_before_it(void **state) {
    const int32_t one = TINY_BOS;
    int32_t       top_ids[TOP];
    float         log_prob = 7, top[TOP];
    (void)state;
    log_probs_of(&one, 1, &log_prob, NULL, NULL);
    assert_true(isnan(log_prob));
    log_probs_of(&one, 1, &log_prob, top_ids, top);
    assert_true(isnan(log_prob));
}

static void sequences_that_are_none(void **state) {
    int32_t ids[MOST] = {TINY_BOS, 9}, top_ids[MOST];
    float   log_probs[MOST], top[MOST];
    (void)state;
    int             n_vocab = jopa_model_vocabulary(tiny_model), n;
    const int32_t   wrong[] = {-1, n_vocab, INT32_MAX, INT32_MIN};
    const jopa_code refused = JOPA_ERROR_INPUT;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        jopa_error e = {0};
        ids[1] = wrong[i];
        assert_int_equal(jopa_model_log_probs(tiny_model, ids, 2, log_probs, 0, NULL, NULL, &e), refused);
        assert_non_null(strstr(e.message, "is no token: the model has the tokens 0 to"));
        assert_int_equal(jopa_model_generate(tiny_model, ids, 2, 1, top_ids, &n, &e), refused);
    }
    ids[1] = 9;
    assert_int_equal(jopa_model_log_probs(tiny_model, ids, 0, log_probs, 0, NULL, NULL, NULL), refused);
    assert_int_equal(jopa_model_log_probs(tiny_model, ids, 2, log_probs, n_vocab + 1, top_ids, top, NULL),
                     JOPA_ERROR_USAGE);
    int32_t *many = calloc(100000, sizeof *many);
    float   *room = calloc(100000, sizeof *room);
    assert_int_equal(jopa_model_log_probs(tiny_model, many, 100000, room, 0, NULL, NULL, NULL), refused);
    free(many);
    free(room);
    log_probs_of(ids, 2, log_probs, NULL, NULL); /* and it goes on */
}

/* ---- what is written -----------------------------------------------------------------------------------------------
 */

/* Each token is the most likely one after those before it. */
static void what_is_written_is_the_most_likely(void **state) {
    int32_t ids[MOST], top_ids[MOST * TOP];
    float   log_probs[MOST], top[MOST * TOP];
    (void)state;
    int     n = ids_of(TINY_PROMPT, true, ids), more = 0, fewer = 0;
    int32_t again[4];
    assert_int_equal(jopa_model_generate(tiny_model, ids, n, 12, ids + n, &more, NULL), JOPA_OK);
    assert_in_range(more, 1, 12);
    log_probs_of(ids, n + more, log_probs, top_ids, top);
    for (int t = n; t < n + more; t++) assert_true(top[(ptrdiff_t)t * TOP] - log_probs[t] < 0.02F);
    assert_int_equal(jopa_model_generate(tiny_model, ids, n, 4, again, &fewer, NULL), JOPA_OK);
    assert_memory_equal(again, ids + n, (size_t)fewer * sizeof *again);
    assert_int_equal(jopa_model_generate(tiny_model, ids, n, 0, again, &fewer, NULL), JOPA_ERROR_USAGE);
}

/* ---- engines that cannot; cancels ----------------------------------------------------------------------------------
 */

static void engines_without_the_ability(void **state) {
    jopa_engine_ops ops = copier_ops;
    jopa_model     *m = NULL;
    jopa_error      e = {0};
    int32_t         ids[] = {'a', 'b', 'a'}, out[3], *made = NULL;
    float           log_probs[3], top[3];
    int             n = 0;
    (void)state;
    assert_int_equal(jopa_model_open_engine(&m, &ops, NULL, &e), JOPA_OK);
    assert_int_equal(jopa_model_log_probs(m, ids, 3, log_probs, 0, NULL, NULL, &e), JOPA_OK);
    assert_true(isnan(log_probs[0]) && log_probs[1] < 0 && log_probs[2] < 0);
    assert_int_equal(jopa_model_log_probs(m, ids, 3, log_probs, 1, out, top, &e), JOPA_ERROR_UNSUPPORTED);
    assert_non_null(strstr(e.message, "has no whole next-token distributions"));
    assert_true(jopa_model_token_called(m, "bos") < 0);
    jopa_model_free(m);
    ops.tokenize = NULL;
    ops.generate = NULL;
    ops.piece = NULL;
    ops.capabilities = NULL;
    assert_int_equal(jopa_model_open_engine(&m, &ops, NULL, &e), JOPA_OK);
    assert_int_equal(jopa_model_tokenize(m, "a", 1, false, &made, &n, &e), JOPA_ERROR_UNSUPPORTED);
    assert_int_equal(jopa_model_generate(m, ids, 3, 2, out, &n, &e), JOPA_ERROR_UNSUPPORTED);
    assert_int_equal(jopa_model_piece(m, 'a', false, (char *)out, 4), 0);
    assert_int_equal(jopa_model_vocabulary(m), 0);
    jopa_model_free(m);
}

static void *cancel_on(void *user) {
    while (!atomic_load((atomic_bool *)user)) jopa_cancel(tiny_model);
    return NULL;
}

/* A cancel ends what is written; what comes after it is whole. */
static void a_cancel_ends_it(void **state) {
    static int32_t out[1900];
    int32_t        ids[MOST];
    atomic_bool    done = false;
    pthread_t      thread;
    (void)state;
    int n = ids_of(TINY_PROMPT, true, ids), more = 0;
    assert_int_equal(pthread_create(&thread, NULL, cancel_on, &done), 0);
    int status = jopa_model_generate(tiny_model, ids, n, 1900, out, &more, NULL);
    atomic_store(&done, true);
    pthread_join(thread, NULL);
    assert_int_equal(status, JOPA_ERROR_INTERRUPTED);
    assert_int_equal(jopa_model_generate(tiny_model, ids, n, 3, out, &more, NULL), JOPA_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_join_to_the_text),
        cmocka_unit_test(special_tokens_only_where_asked),
        cmocka_unit_test(pieces_that_are_none_or_too_long),
        cmocka_unit_test(the_vocabulary_names_its_parts),
        cmocka_unit_test(log_probs_and_the_most_likely),
        cmocka_unit_test(log_probs_sum_to_one),
        cmocka_unit_test(log_probs_are_those_of_explanations),
        cmocka_unit_test(one_token_has_nothing_before_it),
        cmocka_unit_test(sequences_that_are_none),
        cmocka_unit_test(what_is_written_is_the_most_likely),
        cmocka_unit_test(engines_without_the_ability),
        cmocka_unit_test(a_cancel_ends_it),
    };
    return cmocka_run_group_tests(tests, tiny_setup, tiny_teardown);
}
