#include "progress.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

typedef struct {
    bool   shown, terminal;
    double last;
} state;

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal) {
    (void)signal;
    interrupted = 1;
}

void *progress_begin(bool quiet, bool always) {
    static state s;
    s = (state){.terminal = isatty(STDERR_FILENO), .last = -1};
    s.shown = !quiet && (s.terminal || always);
    struct sigaction action = {.sa_handler = on_interrupt, .sa_flags = (int)SA_RESETHAND};
    sigaction(SIGINT, &action, NULL);
    return &s;
}

static void put_progress(const state *s, const char *line) {
    fprintf(stderr, s->terminal ? "\r\033[K%s" : "%s\n", line);
    fflush(stderr);
}

/* "jopa 48/204 evaluations, best drop 31.20, 6 s left" */
static void draw_line(const state *s, const jopa_progress *p) {
    char line[160];
    int  n = snprintf(line, sizeof line, "%s %d", p->stage, p->evaluations);
    if (!p->evaluations && !p->budget) {
        put_progress(s, p->stage);
        return;
    }
    if (p->budget > 0) n += snprintf(line + n, sizeof line - (size_t)n, "/%d", p->budget);
    n += snprintf(line + n, sizeof line - (size_t)n, " evaluations");
    if (!isnan(p->best_drop)) n += snprintf(line + n, sizeof line - (size_t)n, ", best drop %.2f", p->best_drop);
    if (p->seconds_left >= 0) n += snprintf(line + n, sizeof line - (size_t)n, ", %.0f s left", ceil(p->seconds_left));
    put_progress(s, line);
}

/* Whether `pause` seconds are over since the last line. */
static bool is_due(state *s, double seconds, double pause) {
    if (!s->shown || (s->last >= 0 && seconds >= s->last && seconds - s->last < (s->terminal ? 0.1 : pause)))
        return false;
    s->last = seconds;
    return true;
}

int progress_show(void *user, const jopa_progress *p) {
    if (is_due(user, p->seconds, 2)) draw_line(user, p);
    return interrupted;
}

/* "12/45 prompts, 14 min left: qa-07, lime" */
int progress_bench(void *user, const jopa_bench_progress *p) {
    char   line[160];
    double left = p->seconds_left;
    if (is_due(user, p->seconds, 30)) {
        int n = snprintf(line, sizeof line, "%d/%d prompts", p->done, p->total);
        if (left >= 0)
            n += snprintf(line + n, sizeof line - (size_t)n, left < 100 ? ", %.0f s left" : ", %.0f min left",
                          ceil(left < 100 ? left : left / 60));
        if (p->id) n += snprintf(line + n, sizeof line - (size_t)n, ": %.60s", p->id);
        if (p->id && p->method) snprintf(line + n, sizeof line - (size_t)n, ", %.40s", p->method);
        put_progress(user, line);
    }
    return interrupted;
}

void progress_end(void *user) {
    const state *s = user;
    if (s && s->shown && s->terminal && s->last >= 0) fputs("\r\033[K", stderr);
}
