#include "levels/level.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "method/jopa.h"
#include "search/refine.h"
#include "prompt/recut.h"

enum {
    PROXY_PER_UNIT = 4,
    PROXY_MOST = 400, /* knockouts of sets: so many a unit, at most so many, */
    WIDE = 256,
    PROXY_WIDE = 160, /* from WIDE units on so many: each fit gets slow, */
    WIDEST = 512,     /* from WIDEST units on none */
    SINGLES_AT_ONCE = 4,
    TRUE_LEAST = 3 /* evaluations that make a search */
};

/* ---- life ---------------------------------------------------------------------------------------------------------
 */

int jp_level_init(jp_level *l, const jp_task *task, const char *method, const jp_prompt *units, int tail, bool last,
                  jopa_error *e) {
    size_t n = (size_t)units->n_units;
    *l = (jp_level){
        .task = task, .method = method, .units = units, .last = last, .n = units->n_units, .tail = tail, .drop = NAN};
    l->pool = calloc(n, sizeof *l->pool);
    l->expect = malloc(4 * n * sizeof *l->expect);
    l->start = jp_bitset_array_new(JP_LEVEL_STARTS, l->n);
    if (!l->pool || !l->expect || !l->start || jp_bitset_init(&l->set, l->n)) return jp_fail_memory(e);
    l->guide = l->expect + n;
    l->single = l->guide + n;
    l->probability = l->single + n;
    for (size_t i = 0; i < 4 * n; i++) l->expect[i] = NAN;
    double share = (double)task->k / task->n;
    l->k = last ? task->k : (int)ceil(share * l->n - 1e-9);
    if (l->k < 2 && !last) l->k = 2;
    return JP_OK;
}

void jp_level_free(jp_level *l) {
    free(l->pool);
    free(l->expect);
    jp_bitset_array_free(l->start);
    jp_bitset_free(&l->set);
    *l = (jp_level){0};
}

double jp_level_value(const jp_level *l, int u) {
    double value = !isnan(l->single[u]) ? l->single[u] : !isnan(l->guide[u]) ? l->guide[u] : l->expect[u];
    return isnan(value) ? 0 : value;
}

int64_t jp_level_spent(const jp_level *l) {
    jp_cost cost;
    jp_scorer_cost(l->task->scorer, &cost);
    return cost.decoded_tokens;
}

bool jp_level_translate(const jp_prompt *from, const jp_bitset *set, const jp_prompt *to, jp_bitset *out) {
    jp_bitset_clear(out);
    for (int u = jp_bitset_next(set, 0); u >= 0; u = jp_bitset_next(set, u + 1))
        for (int t = from->units[u].first; t < from->units[u].last; t++)
            if (to->tokens[t].unit >= 0) jp_bitset_add(out, to->tokens[t].unit);
    return jp_prompt_hidden_tokens(from, set) == jp_prompt_hidden_tokens(to, out);
}

/* ---- a scorer over some of the units --------------------------------------------------------------------------------
 */

typedef struct {
    jp_level  *level;
    jp_prompt  prompt;
    jp_problem problem;
    int       *unit; /* [prompt.n_units] of the level */
    bool       knockout;
    jp_scorer *scorer;
    jp_cost    charged; /* to the run so far */
    jp_bitset  wide;    /* scratch over the level's units */
} part;

/* The caller's progress: true evaluations of the whole run so far, and the best drop of a set that the run may select.
 */
static int relay(void *user, int evaluations, int budget, double best) {
    const part      *p = user;
    const jp_limits *outer = jp_scorer_limits(p->level->task->scorer);
    jp_cost          cost;
    double           known = NAN;
    (void)budget;
    jp_scorer_cost(p->level->task->scorer, &cost);
    jp_scorer_best(p->level->task->scorer, NULL, &known);
    if (!p->knockout && p->level->last && !(known >= best)) known = best;
    return outer->progress(outer->user,
                           (int)cost.evaluations + (p->knockout ? 0 : evaluations - (int)p->charged.evaluations),
                           outer->budget, known);
}

static void part_free(part *p) {
    jp_scorer_free(p->scorer);
    jp_bitset_free(&p->wide);
    free(p->unit);
    jp_recut_free(&p->prompt);
}

/* Over the units with keep[u]; `tokens`: what the run's bill may come to. */
static int part_open(part *p, jp_level *l, const bool *keep, bool knockout, int k, int64_t tokens, jopa_error *e) {
    jp_scorer       *run = l->task->scorer;
    const jp_limits *outer = jp_scorer_limits(run);
    *p = (part){.level = l, .knockout = knockout};
    int status = jp_recut_some(&p->prompt, l->units, keep, &p->unit, e);
    if (!status && jp_bitset_init(&p->wide, l->n)) status = jp_fail_memory(e);
    if (!status) {
        p->problem = *jp_scorer_problem(run);
        p->problem.prompt = &p->prompt;
        int64_t   room = tokens - jp_level_spent(l);
        double    left = outer->seconds - jp_scorer_seconds(run);
        jp_limits limits = {
            .k = k, .tokens = room > 0 ? room : 1, .progress = outer->progress ? relay : NULL, .user = p};
        if (outer->seconds > 0) limits.seconds = left > 0 ? left : 1e-9;
        status = jp_scorer_again(&p->scorer, run, &p->problem, &limits, knockout ? l->tail : 0, e);
    }
    if (status) part_free(p);
    return status;
}

static void widen_level(part *p, const jp_bitset *from) {
    jp_bitset_clear(&p->wide);
    for (int u = jp_bitset_next(from, 0); u >= 0; u = jp_bitset_next(from, u + 1)) jp_bitset_add(&p->wide, p->unit[u]);
}

/* False: the set has units that are not in the part. */
static bool narrow(const part *p, const jp_bitset *from, jp_bitset *out) {
    jp_bitset_clear(out);
    for (int i = 0; i < p->prompt.n_units; i++)
        if (jp_bitset_has(from, p->unit[i])) jp_bitset_add(out, i);
    return jp_bitset_count(out) == jp_bitset_count(from);
}

/* Charge the run what the part has cost since the last time. Knockouts are no evaluations. */
static void charge(part *p) {
    jp_cost cost;
    jp_scorer_cost(p->scorer, &cost);
    if (p->knockout) cost.evaluations = 0;
    jp_cost more = {.evaluations = cost.evaluations - p->charged.evaluations,
                    .gradients = cost.gradients - p->charged.gradients,
                    .decoded_tokens = cost.decoded_tokens - p->charged.decoded_tokens,
                    .naive_tokens = cost.naive_tokens - p->charged.naive_tokens};
    jp_scorer_charge(p->level->task->scorer, &more);
    p->charged = cost;
}

/* Charge the run and pass on why the part stopped; `status` is what it ended with. */
static int part_close(part *p, int status) {
    jp_level *l = p->level;
    charge(p);
    jp_stop_reason why = jp_scorer_stopped(p->scorer);
    if (why == JP_STOP_TIME || why == JP_STOP_USER) jp_scorer_stop(l->task->scorer, why);
    bool stop = why == JP_STOP_TIME || why == JP_STOP_USER;
    part_free(p);
    return status > 0 ? status : stop ? JP_STOP : JP_OK;
}

/* A set of the level and its true drop: the level's best, and where the run may select it the run's. */
static int note_level(jp_level *l, const jp_bitset *set, double drop, jopa_error *e) {
    if (isnan(drop) || !jp_bitset_count(set)) return JP_OK;
    if (!(l->drop >= drop)) {
        jp_bitset_copy(&l->set, set);
        l->drop = drop;
    }
    jp_bitset fine;
    if (jp_bitset_init(&fine, l->task->n)) return jp_fail_memory(e);
    const jp_prompt *finest = jp_scorer_problem(l->task->scorer)->prompt;
    int              status =
        jp_level_translate(l->units, set, finest, &fine) ? jp_scorer_note(l->task->scorer, &fine, drop, e) : JP_OK;
    jp_bitset_free(&fine);
    return status;
}

/* ---- one by one -----------------------------------------------------------------------------------------------------
 */

/* The pool's units without known[u], the most promising first; returns how many. */
static int order(const jp_level *l, const double *known, int *out) {
    int n = 0;
    for (int u = 0; u < l->n; u++)
        if (l->pool[u] && isnan(known[u])) out[n++] = u;
    for (int i = 1; i < n; i++) { /* insertion keeps units of equal value in the prompt's order */
        int    u = out[i], at = i;
        double value = jp_level_value(l, u);
        for (; at > 0 && jp_level_value(l, out[at - 1]) < value; at--) out[at] = out[at - 1];
        out[at] = u;
    }
    return n;
}

/* Drops alone into known[]: by knockouts or true ones. */
static int score_alone(jp_level *l, bool knockout, double *known, int64_t tokens, jopa_error *e) {
    part       p;
    int       *queue = malloc((size_t)l->n * sizeof *queue), *place = malloc((size_t)l->n * sizeof *place);
    double    *drops = malloc((size_t)l->n * sizeof *drops);
    jp_bitset *sets = NULL;
    int        status = queue && place && drops ? part_open(&p, l, l->pool, knockout, 1, tokens, e) : jp_fail_memory(e),
        stop = JP_OK;
    if (!status) {
        int n = order(l, known, queue), step = knockout ? n : SINGLES_AT_ONCE;
        for (int i = 0; i < p.prompt.n_units; i++) place[p.unit[i]] = i;
        sets = jp_bitset_array_new(n, p.prompt.n_units);
        if (!sets) stop = jp_fail_memory(e);
        for (int i = 0; i < n && !stop; i++) jp_bitset_add(sets + i, place[queue[i]]);
        for (int at = 0; at < n && !stop; at += step) {
            int count = n - at < step ? n - at : step;
            stop = jp_scorer_drops(p.scorer, sets + at, count, drops, e);
            charge(&p);
            for (int i = at; i < at + count && stop <= 0; i++) {
                known[queue[i]] = drops[i - at];
                widen_level(&p, sets + i);
                int noted = knockout ? JP_OK : note_level(l, &p.wide, drops[i - at], e);
                if (noted) stop = noted;
            }
        }
        jp_bitset_array_free(sets);
        status = part_close(&p, stop);
    }
    free(queue);
    free(place);
    free(drops);
    return status;
}

int jp_level_guide(jp_level *l, int64_t tokens, jopa_error *e) {
    return tokens <= jp_level_spent(l) ? JP_OK : score_alone(l, l->tail > 0, l->guide, tokens, e);
}

int64_t jp_level_price(const jp_level *l) {
    const jp_problem *problem = jp_scorer_problem(l->task->scorer);
    int               prompt = l->tail > 0 ? l->units->n_tokens - l->tail : l->units->n_tokens / 2;
    return prompt + jp_problem_tail(problem);
}

/* The sets of the part's units in `groups` runs of neighbours, and their drops. */
static int score_groups(part *p, jp_bitset *sets, int groups, double *drops, jopa_error *e) {
    int n = p->prompt.n_units;
    for (int i = 0; i < n; i++) jp_bitset_add(sets + (int64_t)i * groups / n, i);
    int status = jp_scorer_drops(p->scorer, sets, groups, drops, e);
    for (int i = 0; i < n && status <= 0; i++) {
        int g = (int)((int64_t)i * groups / n);
        if (!isnan(drops[g])) p->level->expect[p->unit[i]] = drops[g] / jp_bitset_count(sets + g);
    }
    return status;
}

int jp_level_group_guide(jp_level *l, int groups, int64_t tokens, jopa_error *e) {
    part p;
    int  status = part_open(&p, l, l->pool, l->tail > 0, l->n, tokens, e);
    if (status) return status;
    if (groups > p.prompt.n_units) groups = p.prompt.n_units;
    jp_bitset *sets = jp_bitset_array_new(groups, p.prompt.n_units);
    double    *drops = malloc((size_t)groups * sizeof *drops);
    status = sets && drops ? score_groups(&p, sets, groups, drops, e) : jp_fail_memory(e);
    jp_bitset_array_free(sets);
    free(drops);
    return part_close(&p, status);
}

int jp_level_singles(jp_level *l, int64_t tokens, jopa_error *e) {
    return tokens <= jp_level_spent(l) ? JP_OK : score_alone(l, false, l->single, tokens, e);
}

/* ---- jointly --------------------------------------------------------------------------------------------------------
 */

/* The joint search over the part; the best set, widened, into p->wide. *drop is NAN when none was scored. */
static int search_level(part *p, int k, int budget, bool rough, double *drop, jopa_error *e) {
    jp_level    *l = p->level;
    int          n = p->prompt.n_units, starts = 0;
    jp_selection found = {0};
    double      *prior = malloc((size_t)n * sizeof *prior);
    jp_bitset   *start = jp_bitset_array_new(JP_LEVEL_STARTS, n);
    int          status = prior && start ? jp_selection_init(&found, n, e) : jp_fail_memory(e);
    for (int i = 0; i < n && !status; i++) prior[i] = fmax(jp_level_value(l, p->unit[i]), 0);
    for (int i = 0; i < l->n_start && !status; i++) {
        if (!narrow(p, l->start + i, start + starts) || jp_bitset_count(start + starts) > k) continue;
        if (!p->knockout && jp_bitset_equal(l->start + i, &l->set))
            status = jp_scorer_note(p->scorer, start + starts, l->drop, e);
        starts++;
    }
    jp_task task = {.scorer = p->scorer,
                    .n = n,
                    .k = k,
                    .budget = budget,
                    .seed = l->task->seed + (uint64_t)l->round,
                    .prior = prior,
                    .start = start,
                    .n_start = starts,
                    .rough = rough};
    *drop = NAN;
    if (!status) status = jp_jopa_run(&task, false, &found, e);
    if (status <= 0 && jp_scorer_known(p->scorer, &found.selected, drop)) {
        widen_level(p, &found.selected);
        for (int i = 0; i < n; i++) { /* a search that tried all sets has none */
            double all = jp_bitset_has(&found.selected, i) ? 1 : 0;
            l->probability[p->unit[i]] = isnan(found.probability[i]) ? all : found.probability[i];
        }
    }
    jp_selection_free(&found);
    free(prior);
    jp_bitset_array_free(start);
    return status;
}

static void add_start(jp_level *l, const jp_bitset *set) {
    if (!jp_bitset_count(set)) return;
    for (int i = 0; i < l->n_start; i++)
        if (jp_bitset_equal(l->start + i, set)) return;
    if (l->n_start == JP_LEVEL_STARTS) l->n_start--; /* the last goes: the first are those handed down */
    jp_bitset_copy(l->start + l->n_start++, set);
}

static int pool_size(const jp_level *l) {
    int n = 0;
    for (int u = 0; u < l->n; u++) n += l->pool[u];
    return n;
}

static int search_knockouts(jp_level *l, int k, int64_t tokens, jopa_error *e) {
    part   p;
    double drop;
    int    n = pool_size(l), most = n > WIDE ? PROXY_WIDE : PROXY_MOST,
        status = part_open(&p, l, l->pool, true, k, tokens, e);
    if (status) return status;
    status = search_level(&p, k, PROXY_PER_UNIT * n < most ? PROXY_PER_UNIT * n : most, true, &drop, e);
    if (status <= 0 && !isnan(drop)) add_start(l, &p.wide);
    return part_close(&p, status);
}

/* Evaluations that `tokens` pay for: of masks that begin in the pool's middle. */
static int affordable_level(const jp_level *l, int64_t tokens) {
    const jp_problem *problem = jp_scorer_problem(l->task->scorer);
    double            first = -1, row = l->units->n_tokens + jp_problem_tail(problem) - 1;
    for (int u = 0; u < l->n && first < 0; u++)
        if (l->pool[u]) first = l->units->units[u].first;
    return (int)((double)(tokens - jp_level_spent(l)) / (row - fmax(first, 0) / 2));
}

static int search_true(jp_level *l, int k, int64_t tokens, jopa_error *e) {
    part   p;
    double drop, before = l->drop;
    int    budget = affordable_level(l, tokens), status = part_open(&p, l, l->pool, false, k, tokens, e);
    bool   prune = l->last && k <= budget / 4;
    if (status) return status;
    add_start(l, &l->set);
    status = search_level(&p, k, budget > TRUE_LEAST ? budget : TRUE_LEAST, !prune, &drop, e);
    l->stalled = status == JP_OK || !(drop > before);
    if (status <= 0 && !isnan(drop)) {
        charge(&p);
        int noted = note_level(l, &p.wide, drop, e);
        if (noted) status = noted;
        if (drop > before || isnan(before)) { /* the pruned set, which may have a little less than the best one seen */
            jp_bitset_copy(&l->set, &p.wide);
            l->drop = drop;
        }
    }
    return part_close(&p, status);
}

int jp_level_search(jp_level *l, int64_t knockout_tokens, int64_t tokens, jopa_error *e) {
    int n = pool_size(l), k = l->k < n ? l->k : n, status = JP_OK;
    if (l->tail > 0 && n < WIDEST && knockout_tokens > jp_level_spent(l))
        status = search_knockouts(l, k, knockout_tokens, e);
    return status || tokens <= jp_level_spent(l) ? status : search_true(l, k, tokens, e);
}

int jp_level_refine(jp_level *l, int64_t tokens, jopa_error *e) {
    part    p;
    double *expect = malloc((size_t)l->n * sizeof *expect), drop = l->drop;
    bool   *all = malloc((size_t)l->n * sizeof *all);
    int     status = expect && all ? JP_OK : jp_fail_memory(e);
    for (int u = 0; u < l->n && !status; u++) {
        expect[u] = jp_level_value(l, u);
        all[u] = true;
    }
    if (!status) status = part_open(&p, l, all, false, l->k, tokens, e);
    if (!status) {
        jp_bitset_copy(&p.wide, &l->set);
        status = jp_refine(p.scorer, l->k, l->task->seed, expect, tokens - jp_level_spent(l), l->start, l->n_start,
                           &p.wide, &drop, e);
        if (status <= 0) {
            charge(&p);
            int noted = note_level(l, &p.wide, drop, e);
            if (noted) status = noted;
        }
        status = part_close(&p, status);
    }
    free(expect);
    free(all);
    return status;
}
