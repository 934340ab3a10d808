/* The store: what one scorer scored, others need not score again, whatever their k, seed or target. */
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
#include "formula_problem.h"
#include "score/cache.h"

enum { UNITS = 14 };

static void open_scene(formula_problem *p) {
    formula_problem_open(p, UNITS);
    assert_int_equal(jp_formula_random(p->engine, 0.5, 3, NULL), JP_OK);
}

/* ---- the engine, watched: which prompts it scores ------------------------------------------------------------- */

static struct {
    jp_engine_ops        ops;
    const jp_engine_ops *own;
    jp_cache             seen; /* sets of shown units */
    int                  rows, again;
} watch;

static int watched_score(void *self, const jopa_score_request *rq, jopa_error *e) {
    jp_bitset shown;
    assert_int_equal(jp_bitset_init(&shown, UNITS), JP_OK);
    for (int i = 0; i < rq->n_rows; i++) {
        jp_bitset_clear(&shown);
        for (int j = 0; j < rq->n_prompt[i]; j++)
            if (rq->prompt[i][j] >= 0 && rq->prompt[i][j] < UNITS) jp_bitset_add(&shown, rq->prompt[i][j]);
        watch.again += jp_cache_get(&watch.seen, &shown, NULL);
        assert_int_equal(jp_cache_put(&watch.seen, &shown, 0), JP_OK);
        watch.rows++;
    }
    jp_bitset_free(&shown);
    return watch.own->score(self, rq, e);
}

static void watch_engine(jp_engine *engine) {
    watch.own = engine->ops;
    watch.ops = *watch.own;
    watch.ops.score = watched_score;
    watch.rows = watch.again = 0;
    jp_cache_init(&watch.seen, UNITS);
    engine->ops = &watch.ops;
}

/* ---- the same walk -------------------------------------------------------------------------------------------- */

typedef struct {
    jp_bitset selected;
    double    drop;
    jp_cost   cost;
} outcome;

static outcome search(formula_problem *p, const char *method, int k, int budget, uint64_t seed, jp_store *store) {
    outcome      o;
    jp_selection found;
    jp_scorer   *s = NULL;
    assert_int_equal(jp_scorer_stored(&s, p->engine, &p->problem, &(jp_limits){.k = k, .budget = budget}, store, NULL),
                     JP_OK);
    assert_int_equal(jp_selection_init(&found, UNITS, NULL), JP_OK);
    int status = jp_method_find(method)->run(
        &(jp_task){.scorer = s, .n = UNITS, .k = k, .budget = budget, .seed = seed}, &found, NULL);
    assert_true(status <= 0);
    jp_scorer_relimit(s, &(jp_limits){.k = UNITS});
    assert_int_equal(jp_scorer_drops(s, &found.selected, 1, &o.drop, NULL), JP_OK);
    assert_int_equal(jp_bitset_init(&o.selected, UNITS), JP_OK);
    jp_bitset_copy(&o.selected, &found.selected);
    jp_scorer_cost(s, &o.cost);
    jp_selection_free(&found);
    jp_scorer_free(s);
    return o;
}

static void test_searches_share_a_store(void **state) {
    static const struct {
        const char *method;
        int         k, budget, first, last;
        uint64_t    seed;
    } searches[] = {{"jopa", 3, 60, 0, 3, 1},  {"jopa", 3, 60, 0, 3, 2},    {"jopa", 2, 60, 1, 2, 1},
                    {"greedy", 3, 0, 0, 3, 0}, {"ablation", 4, 0, 2, 3, 0}, {"random", 3, 50, 0, 2, 7},
                    {"lime", 3, 80, 0, 3, 5},  {"jopa", 3, 60, 0, 3, 1},    {"exhaustive", 2, 0, 0, 1, 0}};
    formula_problem p;
    jp_store       *store = NULL;
    (void)state;
    open_scene(&p);
    watch_engine(p.engine);
    assert_int_equal(jp_store_new(&store, UNITS, p.problem.n_response, NULL), JP_OK);
    for (size_t i = 0; i < sizeof searches / sizeof *searches; i++) {
        p.problem.target_first = searches[i].first;
        p.problem.target_last = searches[i].last;
        int     rows = watch.rows, again = watch.again;
        outcome with = search(&p, searches[i].method, searches[i].k, searches[i].budget, searches[i].seed, store);
        assert_int_equal(watch.again, again); /* no set is scored twice */
        assert_int_equal(watch.rows - rows, with.cost.evaluations);
        jp_engine_ops *ops = &watch.ops;
        p.engine->ops = watch.own;
        outcome without = search(&p, searches[i].method, searches[i].k, searches[i].budget, searches[i].seed, NULL);
        p.engine->ops = ops;
        assert_true(jp_bitset_equal(&with.selected, &without.selected));
        assert_float_equal(with.drop, without.drop, 1e-5);
        assert_int_equal(with.cost.evaluations + with.cost.recalled, without.cost.evaluations);
        assert_int_equal(with.cost.gradients, without.cost.gradients);
        assert_true(i > 0 ? with.cost.recalled > 0 : with.cost.recalled == 0);
        if (i == 7) assert_true(with.cost.evaluations == 0 && with.cost.decoded_tokens == 0); /* asked again */
        jp_bitset_free(&with.selected);
        jp_bitset_free(&without.selected);
    }
    jp_cache_free(&watch.seen);
    jp_store_free(store);
    formula_problem_close(&p);
}

/* ---- log-probabilities through it ----------------------------------------------------------------------------- */

enum { MASKS = 40 };

/* Sets of one or two of six units; some are the same. */
static jp_bitset *draw_masks(void) {
    jp_bitset *masks = jp_bitset_array_new(MASKS, UNITS);
    jp_random  r;
    jp_random_seed(&r, 2);
    for (int i = 0; i < MASKS; i++)
        for (int j = 0; j < 2; j++) jp_bitset_add(masks + i, jp_random_below(&r, 6));
    return masks;
}

/* Another target's are known, too: nothing is scored. */
static void check_other_target(formula_problem *p, jp_store *store, const jp_bitset *masks, const float *log_probs) {
    float      part[MASKS];
    jp_scorer *s = NULL;
    jp_cost    cost;
    int        rows = watch.rows;
    p->problem.target_first = 1;
    p->problem.target_last = 2;
    assert_int_equal(jp_scorer_stored(&s, p->engine, &p->problem, &(jp_limits){.k = UNITS}, store, NULL), JP_OK);
    assert_int_equal(jp_scorer_log_probs(s, masks, MASKS, part, NULL), JP_OK);
    for (int i = 0; i < MASKS; i++) assert_float_equal(part[i], log_probs[3 * i + 1], 0);
    jp_scorer_cost(s, &cost);
    assert_true(watch.rows == rows && cost.evaluations == 0 && cost.decoded_tokens == 0 && cost.recalled > 1);
    jp_scorer_free(s);
}

static void test_log_probs_come_from_the_store(void **state) {
    formula_problem p;
    jp_store       *store = NULL;
    jp_scorer      *s = NULL;
    jp_bitset      *masks = draw_masks();
    float           log_probs[MASKS * 3];
    double          drops[MASKS];
    (void)state;
    open_scene(&p);
    watch_engine(p.engine);
    assert_int_equal(jp_store_new(&store, UNITS, p.problem.n_response, NULL), JP_OK);
    assert_int_equal(jp_scorer_stored(&s, p.engine, &p.problem, &(jp_limits){.k = UNITS}, store, NULL), JP_OK);
    assert_int_equal(jp_scorer_drops(s, masks, MASKS / 2, drops, NULL), JP_OK);
    assert_int_equal(jp_scorer_log_probs(s, masks, MASKS, log_probs, NULL), JP_OK);
    assert_int_equal(jp_scorer_drops(s, masks, MASKS, drops, NULL), JP_OK);
    assert_int_equal(watch.again, 0);
    assert_int_equal(jp_store_count(store), watch.rows);
    for (int i = 0; i < MASKS; i++) {
        double f = (double)log_probs[3 * i] + (double)log_probs[3 * i + 1] + (double)log_probs[3 * i + 2];
        assert_float_equal(jp_scorer_full(s) - f, drops[i], 1e-5);
        assert_float_equal(drops[i], jp_formula_drop(p.engine, masks + i), 1e-4);
    }
    jp_scorer_free(s);
    check_other_target(&p, store, masks, log_probs);
    jp_cache_free(&watch.seen);
    jp_store_free(store);
    jp_bitset_array_free(masks);
    formula_problem_close(&p);
}

/* The budget is spent on what is recalled, too. */
static void test_recalled_sets_count_against_the_budget(void **state) {
    formula_problem p;
    jp_store       *store = NULL;
    jp_scorer      *s = NULL;
    jp_bitset      *masks = jp_bitset_array_new(UNITS, UNITS);
    double          drops[UNITS];
    (void)state;
    open_scene(&p);
    for (int i = 0; i < UNITS; i++) jp_bitset_add(masks + i, i);
    assert_int_equal(jp_store_new(&store, UNITS, p.problem.n_response, NULL), JP_OK);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(jp_scorer_stored(&s, p.engine, &p.problem, &(jp_limits){.k = UNITS, .budget = 6}, store, NULL),
                         JP_OK);
        assert_int_equal(jp_scorer_drops(s, masks, UNITS, drops, NULL), JP_STOP);
        for (int i = 0; i < UNITS; i++) assert_int_equal(isnan(drops[i]) != 0, i >= 5);
        assert_int_equal(jp_scorer_spent(s), 6);
        assert_int_equal(jp_scorer_stopped(s), JP_STOP_BUDGET);
        jp_scorer_free(s);
    }
    assert_int_equal(jp_store_count(store), 6);
    jp_store_free(store);
    jp_bitset_array_free(masks);
    formula_problem_close(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_searches_share_a_store),
        cmocka_unit_test(test_log_probs_come_from_the_store),
        cmocka_unit_test(test_recalled_sets_count_against_the_budget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
