/* Forward selection: add the unit that raises the drop most, k times. About n * k evaluations. The best of the k
 * sets on the way is the answer, since one more hidden unit may also lower the drop. */
#include <math.h>
#include <stdlib.h>

#include "method/method.h"

typedef struct {
    jp_bitset *sets; /* [n] candidates; sets[i] belongs to unit units[i] */
    double    *drops;
    int       *units;
    jp_bitset  chosen;
    double     best;
} greedy;

/* One step: extend g->chosen by the best unit, if there is one. */
static int step_greedy(const jp_task *task, greedy *g, jp_selection *selection, jopa_error *e) {
    int count = 0, top = -1;
    for (int u = 0; u < task->n; u++) {
        if (jp_bitset_has(&g->chosen, u)) continue;
        jp_bitset_copy(&g->sets[count], &g->chosen);
        jp_bitset_add(&g->sets[count], u);
        g->units[count++] = u;
    }
    int status = jp_scorer_drops(task->scorer, g->sets, count, g->drops, e);
    if (status > 0) return status;
    for (int i = 0; i < count; i++)
        if (!isnan(g->drops[i]) && (top < 0 || g->drops[i] > g->drops[top])) top = i;
    if (top < 0) return status;
    double before = isfinite(g->best) ? g->best : 0;
    selection->score[g->units[top]] = g->drops[top] - before;
    jp_bitset_copy(&g->chosen, &g->sets[top]);
    if (g->drops[top] > g->best) {
        g->best = g->drops[top];
        jp_bitset_copy(&selection->selected, &g->chosen);
    }
    return status;
}

static int run_greedy(const jp_task *task, jp_selection *selection, jopa_error *e) {
    int    n = task->n, status = JP_OK;
    greedy g = {.sets = jp_bitset_array_new(n, n),
                .drops = malloc((size_t)n * sizeof(double)),
                .units = malloc((size_t)n * sizeof(int)),
                .best = -INFINITY};
    if (jp_bitset_init(&g.chosen, n) || !g.sets || !g.drops || !g.units) status = jp_fail_memory(e);
    for (int i = 0; i < task->k && !status; i++) status = step_greedy(task, &g, selection, e);
    jp_bitset_array_free(g.sets);
    jp_bitset_free(&g.chosen);
    free(g.drops);
    free(g.units);
    return status;
}

const jp_method jp_method_greedy = {.name = "greedy",
                                    .summary = "forward selection: add the unit that raises the drop most, k times",
                                    .run = run_greedy};
