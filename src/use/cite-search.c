#include "use/cite-search.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "use/cite-rows.h"

enum { SMALLER = 5, /* of the candidates the first are tried in smaller sets */ ROOM = 128 /* sets of a batch */ };
static const double LEAST = 0.05;      /* of what all units carry: less makes no candidate, */
static const double OF_FIRST = 0.2;    /* nor does less than that share of the first one's promise, */
static const double GROUP_LEAST = 0.1; /* and no group whose units are hidden one by one */
static const double SUPPORTED = 0.3;   /* candidates that carry less are no sources, */
static const double EACH = 0.2;        /* nor is a set whose members carry less on average, */
static const double CARRIED = 0.4;     /* those that carry less, */
static const double SHOWN = 0.4;       /* or a set that gives back less when it alone is shown, are not all */

/* ---- candidates, hidden together -----------------------------------------------------------------------------------
 */

/* What speaks for a unit: what it gives back alone, or what hiding it alone costs, where that is known. */
static double promise_of(jp_citing *c, const jp_statement *s, int unit) {
    jp_bitset_clear(&c->set);
    jp_bitset_add(&c->set, unit);
    return fmax(s->gain[unit] / s->carried, jp_citing_covered(c, s, &c->set)); /* the number where one is NAN */
}

static bool is_candidate(const jp_statement *s, int unit) {
    for (int i = 0; i < s->n_candidates; i++)
        if (s->candidates[i] == unit) return true;
    return false;
}

static void choose_candidates(jp_citing *c, jp_statement *s) {
    double first = 0;
    s->n_candidates = 0;
    while (s->n_candidates < JP_CITE_CANDIDATES) {
        int    best = -1;
        double most = -1;
        for (int u = 0; u < c->n_units; u++) {
            double promise = is_candidate(s, u) ? NAN : promise_of(c, s, u);
            if (promise > most) best = u, most = promise; /* false for NAN */
        }
        if (best < 0 || (s->n_candidates && most < fmax(LEAST, OF_FIRST * first))) return;
        if (!s->n_candidates) first = most;
        s->candidates[s->n_candidates++] = best;
    }
}

/* The first n candidates. */
static void take_candidates(const jp_statement *s, int n, jp_bitset *set) {
    jp_bitset_clear(set);
    for (int i = 0; i < n; i++) jp_bitset_add(set, s->candidates[i]);
}

static void push_candidates(jp_citing *c, jp_statement *s) {
    choose_candidates(c, s);
    for (int n = 1; n <= s->n_candidates; n++) {
        take_candidates(s, n, &c->one);
        jp_citing_push_both(c, &c->one);
    }
}

/* The fewest of the first candidates that carry enough; where nothing was scored: the first. */
static void choose_first(jp_citing *c, jp_statement *s) {
    int n = 1;
    s->best = 0;
    for (int i = 1; i <= s->n_candidates; i++) {
        take_candidates(s, i, &c->one);
        s->best = fmax(s->best, jp_citing_covered(c, s, &c->one));
    }
    s->enough = c->task->share * s->best;
    for (; n < s->n_candidates; n++) {
        take_candidates(s, n, &c->one);
        if (jp_citing_suffices(c, s, &c->one)) break;
    }
    take_candidates(s, s->n_candidates ? n : 0, &s->cited->selected);
}

static int hide_candidates(jp_citing *c, bool (*wanted)(jp_citing *c, const jp_statement *s), jopa_error *e) {
    int status = JP_OK;
    for (int i = 0; i < c->n; i++) c->all[i].wanted = wanted(c, &c->all[i]);
    for (int i = 0; i < c->n && !status; i++) {
        if (!c->all[i].wanted) continue;
        push_candidates(c, &c->all[i]);
        if (c->n_masks > c->room - 2 * JP_CITE_CANDIDATES) status = jp_citing_score(c, e);
    }
    if (!status) status = jp_citing_score(c, e);
    for (int i = 0; i < c->n && status <= 0; i++)
        if (c->all[i].wanted) choose_first(c, &c->all[i]);
    return status;
}

static bool is_from_documents(jp_citing *c, const jp_statement *s) {
    (void)c;
    return s->cited->from_documents;
}

/* ---- what the candidates do not carry ------------------------------------------------------------------------------
 */

static int score_shown(jp_citing *c, jopa_error *e) {
    int status = JP_OK;
    for (int i = 0; i < c->n && !status; i++) {
        if (!c->all[i].cited->from_documents) continue;
        jp_citing_push(c, jp_citing_show(c, &c->all[i].cited->selected));
        if (c->n_masks == c->room) status = jp_citing_score(c, e);
    }
    return status ? status : jp_citing_score(c, e);
}

static bool lacks_something(jp_citing *c, const jp_statement *s) {
    return s->cited->from_documents &&
           (s->best < CARRIED || jp_citing_shown(c, s, &s->cited->selected) < SHOWN); /* false for NAN */
}

static void take_group(const jp_citing *c, int group, jp_bitset *set) {
    jp_bitset_clear(set);
    for (int u = 0; u < c->n_units; u++)
        if (c->task->group[u] == group) jp_bitset_add(set, u);
}

/* Whether the group counts for a statement that lacks something. */
static bool group_counts(jp_citing *c, int group) {
    bool counts = false;
    for (int i = 0; i < c->n && !counts; i++) {
        if (!lacks_something(c, &c->all[i])) continue;
        take_group(c, group, &c->set);
        counts = jp_citing_covered(c, &c->all[i], &c->set) >= GROUP_LEAST;
    }
    return counts;
}

static int push_units(jp_citing *c, int group, jopa_error *e) {
    int status = JP_OK;
    for (int u = 0; u < c->n_units && !status; u++) {
        if (c->task->group[u] != group) continue;
        jp_bitset_clear(&c->set);
        jp_bitset_add(&c->set, u);
        jp_citing_push(c, &c->set);
        if (c->n_masks == c->room) status = jp_citing_score(c, e);
    }
    return status;
}

/* Hide groups, then the units of those that count; with what that tells the candidates are chosen anew. */
static int hide_groups(jp_citing *c, jopa_error *e) {
    int  groups = c->task->group[c->n_units - 1] + 1, status = JP_OK;
    bool lacks = false;
    for (int i = 0; i < c->n; i++) lacks |= lacks_something(c, &c->all[i]);
    if (!lacks) return JP_OK;
    for (int g = 0; g < groups && !status; g++) {
        take_group(c, g, &c->set);
        jp_citing_push(c, &c->set);
        if (c->n_masks == c->room) status = jp_citing_score(c, e);
    }
    if (!status) status = jp_citing_score(c, e);
    for (int g = 0; g < groups && !status; g++)
        if (group_counts(c, g)) status = push_units(c, g, e);
    if (!status) status = jp_citing_score(c, e);
    return status ? status : hide_candidates(c, lacks_something, e);
}

/* What nothing in the documents says, though it is of their subject: all of them together make it likelier, and no few
 * units do. */
static bool is_unsupported(jp_citing *c, const jp_statement *s) {
    double share = jp_citing_covered(c, s, &s->cited->selected);
    return s->best < SUPPORTED || share < EACH * jp_bitset_count(&s->cited->selected);
}

static void leave_unsupported(jp_citing *c, jp_statement *s) {
    if (!s->cited->from_documents || !is_unsupported(c, s)) return;
    s->cited->from_documents = false;
    s->cited->covered = jp_citing_covered(c, s, &s->cited->selected);
    jp_bitset_clear(&s->cited->selected);
}

/* ---- fewer ---------------------------------------------------------------------------------------------------------
 */

/* Whether the set is enough and carries more than the best so far, *most. */
static bool is_better(jp_citing *c, const jp_statement *s, const jp_bitset *set, double *most) {
    double share = jp_citing_covered(c, s, set);
    if (!jp_citing_suffices(c, s, set) || !(share > *most)) return false;
    *most = share;
    return true;
}

static void take_without(jp_citing *c, const jp_bitset *set, int unit) {
    jp_bitset_copy(&c->one, set);
    jp_bitset_remove(&c->one, unit);
}

/* One member less, the one that is missed least, as long as the rest is enough. */
static int prune_set(jp_citing *c, jp_statement *s, jopa_error *e) {
    jp_bitset *set = &s->cited->selected;
    int        status = JP_OK, spare = 0;
    while (!status && spare >= 0 && jp_bitset_count(set) > 1) {
        double most = -1;
        for (int u = jp_bitset_next(set, 0); u >= 0; u = jp_bitset_next(set, u + 1)) {
            take_without(c, set, u);
            jp_citing_push_both(c, &c->one);
        }
        status = jp_citing_score(c, e);
        spare = -1;
        for (int u = jp_bitset_next(set, 0); u >= 0 && !status; u = jp_bitset_next(set, u + 1)) {
            take_without(c, set, u);
            if (is_better(c, s, &c->one, &most)) spare = u;
        }
        if (spare >= 0) jp_bitset_remove(set, spare);
    }
    return status;
}

/* The first and second of a set of one or two of the first candidates, by its number; false past the end. */
static bool take_small(jp_citing *c, const jp_statement *s, int size, int number) {
    int n = s->n_candidates < SMALLER ? s->n_candidates : SMALLER, i = 0, j = 0;
    if (size == 1) i = j = number;
    else
        for (j = i + 1; number > 0 && i < n; number--)
            if (++j >= n) j = ++i + 1;
    if (i >= n || j >= n) return false;
    jp_bitset_clear(&c->one);
    jp_bitset_add(&c->one, s->candidates[i]);
    jp_bitset_add(&c->one, s->candidates[j]);
    return true;
}

/* The best set of `size`, 1 or 2, of the first candidates; kept where it is enough. */
static int try_size(jp_citing *c, jp_statement *s, int size, bool *found, jopa_error *e) {
    double most = -1;
    for (int i = 0; take_small(c, s, size, i); i++) jp_citing_push_both(c, &c->one);
    int status = jp_citing_score(c, e);
    for (int i = 0; !status && take_small(c, s, size, i); i++) {
        if (!is_better(c, s, &c->one, &most)) continue;
        jp_bitset_copy(&s->cited->selected, &c->one);
        *found = true;
    }
    return status;
}

static int make_smaller(jp_citing *c, jp_statement *s, jopa_error *e) {
    bool found = false;
    int  status = prune_set(c, s, e), size = jp_bitset_count(&s->cited->selected);
    for (int fewer = 1; fewer < size && fewer <= 2 && !found && !status; fewer++)
        status = try_size(c, s, fewer, &found, e);
    return status;
}

/* Units that are each enough alone: the statement needs them all. */
static void add_necessary(jp_citing *c, jp_statement *s) {
    jp_bitset *set = &s->cited->selected;
    if (jp_bitset_count(set) != 1 || !jp_citing_suffices(c, s, set)) return;
    for (int u = 0; u < c->n_units; u++) {
        jp_bitset_clear(&c->one);
        jp_bitset_add(&c->one, u);
        if (jp_citing_suffices(c, s, &c->one)) jp_bitset_add(set, u);
    }
}

/* ---- all of it -----------------------------------------------------------------------------------------------------
 */

static void state_found(jp_citing *c, jp_statement *s) {
    if (!s->cited->from_documents) return;
    s->cited->drop = jp_citing_drop(c, s, &s->cited->selected);
    s->cited->covered = jp_citing_covered(c, s, &s->cited->selected);
    s->cited->shown = jp_citing_shown(c, s, &s->cited->selected);
}

static int cite_statements(jp_citing *c, double *shown, jopa_error *e) {
    int status = jp_citing_documents(c, e);
    if (!status) status = jp_citing_alone(c, shown, e);
    if (!status) status = hide_candidates(c, is_from_documents, e);
    if (!status) status = score_shown(c, e);
    if (!status) status = hide_groups(c, e);
    for (int i = 0; i < c->n && !status; i++) {
        if (c->all[i].best < SUPPORTED) leave_unsupported(c, &c->all[i]);
        if (c->all[i].cited->from_documents) status = make_smaller(c, &c->all[i], e);
        if (!status) leave_unsupported(c, &c->all[i]);
    }
    for (int i = 0; i < c->n && !status; i++)
        if (c->all[i].cited->from_documents) add_necessary(c, &c->all[i]);
    if (!status) status = score_shown(c, e);
    for (int i = 0; i < c->n && status <= 0; i++) state_found(c, &c->all[i]);
    return status;
}

static void free_citing(jp_citing *c) {
    for (int i = 0; c->all && i < c->n; i++) free(c->all[i].gain);
    free(c->all);
    free(c->full);
    free(c->none);
    free(c->drops);
    jp_bitset_array_free(c->masks);
    jp_bitset_free(&c->set);
    jp_bitset_free(&c->one);
}

static bool make_statements(jp_citing *c, jp_cited *all) {
    c->all = calloc((size_t)c->n + 1, sizeof *c->all);
    for (int i = 0; c->all && i < c->n; i++) {
        jp_statement *s = &c->all[i];
        *s = (jp_statement){.cited = &all[i], .gain = malloc((size_t)c->n_units * sizeof(double))};
        all[i].documents_drop = 0;
        all[i].from_documents = false;
        all[i].drop = all[i].covered = all[i].shown = NAN;
        if (!s->gain) return false;
        for (int u = 0; u < c->n_units; u++) s->gain[u] = NAN;
    }
    return c->all != NULL;
}

int jp_cite_search(const jp_cite_task *task, jp_cited *all, int n, double *shown, jopa_error *e) {
    const jp_problem *p = jp_scorer_problem(task->scorer);
    size_t            row = (size_t)p->n_response * sizeof(float);
    jp_citing         c = {
                .task = task, .n_units = jp_scorer_units(task->scorer), .width = p->n_response, .n = n, .room = ROOM};
    for (int u = 0; u < c.n_units; u++) shown[u] = NAN;
    c.masks = jp_bitset_array_new(ROOM, c.n_units);
    c.drops = malloc(ROOM * sizeof *c.drops);
    c.full = malloc(row);
    c.none = malloc(row);
    bool made = c.masks && c.drops && c.full && c.none && !jp_bitset_init(&c.set, c.n_units) &&
                !jp_bitset_init(&c.one, c.n_units) && make_statements(&c, all);
    int status = made ? cite_statements(&c, shown, e) : jp_fail_memory(e);
    free_citing(&c);
    return status;
}
