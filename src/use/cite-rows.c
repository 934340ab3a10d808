#include "use/cite-rows.h"

#include <math.h>
#include <string.h>

static const double WITH_SHOWN = 0.6; /* of what is enough, when the set alone gives the statement back */

/* ---- scoring -------------------------------------------------------------------------------------------------------
 */

void jp_citing_push(jp_citing *c, const jp_bitset *set) { jp_bitset_copy(&c->masks[c->n_masks++], set); }

int jp_citing_score(jp_citing *c, jopa_error *e) {
    int n = c->n_masks;
    c->n_masks = 0;
    return n ? jp_scorer_drops(c->task->scorer, c->masks, n, c->drops, e) : JP_OK;
}

static double told(const jp_citing *c, int t) { return fmax((double)c->full[t] - (double)c->none[t], 0); }

static double clip(double value, double most) { return fmin(fmax(value, 0), most); }

/* The share of the statement that the set carries; NAN: it was not scored. */
double jp_citing_covered(const jp_citing *c, const jp_statement *s, const jp_bitset *set) {
    const float *row = jp_store_find(c->task->store, set);
    double       sum = 0;
    for (int t = s->cited->first; row && t < s->cited->last; t++)
        sum += clip((double)c->full[t] - (double)row[t], told(c, t));
    return row && s->carried > 0 ? sum / s->carried : NAN;
}

double jp_citing_drop(const jp_citing *c, const jp_statement *s, const jp_bitset *set) {
    const float *row = jp_store_find(c->task->store, set);
    double       sum = 0;
    for (int t = s->cited->first; row && t < s->cited->last; t++) sum += (double)c->full[t] - (double)row[t];
    return row ? sum : NAN;
}

static void hide_documents(const jp_citing *c, jp_bitset *set) {
    jp_bitset_clear(set);
    for (int u = 0; u < c->n_units; u++) jp_bitset_add(set, u);
}

static double gain_of_row(const jp_citing *c, const jp_statement *s, const float *row) {
    double sum = 0;
    for (int t = s->cited->first; t < s->cited->last; t++) sum += clip((double)row[t] - (double)c->none[t], told(c, t));
    return sum;
}

/* All but the set: it alone is shown. Not for the scratch set itself. */
const jp_bitset *jp_citing_show(jp_citing *c, const jp_bitset *set) {
    hide_documents(c, &c->set);
    for (int u = jp_bitset_next(set, 0); u >= 0; u = jp_bitset_next(set, u + 1)) jp_bitset_remove(&c->set, u);
    return &c->set;
}

/* The share of the statement that the set gives back when it alone is shown; NAN: not scored. */
double jp_citing_shown(jp_citing *c, const jp_statement *s, const jp_bitset *set) {
    const float *row = jp_store_find(c->task->store, jp_citing_show(c, set));
    return row ? gain_of_row(c, s, row) / s->carried : NAN;
}

/* Hiding it takes the statement away; or as much of it as matters, when the set alone gives it back. False for what was
 * not scored. */
bool jp_citing_suffices(jp_citing *c, const jp_statement *s, const jp_bitset *set) {
    double share = jp_citing_covered(c, s, set);
    return share >= s->enough || (share >= WITH_SHOWN * s->enough && jp_citing_shown(c, s, set) >= c->task->share);
}

/* Both rows that tell that. */
void jp_citing_push_both(jp_citing *c, const jp_bitset *set) {
    jp_citing_push(c, set);
    jp_citing_push(c, jp_citing_show(c, set));
}

/* ---- all units, and each alone -------------------------------------------------------------------------------------
 */

static int copy_row(const jp_citing *c, const jp_bitset *set, float *to) {
    const float *row = jp_store_find(c->task->store, set);
    if (!row) return JP_STOP;
    memcpy(to, row, (size_t)c->width * sizeof *to);
    return JP_OK;
}

int jp_citing_documents(jp_citing *c, jopa_error *e) {
    jp_bitset_clear(&c->set);
    jp_citing_push(c, &c->set);
    hide_documents(c, &c->set);
    jp_citing_push(c, &c->set);
    int status = jp_citing_score(c, e);
    if (status > 0) return status;
    int known = copy_row(c, &c->set, c->none);
    jp_bitset_clear(&c->set);
    if (!known) known = copy_row(c, &c->set, c->full);
    for (int i = 0; i < c->n && !known; i++) {
        jp_statement *s = &c->all[i];
        for (int t = s->cited->first; t < s->cited->last; t++) {
            s->cited->documents_drop += (double)c->full[t] - (double)c->none[t];
            s->carried += told(c, t);
        }
        s->cited->from_documents =
            s->carried > 0 && s->cited->documents_drop >= c->task->threshold * (s->cited->last - s->cited->first);
    }
    return known ? known : status;
}

int jp_citing_alone(jp_citing *c, double *shown, jopa_error *e) {
    int status = JP_OK;
    for (int u = 0; u < c->n_units && !status; u++) {
        hide_documents(c, &c->set);
        jp_bitset_remove(&c->set, u);
        jp_citing_push(c, &c->set);
        if (c->n_masks == c->room || u == c->n_units - 1) status = jp_citing_score(c, e);
    }
    for (int u = 0; u < c->n_units && status <= 0; u++) {
        hide_documents(c, &c->set);
        jp_bitset_remove(&c->set, u);
        const float *row = jp_store_find(c->task->store, &c->set);
        shown[u] = row ? 0 : NAN;
        for (int i = 0; i < c->n; i++) {
            c->all[i].gain[u] = row ? gain_of_row(c, &c->all[i], row) : NAN;
            if (row && c->all[i].cited->from_documents) shown[u] += c->all[i].gain[u];
        }
    }
    return status;
}
