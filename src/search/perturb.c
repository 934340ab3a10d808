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

static int sample_count(const jp_task *task) {
    if (task->budget > 1) return task->budget - 1; /* the unmasked prompt took one */
    return task->n * SAMPLES_PER_UNIT > SAMPLES_MIN ? task->n * SAMPLES_PER_UNIT : SAMPLES_MIN;
}

/* f of the drawn rows into s->f, NAN where a limit came first. */
static int score_samples(jp_samples *s, jp_scorer *scorer, jopa_error *e) {
    jp_bitset *hidden = jp_bitset_array_new(s->rows, s->cols);
    if (!hidden) return jp_fail_memory(e);
    for (int i = 0; i < s->rows; i++)
        for (int j = 0; j < s->cols; j++)
            if (s->shown[(size_t)i * (size_t)s->cols + (size_t)j] == 0) jp_bitset_add(&hidden[i], j);
    int status = jp_scorer_fast(scorer, true, e);
    if (!status) status = jp_scorer_drops(scorer, hidden, s->rows, s->f, e);
    for (int i = 0; i < s->rows && status <= 0; i++) s->f[i] = jp_scorer_full(scorer) - s->f[i];
    jp_bitset_array_free(hidden);
    int exact = jp_scorer_fast(scorer, false, e);
    return exact ? exact : status;
}

/* Close the gaps that unscored rows leave. */
static void drop_unscored(jp_samples *s) {
    int    kept = 0;
    size_t cols = (size_t)s->cols;
    for (int i = 0; i < s->rows; i++) {
        if (isnan(s->f[i])) continue;
        for (size_t j = 0; j < cols; j++) s->shown[(size_t)kept * cols + j] = s->shown[(size_t)i * cols + j];
        s->weight[kept] = s->weight[i];
        s->f[kept++] = s->f[i];
    }
    s->rows = kept;
}

int jp_samples_take(jp_samples *out, const jp_task *task, const jp_perturbation *kind, jopa_error *e) {
    jp_samples s = {.rows = sample_count(task), .cols = task->n};
    size_t     rows = (size_t)s.rows, cols = (size_t)s.cols;
    jp_random  random;
    s.shown = malloc(rows * cols * sizeof *s.shown);
    s.f = malloc(rows * sizeof *s.f);
    s.weight = malloc(rows * sizeof *s.weight);
    int status = s.shown && s.f && s.weight ? JP_OK : jp_fail_memory(e);
    jp_random_seed(&random, task->seed);
    for (int i = 0; i < s.rows && !status; i++) {
        kind->draw(&random, i, s.cols, s.shown + (size_t)i * cols);
        s.weight[i] = kind->weight(s.shown + (size_t)i * cols, s.cols);
    }
    if (!status) status = score_samples(&s, task->scorer, e);
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
    int fitted = samples.rows ? kind->fit(&samples, selection->score, e) : JP_OK;
    if (!fitted) jp_select_top(selection->score, task->n, task->k, &selection->selected);
    jp_samples_free(&samples);
    return fitted ? fitted : status;
}
