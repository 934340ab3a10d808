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

/* "jopa 48/204 evaluations, best drop 31.20, 6 s left" */
static void draw(const state *s, const jopa_progress *p) {
    char line[160];
    int  n = snprintf(line, sizeof line, "%s %d", p->stage, p->evaluations);
    if (p->budget > 0) n += snprintf(line + n, sizeof line - (size_t)n, "/%d", p->budget);
    n += snprintf(line + n, sizeof line - (size_t)n, " evaluations");
    if (!isnan(p->best_drop)) n += snprintf(line + n, sizeof line - (size_t)n, ", best drop %.2f", p->best_drop);
    if (p->seconds_left >= 0) n += snprintf(line + n, sizeof line - (size_t)n, ", %.0f s left", ceil(p->seconds_left));
    fprintf(stderr, s->terminal ? "\r\033[K%s" : "%s\n", line);
    fflush(stderr);
}

int progress_show(void *user, const jopa_progress *p) {
    state *s = user;
    double pause = s->terminal ? 0.1 : 2.0;
    if (s->shown && (s->last < 0 || p->seconds < s->last || p->seconds - s->last >= pause)) {
        draw(s, p);
        s->last = p->seconds;
    }
    return interrupted;
}

void progress_end(void *user) {
    const state *s = user;
    if (s && s->shown && s->terminal && s->last >= 0) fputs("\r\033[K", stderr);
}
