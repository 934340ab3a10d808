/* Searches from coarse to fine on closed-form problems: what is found, what comes back, limits; the cuts; the kinds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka.h needs the four above
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "formula_problem.h"
#include "levels/levels.h"
#include "prompt/recut.h"
#include "prompt/units.h"

enum {
    PARAGRAPHS = 20,
    SENTENCES = 5,
    WORDS = 6,
    N = PARAGRAPHS * SENTENCES * WORDS,
    ROW = N + JP_FORMULA_LEAD + 1 + 2
};

static const jp_level_kinds THREE = {{JP_UNIT_PARAGRAPH, JP_UNIT_SENTENCE, JP_UNIT_WORD}, 3};

/* The formula's prompt with a text of paragraphs of sentences; without `ends` it is one sentence. */
static void write_text(jp_prompt *p, bool ends) {
    jp_buffer text = {0};
    jp_buffer_text(&text, "||");
    for (int u = 0; u < N; u++) {
        bool last = ends && u % WORDS == WORDS - 1,
             paragraph = last && u % (SENTENCES * WORDS) == SENTENCES * WORDS - 1;
        size_t start = text.size;
        jp_buffer_format(&text, "%cord%d%s", ends && u % WORDS == 0 ? 'W' : 'w', u, last ? "." : "");
        p->units[u].start = start;
        p->units[u].end = text.size;
        jp_buffer_text(&text, paragraph ? "\n\n" : " ");
        p->tokens[u + JP_FORMULA_LEAD].start = start;
        p->tokens[u + JP_FORMULA_LEAD].end = text.size;
    }
    p->spans[0].start = 2;
    p->spans[0].end = text.size;
    p->tokens[p->n_tokens - 1].start = text.size;
    jp_buffer_text(&text, "|");
    p->tokens[p->n_tokens - 1].end = text.size;
    free(p->text);
    p->text = jp_buffer_take(&text, &p->size);
    assert_non_null(p->text);
}

static void open_text(formula_problem *p) {
    formula_problem_open(p, N);
    write_text(&p->prompt, true);
}

typedef struct {
    jp_selection     found;
    jp_levels_report report;
    jp_cost          cost;
    int              status;
} outcome;

static outcome run(formula_problem *p, const char *method, const jp_limits *limits, int k, int budget, uint64_t seed) {
    outcome    o = {0};
    jopa_error e = {0};
    jp_limits  all = *limits;
    all.k = k;
    formula_problem_start(p, &all);
    assert_int_equal(jp_selection_init(&o.found, N, &e), JP_OK);
    o.status = jp_levels_run(&(jp_task){.scorer = p->scorer, .n = N, .k = k, .budget = budget, .seed = seed}, method,
                             &THREE, &o.found, &o.report, &e);
    if (o.status > 0) fail_msg("%s", e.message);
    jp_scorer_cost(p->scorer, &o.cost);
    assert_in_range(jp_bitset_count(&o.found.selected), 1, k);
    return o;
}

static void outcome_free(outcome *o) {
    jp_selection_free(&o->found);
    jp_levels_report_free(&o->report);
}

/* ---- what is found -------------------------------------------------------------------------------------------------
 */

/* Each of two words alone does nothing; they are far apart. */
static void test_a_joint_pair_in_two_paragraphs(void **state) {
    (void)state;
    for (int seed = 0; seed < 6; seed++) {
        formula_problem p;
        int             a = 40 + 7 * seed, b = 431 + 11 * seed;
        open_text(&p);
        assert_int_equal(jp_formula_or(p.engine, 6, a, b, NULL), JP_OK);
        outcome o = run(&p, "jopa", &(jp_limits){0}, 4, 0, (uint64_t)seed);
        assert_true(jp_bitset_has(&o.found.selected, a) && jp_bitset_has(&o.found.selected, b));
        assert_int_equal(o.status, JP_OK);
        assert_int_equal(o.report.n, 3);
        assert_in_range(o.cost.decoded_tokens, ROW, JP_LEVELS_BUDGET * ROW + 2 * ROW);
        outcome_free(&o);
        formula_problem_close(&p);
    }
}

static void test_reports_tell_each_level(void **state) {
    static const char *const names[] = {"paragraph", "sentence", "word"};
    static const int         counts[] = {PARAGRAPHS, PARAGRAPHS * SENTENCES, N};
    formula_problem          p;
    int64_t                  tokens = ROW, evaluations = 1;
    (void)state;
    open_text(&p);
    jp_formula_add(p.engine, 5, (int[]){100}, 1, NULL);
    jp_formula_add(p.engine, 4, (int[]){400}, 1, NULL);
    outcome o = run(&p, "jopa", &(jp_limits){0}, 2, 0, 1);
    for (int i = 0; i < 3; i++) {
        const jp_level_report *l = o.report.levels + i;
        assert_string_equal(l->unit, names[i]);
        assert_int_equal(l->units, counts[i]);
        assert_in_range(l->candidates, 2, i ? counts[i] / 2 : counts[0]);
        assert_float_equal(l->drop, 9, 1e-4);
        assert_true(l->n_selected >= 1 && l->selected[0].end <= p.prompt.size);
        tokens += l->decoded_tokens;
        evaluations += l->evaluations;
    }
    assert_int_equal(o.report.levels[2].n_selected, 2);
    assert_memory_equal(p.prompt.text + o.report.levels[2].selected[0].start, "word100", 7);
    assert_int_equal(evaluations, o.cost.evaluations);
    assert_int_equal(tokens, o.cost.decoded_tokens);
    int ruled_out = 0;
    for (int u = 0; u < N; u++) ruled_out += o.found.probability[u] == 0;
    assert_in_range(ruled_out, N / 2, N - 2);
    assert_true(o.found.probability[100] > 0);
    outcome_free(&o);
    formula_problem_close(&p);
}

/* Knockouts do not show what the word does, so its region is ruled out; true drops of other sets do. */
static void test_regions_come_back(void **state) {
    formula_problem p;
    int             returned = 0, found = 0;
    (void)state;
    for (uint64_t seed = 0; seed < 4; seed++) {
        open_text(&p);
        jp_formula_add(p.engine, 6, (int[]){200}, 1, NULL);
        jp_formula_add(p.engine, 5, (int[]){70}, 1, NULL);
        jp_formula_blind(p.engine, 70);
        outcome o = run(&p, "jopa", &(jp_limits){0}, 3, 120, seed);
        assert_true(jp_bitset_has(&o.found.selected, 200));
        for (int i = 0; i < 3; i++) returned += o.report.levels[i].returned;
        found += jp_bitset_has(&o.found.selected, 70);
        outcome_free(&o);
        formula_problem_close(&p);
    }
    assert_true(returned > 0);
    assert_in_range(found, 3, 4);
}

/* Hiding the best sentence is a set that the search begins with: it never ends with less. */
static void test_no_worse_than_the_best_sentence(void **state) {
    formula_problem p;
    (void)state;
    open_text(&p);
    for (int w = 0; w < WORDS; w++) jp_formula_add(p.engine, 0.5, (int[]){300 + w}, 1, NULL);
    jp_formula_add(p.engine, 3, (int[]){300, 302, 305}, 3, NULL);
    outcome o = run(&p, "jopa", &(jp_limits){0}, WORDS, 0, 3);
    assert_true(jp_formula_drop(p.engine, &o.found.selected) > 0.98 * 6);
    outcome_free(&o);
    formula_problem_close(&p);
}

static void test_ablation_by_levels(void **state) {
    static const int words[] = {17, 250, 431, 599};
    formula_problem  p;
    (void)state;
    open_text(&p);
    for (int i = 0; i < 4; i++) jp_formula_add(p.engine, 4 + i, (int[]){words[i]}, 1, NULL);
    outcome o = run(&p, "ablation", &(jp_limits){0}, 4, 0, 0);
    for (int i = 0; i < 4; i++) assert_true(jp_bitset_has(&o.found.selected, words[i]));
    for (int u = 0; u < N; u++) assert_false(isnan(o.found.score[u]));
    assert_true(o.found.score[599] > o.found.score[17] && o.found.score[17] > o.found.score[18]);
    assert_in_range(o.cost.decoded_tokens, 1, JP_LEVELS_BUDGET * ROW + 2 * ROW);
    outcome_free(&o);
    formula_problem_close(&p);
}

/* Without knockouts the guide is true drops, and all stays within the bill. */
static void test_an_engine_without_knockouts(void **state) {
    formula_problem p;
    (void)state;
    open_text(&p);
    jp_formula_add(p.engine, 5, (int[]){333}, 1, NULL);
    jp_formula_restrict(p.engine, JP_CAN_SCORE);
    outcome o = run(&p, "jopa", &(jp_limits){0}, 2, 100, 0);
    assert_true(jp_bitset_has(&o.found.selected, 333));
    assert_in_range(o.cost.decoded_tokens, 1, 102 * ROW);
    outcome_free(&o);
    formula_problem_close(&p);
}

/* ---- limits
 * ----------------------------------------------------------------------------------------------------------- */

static void test_budgets_are_kept(void **state) {
    static const int budgets[] = {1, 3, 8, 20, 60};
    (void)state;
    for (size_t i = 0; i < sizeof budgets / sizeof *budgets; i++) {
        formula_problem p;
        open_text(&p);
        jp_formula_random(p.engine, 0, 5, NULL);
        outcome o = run(&p, "jopa", &(jp_limits){.budget = budgets[i]}, 20, budgets[i], 0);
        assert_in_range(o.cost.decoded_tokens, 1, (budgets[i] + 6) * ROW); /* a batch begun is finished */
        outcome_free(&o);
        formula_problem_close(&p);
    }
}

typedef struct {
    int    calls, stop_at, evaluations;
    double best;
} watch;

static int watching(void *user, int evaluations, int budget, double best) {
    watch *w = user;
    (void)budget;
    assert_true(evaluations >= w->evaluations);
    assert_true(isnan(best) || isnan(w->best) || best >= w->best);
    w->evaluations = evaluations;
    if (!isnan(best)) w->best = best;
    return ++w->calls == w->stop_at;
}

/* Whenever the user stops it, there is a set. */
static void test_interrupts(void **state) {
    (void)state;
    for (int stop_at = 1; stop_at < 60; stop_at += 3) {
        formula_problem p;
        watch           w = {.stop_at = stop_at, .best = NAN};
        open_text(&p);
        jp_formula_random(p.engine, 0, 5, NULL);
        outcome o = run(&p, "jopa", &(jp_limits){.progress = watching, .user = &w}, 5, 0, 0);
        if (w.calls >= stop_at) {
            assert_int_equal(o.status, JP_STOP);
            assert_int_equal(w.calls, stop_at);
            assert_int_equal(jp_scorer_stopped(p.scorer), JP_STOP_USER);
        }
        outcome_free(&o);
        formula_problem_close(&p);
    }
}

static void test_time(void **state) {
    formula_problem p;
    (void)state;
    open_text(&p);
    outcome o = run(&p, "ablation", &(jp_limits){.seconds = 1e-6}, 5, 0, 0);
    assert_int_equal(o.status, JP_STOP);
    assert_int_equal(jp_scorer_stopped(p.scorer), JP_STOP_TIME);
    outcome_free(&o);
    formula_problem_close(&p);
}

/* ---- cuts and kinds
 * ------------------------------------------------------------------------------------------------------ */

static void check_cut(const jp_prompt *p, jp_unit_kind kind, int longest, int run_of, int expected) {
    jp_prompt cut;
    int       next = JP_FORMULA_LEAD;
    assert_int_equal(jp_recut(&cut, p, kind, longest, run_of, NULL), JP_OK);
    if (expected) assert_int_equal(cut.n_units, expected);
    for (int u = 0; u < cut.n_units; u++) {
        assert_int_equal(cut.units[u].first, next); /* no token is left out */
        next = cut.units[u].last;
        if (longest) assert_in_range(next - cut.units[u].first, 1, longest);
        for (int t = cut.units[u].first; t < next; t++) assert_int_equal(cut.tokens[t].unit, u);
    }
    assert_int_equal(next, JP_FORMULA_LEAD + N);
    jp_recut_free(&cut);
}

static void test_cuts(void **state) {
    formula_problem p;
    (void)state;
    open_text(&p);
    check_cut(&p.prompt, JP_UNIT_PARAGRAPH, 0, 0, PARAGRAPHS);
    check_cut(&p.prompt, JP_UNIT_SENTENCE, 0, 0, PARAGRAPHS * SENTENCES);
    check_cut(&p.prompt, JP_UNIT_PARAGRAPH, 20, 2 * WORDS, 3 * PARAGRAPHS); /* 2 + 2 + 1 sentences */
    check_cut(&p.prompt, JP_UNIT_SENTENCE, 4, 3, 2 * PARAGRAPHS * SENTENCES);
    write_text(&p.prompt, false);
    check_cut(&p.prompt, JP_UNIT_PARAGRAPH, 100, 50, N / 50);
    formula_problem_close(&p);
}

static void check_kinds(const jp_prompt *p, const char *list, const char *unit, int n, int code) {
    jp_unit_kind   kind;
    jp_level_wish  wish = {0};
    jp_level_kinds kinds = {0};
    jopa_error     e = {0};
    assert_int_equal(jp_unit_kind_parse(unit, &kind, &e), JP_OK);
    assert_int_equal(jp_levels_parse(&wish, list, kind, &e), code);
    if (code) assert_true(strlen(e.message) > 20 && !strchr(e.message, '\n'));
    else assert_int_equal(jp_levels_choose(&kinds, &wish, kind, p, &e), JP_OK);
    assert_int_equal(kinds.n, n);
}

static void test_kinds(void **state) {
    formula_problem p, small;
    (void)state;
    open_text(&p);
    formula_problem_open(&small, 30);
    check_kinds(&p.prompt, "auto", "word", 3, JP_OK);
    check_kinds(&p.prompt, "auto", "token", 3, JP_OK);
    check_kinds(&p.prompt, "auto", "sentence", 2, JP_OK);
    check_kinds(&p.prompt, "none", "word", 0, JP_OK);
    check_kinds(&p.prompt, "paragraph,sentence,word", "word", 3, JP_OK);
    check_kinds(&p.prompt, "paragraph", "word", 2, JP_OK);
    check_kinds(&p.prompt, "line", "word", 2, JP_OK);
    check_kinds(&p.prompt, "word", "word", 0, JP_OK);
    check_kinds(&small.prompt, "auto", "word", 0, JP_OK);
    static const char *const bad[] = {"sentence,paragraph", "page", "paragraph,,word", "word,word", "token",
                                      "sentence,line",      ","};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) check_kinds(&p.prompt, bad[i], "word", 0, JOPA_ERROR_USAGE);
    formula_problem_close(&p);
    formula_problem_close(&small);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_joint_pair_in_two_paragraphs),
        cmocka_unit_test(test_reports_tell_each_level),
        cmocka_unit_test(test_regions_come_back),
        cmocka_unit_test(test_no_worse_than_the_best_sentence),
        cmocka_unit_test(test_ablation_by_levels),
        cmocka_unit_test(test_an_engine_without_knockouts),
        cmocka_unit_test(test_budgets_are_kept),
        cmocka_unit_test(test_interrupts),
        cmocka_unit_test(test_time),
        cmocka_unit_test(test_cuts),
        cmocka_unit_test(test_kinds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
