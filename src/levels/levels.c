#include "levels/levels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "levels/level.h"
#include "prompt/recut.h"
#include "prompt/units.h"

enum {
    TAIL = 32, /* tokens of the prompt that knockouts decode again */
    POOL_PER_K = 2,
    POOL_LEAST = 24,        /* units that the last level chooses from, */
    FEW = 16,               /* units, where k is larger, that the last level looks for first */
    WIDEST = 3,             /* that times as many at most, */
    WIDER = 2,              /* this many times as many at the others */
    COARSE_EVALUATIONS = 8, /* true ones of a coarse level */
    RETURNS = 3,            /* times that ruled out regions may come back to a level */
    COARSE_PROMPTS = 30,    /* of the few: full prompts of a bill from which on coarse levels get no more, */
    FEW_PROMPTS = 12        /* and that the search for them may cost */
};
static const double GROWTH = 1.5; /* level i of n may have spent (i / n)^GROWTH of the tokens */
/* Of a level's tokens: knockouts of units alone, and with those of sets; of the last level's. */
static const double GUIDE_SHARE = 0.4, KNOCKOUT_SHARE = 0.7, LAST_GUIDE_SHARE = 0.25, LAST_KNOCKOUT_SHARE = 0.4;
static const double FEW_SHARE = 0.35; /* of the last level's tokens for these */
static const double WORTH = 0.05; /* of the best region's drop: what a region has to have to be kept beyond the least */
static const double RETURN_SHARE = 0.2; /* of a level's tokens that have to be left for regions to come back */
static const double FIRST_SHARE = 0.6;  /* of what a level has for true drops, before regions come back */

typedef struct {
    const jp_task    *task;
    const char       *method;
    int               n_levels, reached;    /* levels begun */
    jp_prompt         cuts[JP_LEVELS_MOST]; /* of the coarse levels; the last level's units are the task's */
    jp_level          levels[JP_LEVELS_MOST];
    bool             *kept[JP_LEVELS_MOST]; /* [levels[i].n] regions that the next level looks into */
    int               row;                  /* tokens of prompt and response */
    int64_t           tokens;               /* for all */
    jp_levels_report *report;
} run;

static const jp_prompt *finest(const run *r) { return jp_scorer_problem(r->task->scorer)->prompt; }
static bool             is_ablation(const run *r) { return !strcmp(r->method, "ablation"); }

bool jp_levels_apply(const char *method) {
    return !strcmp(method, "jopa") || !strcmp(method, "jopa-nograd") || !strcmp(method, "ablation");
}

void jp_levels_report_free(jp_levels_report *r) {
    for (int i = 0; i < r->n; i++) free(r->levels[i].selected);
    *r = (jp_levels_report){0};
}

/* ---- regions -------------------------------------------------------------------------------------------------------
 */

/* The finest units in each unit of level i. */
static int *count_inside(const run *r, int i, jopa_error *e) {
    const jp_prompt *fine = finest(r), *units = r->levels[i].units;
    int             *count = calloc((size_t)units->n_units, sizeof *count);
    if (!count) jp_fail_memory(e);
    for (int u = 0; count && u < fine->n_units; u++) {
        int region = units->tokens[fine->units[u].first].unit;
        if (region >= 0) count[region]++;
    }
    return count;
}

static bool promising(const jp_level *l, int u) {
    bool held = jp_bitset_has(&l->set, u);
    for (int i = 0; i < l->n_start; i++) held |= jp_bitset_has(l->start + i, u);
    return held;
}

/* The next region to be kept: those of the sets found first, then by value; -1: all are. */
static int next_region(const run *r, int i) {
    const jp_level *l = r->levels + i;
    int             best = -1;
    for (int u = 0; u < l->n; u++) {
        if (r->kept[i][u]) continue;
        bool first = best < 0 || promising(l, u) > promising(l, best);
        if (first || (promising(l, u) == promising(l, best) && jp_level_value(l, u) > jp_level_value(l, best)))
            best = u;
    }
    return best;
}

/* Keep more regions of level i: until they hold `units` of the finest units, and on to `most` as long as they are worth
 * something. Returns how many came, or -1: no memory. */
static int keep_regions(run *r, int i, int units, int most, jopa_error *e) {
    const jp_level *l = r->levels + i;
    int            *count = count_inside(r, i, e), held = 0, came = 0;
    double          best = 0;
    if (!count) return -1;
    for (int u = 0; u < l->n; u++) {
        held += r->kept[i][u] ? count[u] : 0;
        best = fmax(best, jp_level_value(l, u));
    }
    for (int u; (u = next_region(r, i)) >= 0;) {
        if (came && held >= units && (held >= most || jp_level_value(l, u) < WORTH * best || best == 0)) break;
        r->kept[i][u] = true;
        held += count[u];
        came++;
    }
    free(count);
    return came;
}

/* Level i's pool: what lies in regions of the coarser level that are kept, all of it at the first. */
static void set_pool(run *r, int i) {
    jp_level       *l = r->levels + i;
    const jp_level *coarse = i ? l - 1 : NULL;
    for (int u = 0; u < l->n; u++) {
        const jp_unit *unit = l->units->units + u;
        int            region = coarse ? coarse->units->tokens[unit->first].unit : 0;
        l->pool[u] = !coarse || (region >= 0 && r->kept[i - 1][region]);
        if (!coarse || region < 0) continue;
        const jp_unit *whole = coarse->units->units + region;
        l->expect[u] = jp_level_value(coarse, region) * (unit->last - unit->first) / (whole->last - whole->first);
    }
}

/* Of the finest units, how many the regions should hold that level i looks into. */
static int units_wanted(const run *r, int i) {
    int k = i == r->n_levels - 1 ? r->levels[i].k : r->task->k;
    int wanted = POOL_PER_K * k > POOL_LEAST ? POOL_PER_K * k : POOL_LEAST;
    return i == r->n_levels - 1 ? wanted : WIDER * wanted;
}

/* ---- what a level begins with
 * ------------------------------------------------------------------------------------------ */

/* Add the units of level i that lie in region `u` of the coarser one; false: the set would get larger than the level's
 * k. */
static bool add_region(const run *r, int i, int u, jp_bitset *set) {
    const jp_unit  *region = r->levels[i - 1].units->units + u;
    const jp_level *l = r->levels + i;
    int             last = -1, count = jp_bitset_count(set);
    for (int pass = 0; pass < 2; pass++)
        for (int t = region->first; t < region->last; t++) {
            int unit = l->units->tokens[t].unit;
            if (unit < 0 || unit == last || jp_bitset_has(set, unit)) continue;
            last = unit;
            if (pass) jp_bitset_add(set, unit);
            else count++;
            if (count > l->k) return false;
        }
    return true;
}

/* The coarser level's units, the most valuable first, as far as they fit into the set. */
static int add_regions(const run *r, int i, jp_bitset *set, jopa_error *e) {
    const jp_level *coarse = r->levels + i - 1;
    bool           *taken = calloc((size_t)coarse->n, sizeof *taken);
    if (!taken) return jp_fail_memory(e);
    for (int step = 0; step < coarse->n; step++) {
        int best = -1;
        for (int u = 0; u < coarse->n; u++)
            if (!taken[u] && jp_level_value(coarse, u) > (best < 0 ? 0 : jp_level_value(coarse, best))) best = u;
        if (best < 0 || !add_region(r, i, best, set)) break;
        taken[best] = true;
    }
    free(taken);
    return JP_OK;
}

/* Sets to begin with: the coarser level's most valuable units, its best set, and what this level has found with the
 * former beside it; as far as k goes. */
static int hand_down(run *r, int i, jopa_error *e) {
    const jp_level *coarse = r->levels + i - 1;
    jp_level       *l = r->levels + i;
    l->n_start = 0;
    for (int s = 0; s < JP_LEVEL_STARTS; s++) jp_bitset_clear(l->start + s);
    if (!i) return JP_OK;
    jp_bitset *next = l->start;
    int        status = add_regions(r, i, next, e);
    next += jp_bitset_count(next) > 0;
    bool same = !isnan(coarse->drop) && jp_level_translate(coarse->units, &coarse->set, l->units, next);
    if (same && jp_bitset_count(next) && jp_bitset_count(next) <= l->k) {
        if (!(l->drop >= coarse->drop)) {
            jp_bitset_copy(&l->set, next);
            l->drop = coarse->drop;
        }
        next++;
    } else jp_bitset_clear(next);
    if (!status && l->round) {
        jp_bitset_copy(next, &l->set);
        status = add_regions(r, i, next, e);
        next += !jp_bitset_equal(next, &l->set);
    }
    l->n_start = (int)(next - l->start);
    return status;
}

/* ---- a level
 * --------------------------------------------------------------------------------------------------------------- */

static int64_t at_share(int64_t from, int64_t to, double share) {
    return from + (int64_t)(share * (double)(to - from));
}

/* Ask what each unit of the pool is worth alone. The first level, of which nothing is known, asks after all of its
 * units, for as much as half of the whole bill; where that is too little, after groups of them first. */
static int ask_alone(run *r, int i, int64_t tokens, jopa_error *e) {
    jp_level *l = r->levels + i;
    int64_t   from = jp_level_spent(l), limit = at_share(from, tokens, l->last ? LAST_GUIDE_SHARE : GUIDE_SHARE);
    int64_t   all = from + jp_level_price(l) * l->n, half = at_share(from, r->tokens, 0.5);
    if (i || l->round) return jp_level_guide(l, limit, e);
    if (limit < half && limit < all) limit = all < half ? all : half;
    int groups = (int)((limit - from) / 2 / jp_level_price(l));
    int status = all > limit && groups > 1 ? jp_level_group_guide(l, groups, limit, e) : JP_OK;
    return status ? status : jp_level_guide(l, limit, e);
}

/* Ask and search once; `tokens`: what the bill may come to. */
static int work(run *r, int i, int64_t tokens, jopa_error *e) {
    jp_level *l = r->levels + i;
    int64_t   from = jp_level_spent(l);
    int       status = ask_alone(r, i, tokens, e);
    if (status) return status;
    if (is_ablation(r)) return jp_level_singles(l, tokens, e);
    int64_t knockouts = at_share(from, tokens, l->last ? LAST_KNOCKOUT_SHARE : KNOCKOUT_SHARE);
    if (!l->last) {
        int64_t row = l->units->n_tokens, spent = jp_level_spent(l),
                most = (spent > knockouts ? spent : knockouts) + COARSE_EVALUATIONS * row;
        tokens = tokens < most ? tokens : most;
    }
    return jp_level_search(l, knockouts, tokens, e);
}

/* Nothing better for long, or less than the coarser level reached. */
static bool has_stalled(const run *r, int i) {
    const jp_level *l = r->levels + i, *coarse = l - 1;
    return (l->last && l->stalled) || isnan(l->drop) || (!isnan(coarse->drop) && l->drop < coarse->drop);
}

static int more_regions(run *r, int i, int *returned, jopa_error *e) {
    int *count = count_inside(r, i - 1, e), held = 0;
    if (!count) return JOPA_ERROR_MEMORY;
    for (int u = 0; u < r->levels[i - 1].n; u++) held += r->kept[i - 1][u] ? count[u] : 0;
    free(count);
    int came = keep_regions(r, i - 1, held + held / 2, 0, e);
    if (came < 0) return JOPA_ERROR_MEMORY;
    *returned += came;
    set_pool(r, i);
    return JP_OK;
}

static int run_level(run *r, int i, int64_t tokens, int *returned, jopa_error *e) {
    jp_level *l = r->levels + i;
    int64_t   from = jp_level_spent(l), allowed = tokens - from;
    int       status = hand_down(r, i, e);
    l->stalled = false;
    set_pool(r, i);
    for (int round = 0; !status; round++) {
        bool    more = i && round < RETURNS && next_region(r, i - 1) >= 0 && !is_ablation(r);
        int64_t until =
            more ? at_share(jp_level_spent(l), tokens, FIRST_SHARE + (1 - FIRST_SHARE) * round / RETURNS) : tokens;
        status = work(r, i, until, e);
        int64_t left = tokens - jp_level_spent(l);
        if (status || !more || (double)left < RETURN_SHARE * (double)allowed) break;
        l->round++;
        if (!l->last && !has_stalled(r, i)) break;
        if (has_stalled(r, i)) status = more_regions(r, i, returned, e);
    }
    return status;
}

/* No set was scored, for lack of tokens: the units of the largest values, truly. */
static int take_the_likeliest(run *r, jp_level *l, jopa_error *e) {
    double *value = malloc((size_t)l->n * sizeof *value);
    if (!value) return jp_fail_memory(e);
    for (int u = 0; u < l->n; u++) value[u] = l->pool[u] ? jp_level_value(l, u) : NAN;
    jp_select_top(value, l->n, l->k, &l->set);
    free(value);
    return jp_scorer_drops(r->task->scorer, &l->set, 1, &l->drop, e);
}

/* The last level: where many units may be hidden, the best few first, then what to add to them and to exchange. */
static int run_last(run *r, int i, int64_t tokens, int *returned, jopa_error *e) {
    jp_level *l = r->levels + i;
    int64_t   from = jp_level_spent(l);
    bool      few = l->k < r->task->k; /* not ablation's */
    int64_t   first = few ? at_share(from, tokens, FEW_SHARE) : tokens, enough = from + FEW_PROMPTS * (int64_t)r->row;
    if (few && first > enough) first = enough;
    int status = run_level(r, i, first, returned, e);
    l->k = r->task->k;
    if (!status && few) status = hand_down(r, i, e);
    if (!status && few && !isnan(l->drop)) status = jp_level_refine(l, tokens, e);
    return status || is_ablation(r) || !isnan(l->drop) ? status : take_the_likeliest(r, l, e);
}

static int tell(run *r, int i, jp_level_report *to, jopa_error *e) {
    const jp_level *l = r->levels + i;
    to->units = l->n;
    for (int u = 0; u < l->n; u++) to->candidates += l->pool[u];
    to->drop = l->drop;
    to->selected = malloc((size_t)(jp_bitset_count(&l->set) + 1) * sizeof *to->selected);
    if (!to->selected) return jp_fail_memory(e);
    for (int u = jp_bitset_next(&l->set, 0); u >= 0; u = jp_bitset_next(&l->set, u + 1))
        to->selected[to->n_selected++] = (jp_range){l->units->units[u].start, l->units->units[u].end};
    return JP_OK;
}

/* ---- the run
 * ---------------------------------------------------------------------------------------------------------------- */

/* Where the tail of knockouts begins; the token before it is always attended to, so best one that is never hidden. */
static int choose_tail(const jp_prompt *p) {
    int tail = p->n_tokens - TAIL;
    if (tail < p->n_tokens / 2) tail = p->n_tokens / 2;
    for (int t = tail; t > tail - TAIL / 2 && t > 0; t--)
        if (p->tokens[t - 1].unit < 0) return t;
    return tail > 0 ? tail : 1;
}

static int open_levels(run *r, const jp_level_kinds *kinds, jopa_error *e) {
    jp_engine *engine = jp_scorer_engine(r->task->scorer);
    int        tail = engine->ops->capabilities(engine) & JP_CAN_KNOCKOUT ? choose_tail(finest(r)) : 0, status = JP_OK;
    for (int i = 0; i < kinds->n && !status; i++, r->n_levels++) {
        bool last = i == kinds->n - 1;
        if (!last) status = jp_level_cut(r->cuts + i, finest(r), kinds->kinds[i], e);
        const jp_prompt *units = last ? finest(r) : r->cuts + i;
        if (!status) status = jp_level_init(r->levels + i, r->task, r->method, units, tail, last, e);
        if (!status && !(r->kept[i] = calloc((size_t)units->n_units, sizeof **r->kept))) status = jp_fail_memory(e);
    }
    return status;
}

static void close_levels(run *r) {
    for (int i = 0; i < r->n_levels; i++) {
        jp_level_free(r->levels + i);
        jp_recut_free(r->cuts + i);
        free(r->kept[i]);
    }
}

/* What shares of coarse levels are of: sets that are filled up and refined in the end need no more of them. */
static int64_t coarse_tokens(const run *r) {
    int64_t enough = COARSE_PROMPTS * (int64_t)r->row;
    return r->task->k > FEW && r->tokens > enough ? enough : r->tokens;
}

static int run_levels(run *r, const jp_level_kinds *kinds, jopa_error *e) {
    int status = JP_OK;
    for (int i = 0; i < r->n_levels && !status; i++) {
        jp_level_report *report = r->report->levels + r->report->n++;
        jp_cost          before, after;
        jp_scorer_cost(r->task->scorer, &before);
        *report = (jp_level_report){.unit = jp_unit_kind_name((int)kinds->kinds[i], NULL)};
        r->reached = i + 1;
        double  share = i == r->n_levels - 1 ? 1 : pow((i + 1.0) / r->n_levels, GROWTH);
        int64_t tokens = (int64_t)(share * (double)(i < r->n_levels - 1 ? coarse_tokens(r) : r->tokens));
        status = i == r->n_levels - 1 ? run_last(r, i, tokens, &report->returned, e)
                                      : run_level(r, i, tokens, &report->returned, e);
        jp_scorer_cost(r->task->scorer, &after);
        report->evaluations = after.evaluations - before.evaluations;
        report->decoded_tokens = after.decoded_tokens - before.decoded_tokens;
        report->seconds = after.seconds - before.seconds;
        int told = tell(r, i, report, e);
        if (told) status = told;
        if (status || i == r->n_levels - 1) break;
        jp_level *next = r->levels + i + 1;
        if (next->last && next->k > FEW && !is_ablation(r)) next->k = FEW; /* for now: run_last */
        int wanted = units_wanted(r, i + 1);
        if (keep_regions(r, i, wanted, WIDEST * wanted, e) < 0) status = JOPA_ERROR_MEMORY;
    }
    return status;
}

/* What is known of each of the finest units, however far the run came. */
static void fill_scores(const run *r, jp_selection *selection) {
    const jp_prompt *fine = finest(r);
    for (int u = 0; u < fine->n_units; u++) {
        const jp_unit *unit = fine->units + u;
        for (int i = r->reached - 1; i >= 0; i--) {
            const jp_level *l = r->levels + i;
            int             region = l->units->tokens[unit->first].unit;
            if (region < 0) continue;
            const jp_unit *whole = l->units->units + region;
            selection->score[u] = jp_level_value(l, region) * (unit->last - unit->first) / (whole->last - whole->first);
            break;
        }
        if (is_ablation(r)) continue;
        const jp_level *last = r->levels + r->n_levels - 1;
        selection->probability[u] = isnan(last->probability[u]) ? 0 : last->probability[u];
    }
}

static void select_set(const run *r, jp_selection *selection) {
    const jp_level *last = r->levels + r->n_levels - 1;
    if (!is_ablation(r) && r->reached == r->n_levels && !isnan(last->drop))
        jp_bitset_copy(&selection->selected, &last->set);
    else if (is_ablation(r) || !jp_scorer_best(r->task->scorer, &selection->selected, NULL))
        jp_select_top(selection->score, r->task->n, r->task->k, &selection->selected);
}

/* The bill of a prompt and response of `row` tokens may come to so many. */
static int64_t allowed_tokens(int64_t row, const jp_task *task) {
    bool    many = task->k > FEW;
    int64_t full = row < JP_LEVELS_FULL ? row : JP_LEVELS_FULL,
            prompts = many ? JP_LEVELS_BUDGET_MANY : JP_LEVELS_BUDGET;
    return task->budget > 0 ? row * task->budget
                            : prompts * full + (many ? JP_LEVELS_LONG_MANY : JP_LEVELS_LONG) * (row - full);
}

int jp_levels_run(const jp_task *task, const char *method, const jp_level_kinds *kinds, jp_selection *selection,
                  jp_levels_report *report, jopa_error *e) {
    const jp_problem *problem = jp_scorer_problem(task->scorer);
    int64_t           row = problem->prompt->n_tokens + jp_problem_tail(problem) - 1;
    run r = {.task = task, .method = method, .row = (int)row, .tokens = allowed_tokens(row, task), .report = report};
    *report = (jp_levels_report){0};
    int status = open_levels(&r, kinds, e);
    if (!status) status = run_levels(&r, kinds, e);
    if (status <= 0) {
        fill_scores(&r, selection);
        select_set(&r, selection);
    }
    close_levels(&r);
    return status;
}
