#include "progress.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "say.h"

typedef struct {
    bool   shown, terminal;
    double last;
} state;

enum { LONG_STAGE = 10 }; /* seconds before a stage without evaluations is told where nothing is redrawn */

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

/* "jopa 48/204 evaluations, best drop 31.20: “doctor”, “patient”, 6 s left" */
static void draw_search(const state *s, const jopa_progress *p) {
    char line[400];
    int  n = snprintf(line, sizeof line, "%s %d", p->method ? p->method : p->stage, p->evaluations);
    if (p->budget > 0) n += snprintf(line + n, sizeof line - (size_t)n, "/%d", p->budget);
    n += snprintf(line + n, sizeof line - (size_t)n, " evaluations");
    if (!isnan(p->best_drop)) n += snprintf(line + n, sizeof line - (size_t)n, ", best drop %.2f", p->best_drop);
    if (p->best_text && strlen(p->best_text) < 240)
        n += snprintf(line + n, sizeof line - (size_t)n, ": %s", p->best_text);
    if (p->seconds_left >= 0) snprintf(line + n, sizeof line - (size_t)n, ", %.0f s left", ceil(p->seconds_left));
    put_progress(s, line);
}

/* "12/45 prompts, 14 min left: qa-07, lime" */
static void draw_bench(const state *s, const jopa_progress *p) {
    char   line[320], id[96], method[96];
    double left = p->seconds_left;
    int    n = snprintf(line, sizeof line, "%d/%d prompts", p->prompts_done, p->prompts);
    if (left >= 0)
        n += snprintf(line + n, sizeof line - (size_t)n, left < 100 ? ", %.0f s left" : ", %.0f min left",
                      ceil(left < 100 ? left : left / 60));
    clean_text(p->id ? p->id : "", id, 61);
    clean_text(p->method ? p->method : "", method, 41);
    if (p->id) n += snprintf(line + n, sizeof line - (size_t)n, ": %s", id);
    if (p->id && p->method) snprintf(line + n, sizeof line - (size_t)n, ", %s", method);
    put_progress(s, line);
}

/* "loading 40 %" */
static void draw_stage(const state *s, const jopa_progress *p) {
    char line[160];
    if (p->fraction < 0) snprintf(line, sizeof line, "%s", p->stage);
    else snprintf(line, sizeof line, "%s %.0f %%", p->stage, 100 * p->fraction);
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
    const state *s = user;
    bool         stage = !p->prompts && !p->evaluations;
    if (stage && !s->terminal && p->seconds < LONG_STAGE) return interrupted;
    if (!is_due(user, p->seconds, p->prompts ? 30 : 2)) return interrupted;
    if (p->prompts) draw_bench(user, p);
    else if (p->evaluations) draw_search(user, p);
    else draw_stage(user, p);
    return interrupted;
}

bool progress_interrupted(void) { return interrupted; }

void progress_end(void *user) {
    const state *s = user;
    if (s && s->shown && s->terminal && s->last >= 0) fputs("\r\033[K", stderr);
}
