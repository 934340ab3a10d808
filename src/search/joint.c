#include "search/joint.h"

#include <math.h>
#include <stdlib.h>

#include "search/eliminate.h"

/* drops[i] = drop of the set without its member units[i]; count members. */
static int drops_without(jp_scorer *s, const jp_bitset *set, const int *units, int count, double *drops,
                         jopa_error *e) {
    jp_bitset *sets = jp_bitset_array_new(count, set->n);
    if (!sets) return jp_fail_memory(e);
    for (int i = 0; i < count; i++) {
        jp_bitset_copy(&sets[i], set);
        jp_bitset_remove(&sets[i], units[i]);
    }
    int status = jp_scorer_drops(s, sets, count, drops, e);
    jp_bitset_array_free(sets);
    return status;
}

static int adds_little(void *user, const jp_bitset *set, double before, double after, bool *yes, jopa_error *e) {
    (void)set, (void)e;
    *yes = before - after < *(const double *)user * fabs(before);
    return JP_OK;
}

int jp_joint_prune(jp_scorer *s, jp_bitset *set, double share, jopa_error *e) {
    return jp_eliminate(&(jp_elimination){.scorer = s, .passes = adds_little, .user = &share}, set, e);
}

void jp_joint_free(jp_joint *j) {
    free(j->units);
    free(j->pairs);
    *j = (jp_joint){0};
}

/* NAN last. */
static int compare_joint(double a, double b) {
    if (isnan(a) || isnan(b)) return isnan(a) - isnan(b);
    return (a > b) - (a < b);
}

static int by_need(const void *a, const void *b) {
    const jp_joint_unit *x = a, *y = b;
    int                  order = compare_joint(x->drop_without, y->drop_without);
    return order ? order : x->unit - y->unit;
}

static int by_interaction(const void *a, const void *b) {
    const jp_joint_pair *x = a, *y = b;
    bool                 unknown = isnan(x->interaction) || isnan(y->interaction);
    int order = unknown ? compare_joint(x->interaction, y->interaction) : compare_joint(y->interaction, x->interaction);
    return order ? order : x->first != y->first ? x->first - y->first : x->second - y->second;
}

static int analyse_units(jp_joint *j, jp_scorer *s, const jp_bitset *set, const int *units, double *drops,
                         jopa_error *e) {
    int status = drops_without(s, set, units, j->n_units, drops, e);
    for (int i = 0; i < j->n_units && status <= 0; i++) j->units[i] = (jp_joint_unit){units[i], drops[i]};
    if (status <= 0) qsort(j->units, (size_t)j->n_units, sizeof *j->units, by_need);
    return status;
}

/* Singles and pairs of the first `paired` units of j->units; single[] has n entries. */
static int analyse_pairs(jp_joint *j, jp_scorer *s, int n, int paired, const double *single, jopa_error *e) {
    int        count = paired * (paired - 1) / 2, at = 0;
    jp_bitset *sets = jp_bitset_array_new(count, n);
    double    *drops = malloc((size_t)(count > 0 ? count : 1) * sizeof *drops);
    int        status = sets && drops ? JP_OK : jp_fail_memory(e);
    for (int a = 0; a < paired && !status; a++)
        for (int b = a + 1; b < paired; b++, at++) {
            int x = j->units[a].unit, y = j->units[b].unit;
            j->pairs[at] = (jp_joint_pair){x < y ? x : y, x < y ? y : x, NAN, NAN};
            jp_bitset_add(&sets[at], x);
            jp_bitset_add(&sets[at], y);
        }
    if (!status) status = jp_scorer_drops(s, sets, count, drops, e);
    if (status <= 0) {
        j->n_pairs = count;
        for (int i = 0; i < count; i++) {
            j->pairs[i].drop = drops[i];
            j->pairs[i].interaction = drops[i] - single[j->pairs[i].first] - single[j->pairs[i].second];
        }
        qsort(j->pairs, (size_t)count, sizeof *j->pairs, by_interaction);
    }
    jp_bitset_array_free(sets);
    free(drops);
    return status;
}

/* single[unit] for the set's units, and their sum. */
static int analyse_singles(jp_joint *j, jp_scorer *s, int n, const int *units, double *drops, double *single,
                           jopa_error *e) {
    jp_bitset *sets = jp_bitset_array_new(j->n_units, n);
    if (!sets) return jp_fail_memory(e);
    for (int i = 0; i < j->n_units; i++) jp_bitset_add(&sets[i], units[i]);
    int status = jp_scorer_drops(s, sets, j->n_units, drops, e);
    jp_bitset_array_free(sets);
    j->sum_of_single_drops = 0;
    for (int i = 0; i < j->n_units && status <= 0; i++) {
        single[units[i]] = drops[i];
        j->sum_of_single_drops += drops[i];
    }
    j->synergy = j->drop - j->sum_of_single_drops;
    return status;
}

int jp_joint_analyse(jp_joint *out, jp_scorer *s, const jp_bitset *set, jopa_error *e) {
    int      n = set->n, count = jp_bitset_count(set), paired = count < JP_JOINT_PAIRED ? count : JP_JOINT_PAIRED;
    jp_joint j = {.n_units = count};
    int     *units = malloc((size_t)n * sizeof *units);
    double  *drops = malloc(2 * (size_t)n * sizeof *drops);
    j.units = malloc((size_t)(count > 0 ? count : 1) * sizeof *j.units);
    j.pairs = malloc((size_t)(paired * paired + 1) * sizeof *j.pairs);
    int status = units && drops && j.units && j.pairs ? JP_OK : jp_fail_memory(e), stopped = JP_OK;
    if (!status) {
        jp_bitset_members(set, units);
        status = jp_scorer_drops(s, set, 1, &j.drop, e);
    }
    /* A limit in one step leaves the next with what is known already. */
    if (status <= 0 && (stopped = status, status = analyse_singles(&j, s, n, units, drops, drops + n, e)) <= 0)
        stopped |= status, status = analyse_units(&j, s, set, units, drops, e);
    if (status <= 0) stopped |= status, status = analyse_pairs(&j, s, n, paired, drops + n, e);
    free(units);
    free(drops);
    if (status > 0) {
        jp_joint_free(&j);
        return status;
    }
    *out = j;
    return stopped | status ? JP_STOP : JP_OK;
}
