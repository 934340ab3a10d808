#include "explain/progress.h"

#include "base/clock.h"

int jp_run_forward(void *user, int evaluations, int budget, double best_drop) {
    const jp_run_progress *p = user;
    double                 seconds = jp_seconds() - p->started;
    jopa_progress          report = {evaluations, budget, best_drop, seconds, -1, p->stage};
    if (budget > 0 && evaluations > 1) report.seconds_left = seconds / evaluations * (budget - evaluations);
    if (p->o->seconds > 0 && (report.seconds_left < 0 || report.seconds_left > p->o->seconds - seconds))
        report.seconds_left = p->o->seconds - seconds;
    return p->o->progress && p->o->progress(p->o->user, &report);
}
