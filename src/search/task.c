#include <math.h>
#include <stdlib.h>

#include "search/task.h"

int jp_selection_init(jp_selection *s, int n, jopa_error *e) {
    *s = (jp_selection){.score = malloc((size_t)n * sizeof(double)), .probability = malloc((size_t)n * sizeof(double))};
    if (!s->score || !s->probability || jp_bitset_init(&s->selected, n)) return jp_fail_memory(e);
    for (int i = 0; i < n; i++) s->score[i] = s->probability[i] = NAN;
    return JP_OK;
}

void jp_selection_free(jp_selection *s) {
    free(s->score);
    free(s->probability);
    jp_bitset_free(&s->selected);
}

int jp_task_spent(const jp_task *task) { return (int)jp_scorer_spent(task->scorer) - task->spent; }

static const double SHORT = 1.5; /* evaluations a unit */

bool jp_task_is_short(const jp_task *task) {
    return task->budget > 0 && task->budget < SHORT * task->n && !task->prior && !task->known && !task->spent;
}

void jp_select_top(const double *score, int n, int k, jp_bitset *selected) {
    jp_bitset_clear(selected);
    for (int taken = 0; taken < k; taken++) {
        int best = -1;
        for (int i = 0; i < n; i++)
            if (!isnan(score[i]) && !jp_bitset_has(selected, i) && (best < 0 || score[i] > score[best])) best = i;
        if (best < 0) return;
        jp_bitset_add(selected, best);
    }
}

int jp_single_drops(jp_scorer *s, double *out, jopa_error *e) {
    int        n = jp_scorer_units(s);
    jp_bitset *singles = jp_bitset_array_new(n, n);
    if (!singles) return jp_fail_memory(e);
    for (int i = 0; i < n; i++) jp_bitset_add(&singles[i], i);
    int status = jp_scorer_drops(s, singles, n, out, e);
    jp_bitset_array_free(singles);
    return status;
}
