#include "explain/watch.h"

#include <math.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "report/label.h"

static const struct {
    const char *name, *summary;
} stages[] = {
    [JP_STAGE_LOADING] = {"loading", "the model is read, and copied into a faster type where that pays"},
    [JP_STAGE_RESPONDING] = {"responding", "the model writes the response that is explained"},
    [JP_STAGE_SEARCHING] = {"searching", "sets are scored; the method is told beside it"},
    [JP_STAGE_ANALYSING] = {"analysing", "pairs and members of the set are scored; for a matrix each unit alone"},
    [JP_STAGE_REPEATING] = {"repeating", "the search runs with other seeds"},
    [JP_STAGE_REWRITING] = {"rewriting", "the model writes with the set hidden"},
    [JP_STAGE_MEASURING] = {"measuring", "metrics"},
};

const char *jp_stage_name(int index, const char **summary) {
    if (index < 0 || index >= (int)(sizeof stages / sizeof *stages)) return NULL;
    if (summary) *summary = stages[index].summary;
    return stages[index].name;
}

static int ask_watch(void *user, double fraction) { return jp_watch_ask(user, fraction); }

void jp_watch_begin(jp_watch *w, jopa_model *m, const jp_question *q) {
    *w = (jp_watch){.model = m, .progress = q->progress, .user = q->user, .started = jp_seconds(), .limit = q->seconds};
    w->stop = (jopa_stop){ask_watch, w};
    w->now = (jopa_progress){.best_drop = NAN, .seconds_left = -1, .fraction = -1, .stage = stages[0].name};
}

bool jp_watch_ask(jp_watch *w, double fraction) {
    w->now.fraction = fraction;
    w->now.seconds = jp_seconds() - w->started;
    w->stopped = w->stopped || atomic_load(&w->model->cancelled);
    if (!w->stopped && w->progress && w->progress(w->user, &w->now)) w->stopped = true;
    w->stopped = w->stopped || atomic_load(&w->model->cancelled); /* by the callback */
    return w->stopped;
}

bool jp_watch_stage(jp_watch *w, jp_stage stage, const char *method) {
    w->now.stage = stages[stage].name;
    w->now.method = method;
    w->now.evaluations = w->now.budget = 0;
    w->now.seconds_left = -1;
    return jp_watch_ask(w, -1);
}

/* The members of the best set so far, for the time of the callback. */
static int *list_best(const jp_watch *w, int *n) {
    jp_bitset best = {0};
    int      *members = NULL;
    *n = 0;
    if (!w->progress || !w->scorer || jp_bitset_init(&best, jp_scorer_units(w->scorer))) return NULL;
    if (jp_scorer_best(w->scorer, &best, NULL)) members = malloc((size_t)(best.n + 1) * sizeof *members);
    if (members) *n = jp_bitset_members(&best, members);
    jp_bitset_free(&best);
    return members;
}

/* “Berlin”, “Germany.” and so on, short enough for a line of progress. NULL: there is none. */
static char *name_best(const jp_watch *w, const int *best, int n) {
    enum { MOST = 3, COLUMNS = 16 };
    jp_buffer text = {0};
    for (int i = 0; i < n && i < MOST && best; i++) {
        const jp_unit *u = &w->prompt->units[best[i]];
        if (i) jp_buffer_text(&text, ", ");
        jp_put_quoted(&text, w->prompt->text, u->start, u->end, COLUMNS);
    }
    if (n > MOST) jp_buffer_format(&text, " and %d more", n - MOST);
    return text.size ? jp_buffer_take(&text, NULL) : NULL;
}

int jp_watch_scores(void *user, int evaluations, int budget, double best_drop) {
    jp_watch *w = user;
    double    seconds = jp_seconds() - w->started;
    int      *best = list_best(w, &w->now.n_best);
    char     *text = name_best(w, best, w->now.n_best);
    w->now.best = best;
    w->now.best_text = text;
    w->now.evaluations = evaluations;
    w->now.budget = budget;
    w->now.best_drop = best_drop;
    w->now.seconds_left = budget > 0 && evaluations > 1 ? seconds / evaluations * (budget - evaluations) : -1;
    if (w->limit > 0 && (w->now.seconds_left < 0 || w->now.seconds_left > w->limit - seconds))
        w->now.seconds_left = w->limit - seconds;
    bool stop = jp_watch_ask(w, budget > 0 ? fmin(1, (double)evaluations / budget) : -1);
    w->now.best = NULL;
    w->now.best_text = NULL;
    w->now.n_best = 0;
    free(best);
    free(text);
    return stop;
}

int jp_watch_fail(const jp_watch *w, jopa_error *e) {
    return jp_fail(e, JOPA_ERROR_INTERRUPTED, "interrupted while %s: there is no result yet", w->now.stage);
}
