#include "report/uniqueness.h"

#include <math.h>

#include "base/number.h"
#include "report/label.h"

enum { MOST_UNITS = 5 };

/* How far below the best a set may be: more where the scores themselves are that far apart. */
static double margin(const jp_explanation *x) {
    double share = x->stability.near.within * x->stability.near.best;
    return isfinite(x->noise) ? fmax(share, x->noise) : share;
}

/* "2 % of the best drop", or what the noise makes of it. */
static void put_nearness(jp_buffer *out, const jp_explanation *x) {
    if (isfinite(x->noise) && x->noise > x->stability.near.within * x->stability.near.best) {
        jp_put_figure(out, x->noise);
        jp_buffer_text(out, " nats, the noise of a score, of the best drop");
        return;
    }
    jp_buffer_format(out, "%g", 100 * x->stability.near.within);
    jp_buffer_text(out, "\xc2\xa0% of the best drop");
}

void jp_put_uniqueness(jp_buffer *out, const jp_explanation *x) {
    int  n = x->stability.near.others;
    bool known = isfinite(x->stability.near.best) && isfinite(x->stability.near.within);
    if (!x->stability.present || !x->stability.near.present || !known) return;
    if (x->log_prob.drop < x->stability.near.best - margin(x)) {
        jp_buffer_text(out, "another seed found a better set, of drop ");
        jp_put_figure(out, x->stability.near.best);
        jp_buffer_text(out, "; ");
    }
    if (n) {
        jp_buffer_text(out, "the answer is not unique: ");
        jp_put_count(out, n);
        jp_buffer_format(out, " other set%s within ", n == 1 ? " comes" : "s come");
        put_nearness(out, x);
        return;
    }
    jp_buffer_text(out, "the answer is unique as far as was seen: no other set that was scored comes within ");
    put_nearness(out, x);
}

void jp_put_near_set(jp_buffer *out, const jp_explanation *x, const jp_result_set *set) {
    for (int i = 0; i < set->n_units && i < MOST_UNITS; i++) {
        if (i) jp_buffer_text(out, " + ");
        jp_put_unit(out, x, set->units[i]);
    }
    if (set->n_units > MOST_UNITS) jp_buffer_format(out, " and %d more", set->n_units - MOST_UNITS);
    jp_buffer_text(out, " (");
    jp_put_figure(out, set->drop);
    jp_buffer_text(out, ")");
}

void jp_put_near_sets(jp_buffer *out, const jp_explanation *x, int most) {
    int n = x->stability.near.n_sets < most ? x->stability.near.n_sets : most;
    for (int i = 0; i < n; i++) {
        if (i) jp_buffer_text(out, "; ");
        jp_put_near_set(out, x, &x->stability.near.sets[i]);
    }
    if (n && x->stability.near.others > n) jp_buffer_format(out, "; and %d more", x->stability.near.others - n);
}

void jp_put_frequency_interval(jp_buffer *out, const jp_explanation *x, int unit) {
    if (unit >= x->stability.n_low || unit >= x->stability.n_high) return;
    double low = x->stability.low[unit], high = x->stability.high[unit];
    if (!isfinite(low) || !isfinite(high)) return;
    jp_put_fixed(out, 100 * low, 0);
    jp_buffer_text(out, " to ");
    jp_put_fixed(out, 100 * high, 0);
    jp_buffer_text(out, "\xc2\xa0%");
}
