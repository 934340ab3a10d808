#include "search/perturb.h"

#include <math.h>
#include <stdlib.h>

enum { SAMPLES_PER_UNIT = 4, SAMPLES_MIN = 25 /* Captum's default */ };

void jp_samples_free(jp_samples *s) {
    free(s->shown);
    free(s->f);
    free(s->weight);
    *s = (jp_samples){0};
}

static uint64_t *word_of(const jp_samples *s, int row, int unit) {
    return s->shown + (size_t)unit * (size_t)s->words + (size_t)row / 64;
}

bool jp_samples_shown(const jp_samples *s, int row, int unit) { return *word_of(s, row, unit) >> (row % 64) & 1; }

jp_regression jp_samples_regression(const jp_samples *s) {
    return (jp_regression){s->shown, s->f, s->weight, s->words, s->rows, s->cols};
}

static int sample_count(const jp_task *task) {
    if (task->budget > 1) return task->budget - 1; /* the unmasked prompt took one */
    return task->n * SAMPLES_PER_UNIT > SAMPLES_MIN ? task->n * SAMPLES_PER_UNIT : SAMPLES_MIN;
}

/* Masks scored together: all of them on prompts of usual length. */
static int samples_at_once(const jp_samples *s, jp_scorer *scorer) {
    const jp_problem *p = jp_scorer_problem(scorer);
    int fit = JP_SAMPLES_AT_ONCE / (p->prompt->n_tokens + p->target_last), least = jp_scorer_batch(scorer);
    if (fit < least) fit = least;
    return fit < s->rows ? fit : s->rows;
}

/* Rows [from, from + count): their bits, their weights, and in hidden[count] what they hide. */
static void draw_samples(jp_samples *s, const jp_perturbation *kind, jp_random *random, int from, int count,
                         jp_bitset *shown, jp_bitset *hidden) {
    for (int i = 0; i < count; i++) {
        int row = from + i;
        jp_bitset_clear(shown);
        jp_bitset_clear(hidden + i);
        kind->draw(random, row, shown);
        s->weight[row] = kind->weight(shown);
        for (int u = 0; u < s->cols; u++) {
            if (jp_bitset_has(shown, u)) *word_of(s, row, u) |= (uint64_t)1 << (row % 64);
            else jp_bitset_add(hidden + i, u);
        }
    }
}

/* All rows; f is NAN where a limit came first, and s->rows those that were drawn. */
static int score_samples(jp_samples *s, const jp_task *task, const jp_perturbation *kind, jopa_error *e) {
    int        at_once = samples_at_once(s, task->scorer), status = JP_OK, done = 0;
    jp_bitset *hidden = jp_bitset_array_new(at_once + 1, s->cols), *shown = hidden + at_once;
    jp_random  random;
    jp_random_seed(&random, task->seed);
    if (!hidden) return jp_fail_memory(e);
    for (; done < s->rows && !status; done += at_once) {
        if (s->rows - done < at_once) at_once = s->rows - done;
        draw_samples(s, kind, &random, done, at_once, shown, hidden);
        status = jp_scorer_drops(task->scorer, hidden, at_once, s->f + done, e);
    }
    s->rows = done;
    for (int i = 0; i < s->rows && status <= 0; i++) s->f[i] = jp_scorer_full(task->scorer) - s->f[i];
    jp_bitset_array_free(hidden);
    return status;
}

static int score_samples_fast(jp_samples *s, const jp_task *task, const jp_perturbation *kind, jopa_error *e) {
    int status = jp_scorer_fast(task->scorer, true, e);
    if (!status) status = score_samples(s, task, kind, e);
    int exact = jp_scorer_fast(task->scorer, false, e);
    return exact ? exact : status;
}

/* Close the gaps that unscored rows leave. */
static void drop_unscored(jp_samples *s) {
    int kept = 0;
    for (int i = 0; i < s->rows; i++) {
        if (!isfinite(s->f[i])) continue;
        for (int u = 0; u < s->cols && kept < i; u++) {
            uint64_t bit = (uint64_t)1 << (kept % 64), *word = word_of(s, kept, u);
            *word = jp_samples_shown(s, i, u) ? *word | bit : *word & ~bit;
        }
        s->weight[kept] = s->weight[i];
        s->f[kept++] = s->f[i];
    }
    s->rows = kept;
}

int jp_samples_take(jp_samples *out, const jp_task *task, const jp_perturbation *kind, jopa_error *e) {
    jp_samples s = {.rows = sample_count(task), .cols = task->n};
    size_t     rows = (size_t)s.rows;
    s.words = (s.rows + 63) / 64;
    s.shown = calloc((size_t)s.words * (size_t)s.cols, sizeof *s.shown);
    s.f = malloc(rows * sizeof *s.f);
    s.weight = malloc(rows * sizeof *s.weight);
    int status = s.shown && s.f && s.weight ? score_samples_fast(&s, task, kind, e) : jp_fail_memory(e);
    if (status > 0) {
        jp_samples_free(&s);
        return status;
    }
    drop_unscored(&s);
    *out = s;
    return status;
}

int jp_perturb_run(const jp_task *task, const jp_perturbation *kind, jp_selection *selection, jopa_error *e) {
    jp_samples samples;
    int        status = jp_samples_take(&samples, task, kind, e);
    if (status > 0) return status;
    jp_regression rows = jp_samples_regression(&samples);
    int           fitted = samples.rows ? kind->fit(&rows, selection->score, e) : JP_OK;
    if (!fitted) jp_select_top(selection->score, task->n, task->k, &selection->selected);
    jp_samples_free(&samples);
    return fitted ? fitted : status;
}
