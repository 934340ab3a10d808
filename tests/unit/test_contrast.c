/* One answer explained against another: the scorer, both ways of the engine, sessions, results. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka.h needs the four above
#include <cmocka.h>

#include <jopa.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "formula_problem.h"
#include "question_same.h"
#include "tiny_question.h"

/* ---- a score that is known ----------------------------------------------------------------------------------------
 */

static const int32_t OTHER[] = {1, 7};

/* Against one of two tokens, which has 2/3 of the formula: the difference is a third of it. */
static void open_against(formula_problem *p, uint64_t seed) {
    formula_problem_open(p, 7);
    assert_int_equal(jp_formula_random(p->engine, 1, seed, NULL), JP_OK);
    p->problem.other = (jp_other){OTHER, 2, 1, 2};
    formula_problem_start(p, &(jp_limits){.k = 7});
}

/* Drops, log-probabilities and gradients of masks are those of the difference. */
static void differences_of_a_formula(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed < 6; seed++) {
        formula_problem p;
        jp_random       random;
        jp_bitset      *masks = jp_bitset_array_new(40, 7);
        double          drops[40];
        float           log_probs[40 * 3], others[40];
        jp_random_seed(&random, seed);
        open_against(&p, seed);
        for (int i = 0; i < 40; i++)
            for (int u = 0; u < 7; u++)
                if (jp_random_below(&random, 2)) jp_bitset_add(masks + i, u);
        assert_int_equal(jp_scorer_drops(p.scorer, masks, 40, drops, NULL), JP_OK);
        assert_int_equal(jp_scorer_both(p.scorer, masks, 40, log_probs, others, NULL), JP_OK);
        for (int i = 0; i < 40; i++) {
            double sum = -(double)others[i];
            for (int t = 0; t < 3; t++) sum += (double)log_probs[3 * i + t];
            assert_true(fabs(drops[i] - jp_formula_drop(p.engine, masks + i) / 3) < 1e-4);
            assert_true(fabs(jp_scorer_full(p.scorer) - drops[i] - sum) < 1e-4);
        }
        jp_bitset_array_free(masks);
        formula_problem_close(&p);
    }
}

static void gradients_of_a_formula(void **state) {
    (void)state;
    formula_problem p, alone;
    float           both[16], one[16];
    open_against(&p, 3);
    formula_problem_open(&alone, 7);
    assert_int_equal(jp_formula_random(alone.engine, 1, 3, NULL), JP_OK);
    formula_problem_start(&alone, &(jp_limits){.k = 7});
    jp_gradient_request request = {.d_bias = both};
    assert_int_equal(jp_scorer_gradient(p.scorer, NULL, &request, NULL), JP_OK);
    request = (jp_gradient_request){.d_bias = one};
    assert_int_equal(jp_scorer_gradient(alone.scorer, NULL, &request, NULL), JP_OK);
    for (int i = 0; i < p.prompt.n_tokens; i++)
        assert_true(fabs((double)both[i] - (double)one[i] / 3) < 1e-4 * (1 + fabs((double)one[i])));
    assert_int_equal(jp_scorer_gradient_price(p.scorer), 2 * jp_scorer_gradient_price(alone.scorer));
    formula_problem_close(&p);
    formula_problem_close(&alone);
}

/* Limits end a run of two calls as well, and what was scored until then is there. */
static void limits_hold(void **state) {
    (void)state;
    formula_problem p;
    jp_bitset      *masks = jp_bitset_array_new(64, 7);
    double          drops[64];
    int             known = 0;
    open_against(&p, 9);
    for (int i = 0; i < 64; i++)
        for (int u = 0; u < 6; u++)
            if (i >> u & 1) jp_bitset_add(masks + i, u);
    formula_problem_start(&p, &(jp_limits){.k = 7, .budget = 30});
    assert_int_equal(jp_scorer_drops(p.scorer, masks, 64, drops, NULL), JP_STOP);
    for (int i = 0; i < 64; i++) known += !isnan(drops[i]);
    assert_int_equal(known, 30);
    assert_int_equal(jp_scorer_spent(p.scorer), 30);
    jp_bitset_array_free(masks);
    formula_problem_close(&p);
}

/* ---- a model --------------------------------------------------------------------------------------------------------
 */

static void random_answer(jp_random *random, char *out, int words) {
    static const char *const some[] = {" the", " doctor", " is", " a", " friend", " b\xc3\xa9", ".", " no"};
    out[0] = '\0';
    for (int i = 0; i < words; i++) strcat(out, some[jp_random_below(random, 8)]);
}

/* Drops of n sets by a session of its own, over all of the response or against another answer. */
static int drops_of(const char *response, const char *against, const int *const *units, const int *sizes, int n,
                    double *drops, jopa_error *e) {
    jopa_session *s = NULL;
    jopa_options *o = asked("explain", "prompt", TINY_PROMPT, "response", response, "unit", "word", NULL);
    if (against) ask_also(o, "against", against, NULL);
    int status = jopa_session_open(&s, tiny_model, o, e);
    if (!status) status = jopa_session_drops(s, units, sizes, n, drops, NULL, e);
    jopa_session_free(s);
    jopa_options_free(o);
    return status;
}

/* Both answers at once by the engine are what each is by itself, however much they share. */
static void both_are_what_each_is(void **state) {
    enum { SETS = 9 };
    (void)state;
    jp_random random;
    int       members[SETS][3], sizes[SETS], compared = 0;
    jp_random_seed(&random, 4);
    for (int round = 0; round < 25; round++) {
        char       shared[200], a[420], b[420], more[200];
        const int *units[SETS];
        double     one[SETS], other[SETS], both[SETS];
        jopa_error e = {0};
        random_answer(&random, shared, jp_random_below(&random, 4));
        random_answer(&random, more, 1 + jp_random_below(&random, 4));
        snprintf(a, sizeof a, "%s%s", shared, more);
        random_answer(&random, more, 1 + jp_random_below(&random, 4));
        snprintf(b, sizeof b, "%s%s", shared, more);
        for (int i = 0; i < SETS; i++) {
            sizes[i] = 1 + i % 3;
            units[i] = members[i];
            for (int j = 0; j < sizes[i]; j++) members[i][j] = jp_random_below(&random, 11);
        }
        int status = drops_of(a, b, units, sizes, SETS, both, &e);
        if (status) { /* one begins with the other */
            assert_int_equal(status, JOPA_ERROR_USAGE);
            assert_true(!strncmp(a, b, strlen(a)) || !strncmp(a, b, strlen(b)));
            continue;
        }
        assert_int_equal(drops_of(a, NULL, units, sizes, SETS, one, &e), JOPA_OK);
        assert_int_equal(drops_of(b, NULL, units, sizes, SETS, other, &e), JOPA_OK);
        for (int i = 0; i < SETS; i++)
            if (!(fabs(both[i] - (one[i] - other[i])) < 2e-3))
                fail_msg("'%s' against '%s', set %d: %f, not %f", a, b, i, both[i], one[i] - other[i]);
        compared++;
    }
    assert_true(compared > 10);
}

/* ---- questions
 * --------------------------------------------------------------------------------------------------------
 */

static double number(const jopa_result *r, const char *path) {
    double     value = NAN;
    jopa_error e = {0};
    if (jopa_result_number(r, 0, path, &value, &e)) fail_msg("%s: %s", path, e.message);
    return value;
}

static jopa_options *against(const char *method, const char *other) {
    return asked("explain", "prompt", TINY_PROMPT, "response", " the doctor is a friend", "target", "friend", "unit",
                 "word", "k", "2", "metrics", "prob", "method", method, "against", other, NULL);
}

static double sum_of(const jopa_result *r, const char *tokens, const char *member, int from, int to) {
    double sum = 0;
    for (int t = from; t < to; t++) {
        char path[80];
        snprintf(path, sizeof path, "%s.%d.%s", tokens, t, member);
        sum += number(r, path);
    }
    return sum;
}

/* The score of every method is the difference of what it shows of both answers. */
static void check_sums(const jopa_result *r) {
    static const char *const members[] = {"log_prob", "masked_log_prob"};
    static const char *const scores[] = {"log_prob.full", "log_prob.masked"};
    static const char *const others[] = {"against.log_prob.full", "against.log_prob.masked"};
    int                      first = (int)number(r, "response.target.0"), last = (int)number(r, "response.target.1");
    for (int i = 0; i < 2; i++) {
        double target = sum_of(r, "response.tokens", members[i], first, last);
        double other = sum_of(r, "against.tokens", members[i], 0, jopa_result_size(r, 0, "against.tokens"));
        assert_true(fabs(number(r, others[i]) - other) < 1e-4);
        assert_true(fabs(number(r, scores[i]) - (target - other)) < 1e-4);
    }
    assert_true(fabs(number(r, "log_prob.full") - number(r, "log_prob.masked") - jopa_result_drop(r, 0)) < 1e-4);
    assert_true(fabs(number(r, "metrics.prob.drop") - jopa_result_drop(r, 0)) < 1e-4);
    assert_int_equal(jopa_result_kind(r, 0, "metrics.prob.drop_per_token"), JOPA_KIND_NONE);
}

static void every_method(void **state) {
    (void)state;
    jopa_name name;
    for (int i = 0; jopa_list("methods", i, &name); i++) {
        jopa_error    e = {0};
        jopa_result  *r = NULL;
        jopa_options *o = against(name.name, "patient");
        if (jopa_explain(&r, tiny_model, o, &e)) fail_msg("%s: %s", name.name, e.message);
        assert_string_equal(jopa_result_text(r, 0, "against.name"), "patient");
        check_sums(r);
        jopa_result_free(r);
        jopa_options_free(o);
    }
}

/* What the model says of the tokens at the target's first place, most likely first: ids[most], log_probs[most]. */
static void best_there(const jopa_result *r, int32_t *ids, float *log_probs, int most) {
    enum { ROOM = 400 };
    int32_t    *prompt = NULL, row[ROOM], *top = malloc((size_t)ROOM * (size_t)most * sizeof *top);
    float      *best = malloc((size_t)ROOM * (size_t)most * sizeof *best), own[ROOM];
    const char *text = jopa_result_text(r, -1, "prompt.text");
    int         n = 0, first = (int)number(r, "response.target.0");
    jopa_error  e = {0};
    assert_int_equal(jopa_model_tokenize(tiny_model, text, strlen(text), true, &prompt, &n, &e), JOPA_OK);
    assert_true(n + first + 1 < ROOM && top && best);
    memcpy(row, prompt, (size_t)n * sizeof *row);
    for (int t = 0; t <= first; t++) {
        char path[60];
        snprintf(path, sizeof path, "response.tokens.%d.id", t);
        row[n + t] = (int32_t)number(r, path);
    }
    if (jopa_model_log_probs(tiny_model, row, n + first + 1, own, most, top, best, &e)) fail_msg("%s", e.message);
    memcpy(ids, top + (size_t)(n + first) * (size_t)most, (size_t)most * sizeof *ids);
    memcpy(log_probs, best + (size_t)(n + first) * (size_t)most, (size_t)most * sizeof *log_probs);
    free(prompt);
    free(top);
    free(best);
}

/* The second choice is the most likely token there that is text, and not the text that is there. */
static void the_second_choice(void **state) {
    enum { MOST = 40 };
    (void)state;
    jopa_result *r = tiny_explained(against("ablation", "next"));
    int32_t      ids[MOST], chosen = (int32_t)number(r, "against.tokens.0.id");
    float        log_probs[MOST];
    bool         found = false;
    assert_string_equal(jopa_result_text(r, 0, "against.name"), "next");
    assert_int_equal(jopa_result_size(r, 0, "against.tokens"), 1);
    assert_true(number(r, "response.target.1") - number(r, "response.target.0") == 1);
    check_sums(r);
    best_there(r, ids, log_probs, MOST);
    for (int i = 0; i < MOST && !found; i++) {
        char piece[64];
        int  size = jopa_model_piece(tiny_model, ids[i], false, piece, sizeof piece);
        found = ids[i] == chosen;
        if (!found && size > 0 && strncmp(" friend", piece, (size_t)size))
            fail_msg("token %d '%.*s' is likelier than %d", ids[i], size, piece, chosen);
        if (found) assert_true(fabs((double)log_probs[i] - number(r, "against.tokens.0.log_prob")) < 1e-3);
    }
    assert_true(found);
    jopa_result_free(r);
}

/* The prompt of a row is computed once for both answers. */
static void the_prompt_is_shared(void **state) {
    (void)state;
    jopa_result *both = tiny_explained(against("ablation", "patient")),
                *one = tiny_explained(against("ablation", NULL));
    double rows = number(both, "cost.evaluations"), more = jopa_result_size(both, 0, "against.tokens");
    assert_true(rows == number(one, "cost.evaluations"));
    assert_true(number(both, "cost.decoded_tokens") <= number(one, "cost.decoded_tokens") + rows * more);
    assert_true(number(both, "cost.naive_tokens") > 1.8 * number(one, "cost.naive_tokens"));
    jopa_result_free(both);
    jopa_result_free(one);
}

/* What is known of the response in a session is not enough for a difference; what was scored for one is, for the next
 * question; and the answer is that of a run by itself. */
static void in_a_session(void **state) {
    (void)state;
    jopa_session *s = NULL;
    jopa_error    e = {0};
    jopa_options *o = against("ablation", "patient"), *plain = against("ablation", NULL);
    jopa_result  *alone = NULL, *r = NULL;
    if (jopa_explain(&alone, tiny_model, o, &e)) fail_msg("%s", e.message);
    if (jopa_session_open(&s, tiny_model, plain, &e)) fail_msg("%s", e.message);
    if (jopa_session_explain(&r, s, plain, &e)) fail_msg("%s", e.message);
    jopa_result_free(r);
    for (int round = 0; round < 2; round++) {
        if (jopa_session_explain(&r, s, o, &e)) fail_msg("%s", e.message);
        assert_true(fabs(jopa_result_drop(r, 0) - jopa_result_drop(alone, 0)) < 1e-3);
        tiny_assert_same(r, 0, alone, 0);
        assert_true(round ? number(r, "cost.evaluations") == 0 : number(r, "cost.evaluations") > 0);
        jopa_result_free(r);
    }
    jopa_options_free(o);
    o = asked("score", "against", "patient", "target", "friend", "hide", "doctor", NULL);
    if (jopa_session_score(&r, s, o, &e)) fail_msg("%s", e.message);
    assert_true(fabs(number(r, "log_prob.full") - number(alone, "log_prob.full")) < 1e-3);
    jopa_result_free(r);
    jopa_result_free(alone);
    jopa_session_free(s);
    jopa_options_free(o);
    jopa_options_free(plain);
}

/* Written and read back it is the same, and it can be asked again. */
static void kept_and_asked_again(void **state) {
    (void)state;
    jopa_options *o = against("ablation", "patient"), *again = NULL;
    jopa_result  *r = NULL, *back = NULL;
    jopa_error    e = {0};
    size_t        size;
    if (jopa_explain(&r, tiny_model, o, &e)) fail_msg("%s", e.message);
    char *json = jopa_result_render(r, "json", NULL, &size, &e);
    assert_int_equal(jopa_result_parse(&back, json, size, &e), JOPA_OK);
    for (int i = 0;; i++) { /* every format says the same of both */
        jopa_name format;
        if (!jopa_list("formats", i, &format)) break;
        char *one = jopa_result_render(r, format.name, NULL, NULL, &e),
             *two = jopa_result_render(back, format.name, NULL, NULL, &e);
        if (!one && !strcmp(format.name, "prompt")) continue; /* of compress alone */
        if (!one) fail_msg("%s: %s", format.name, e.message);
        assert_string_equal(one, two);
        if (!strcmp(format.name, "text")) assert_int_equal(strncmp(one, "Why “friend” and not “patient”", 30), 0);
        jopa_free(one);
        jopa_free(two);
    }
    assert_int_equal(jopa_options_new(&again, "explain", &e), JOPA_OK);
    if (jopa_options_like(again, back, 0, &e)) fail_msg("%s", e.message);
    assert_same_asked(o, again);
    jopa_free(json);
    jopa_result_free(r);
    jopa_result_free(back);
    jopa_options_free(o);
    jopa_options_free(again);
}

/* ---- bad input ------------------------------------------------------------------------------------------------------
 */

static const struct {
    const char *response, *target, *against, *message;
} wrong[] = {
    {" a friend", "friend", "friend", "that is the answer itself"},
    {" a friend", NULL, " a friend", "that is the answer itself"},
    {" a friend", NULL, " a friend of mine", "the other answer begins with the answer"},
    {" a friend of mine", NULL, " a friend", "the answer begins with the other one"},
    {" a friend", "friend", "", "it is empty"},
    {" a friend", "friend", "=", "it is empty"},
    {" a friend", "sentence:all", "no", "one target at a time"},
    {" a friend", "frend", "no", "did you mean 'friend'?"},
    {" a friend", "friend", "\xff", "not UTF-8"},
};

static void what_cannot_be(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        jopa_error    e = {0};
        jopa_result  *r = NULL;
        jopa_options *o = asked("explain", "prompt", TINY_PROMPT, "response", wrong[i].response, "method", "ablation",
                                "against", wrong[i].against, NULL);
        if (wrong[i].target) ask_also(o, "target", wrong[i].target, NULL);
        assert_int_not_equal(jopa_explain(&r, tiny_model, o, &e), JOPA_OK);
        if (!strstr(e.message, wrong[i].message)) fail_msg("'%s', not '%s'", e.message, wrong[i].message);
        jopa_options_free(o);
    }
    jopa_options *two = asked("explain", "prompt", TINY_PROMPT, "target", "a", "target", "b", "against", "c", NULL);
    jopa_error    e = {0};
    assert_int_equal(jopa_options_check(two, &e), JOPA_ERROR_USAGE);
    jopa_options_free(two);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(differences_of_a_formula),
        cmocka_unit_test(gradients_of_a_formula),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(both_are_what_each_is),
        cmocka_unit_test(every_method),
        cmocka_unit_test(the_prompt_is_shared),
        cmocka_unit_test(the_second_choice),
        cmocka_unit_test(in_a_session),
        cmocka_unit_test(kept_and_asked_again),
        cmocka_unit_test(what_cannot_be),
    };
    return cmocka_run_group_tests(tests, tiny_setup, tiny_teardown);
}
