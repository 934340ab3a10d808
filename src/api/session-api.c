#include <stdlib.h>

#include "explain/named-set.h"
#include "explain/session.h"
#include "use/score.h"

int jopa_session_open(jopa_session **out, jopa_model *m, const jopa_options *o, jopa_error *e) {
    if (!(o->command & (JP_EXPLAIN | JP_COMPARE | JP_SCORE)))
        return jp_fail(e, JOPA_ERROR_USAGE, "a session is opened with options of explain, compare or score");
    jp_model_begin(m);
    return jp_session_open(out, m, o, e);
}

void jopa_session_free(jopa_session *s) { jp_session_close(s); }

int         jopa_session_units(const jopa_session *s) { return s->problem.prompt.n_units; }
int         jopa_session_tokens(const jopa_session *s) { return s->problem.n_response; }
const char *jopa_session_prompt(const jopa_session *s) { return s->problem.prompt.text; }
const char *jopa_session_response(const jopa_session *s) { return s->problem.response_text; }
int         jopa_session_known(const jopa_session *s) { return jp_store_count(s->store); }

bool jopa_session_unit(const jopa_session *s, int u, size_t *start, size_t *end) {
    if (u < 0 || u >= s->problem.prompt.n_units) return false;
    *start = s->problem.prompt.units[u].start;
    *end = s->problem.prompt.units[u].end;
    return true;
}

bool jopa_session_token(const jopa_session *s, int t, size_t *start, size_t *end) {
    if (t < 0 || t >= s->problem.n_response) return false;
    *start = s->problem.response_start[t];
    *end = s->problem.response_start[t + 1];
    return true;
}

/* The sets as masks; one more before them, which hides nothing. */
static int make_masks(const jopa_session *s, const int *const *units, const int *sizes, int n, jp_bitset **out,
                      jopa_error *e) {
    int        n_units = s->problem.prompt.n_units, status = JP_OK;
    jp_bitset *masks = jp_bitset_array_new(n + 1, n_units);
    if (!masks) return jp_fail_memory(e);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < sizes[i] && !status; j++) {
            int u = units[i][j];
            if (u < 0 || u >= n_units)
                status =
                    jp_fail(e, JOPA_ERROR_USAGE, "set %d: unit %d is none of the prompt's 0 to %d", i, u, n_units - 1);
            else jp_bitset_add(&masks[i + 1], u);
        }
    if (status) jp_bitset_array_free(masks);
    else *out = masks;
    return status;
}

/* Sum over the target of what was asked for when the session was opened. */
static double sum_target(const jp_explain_problem *p, const float *log_probs) {
    double sum = 0;
    for (int t = p->problem.target_first; t < p->problem.target_last; t++) sum += (double)log_probs[t];
    return sum;
}

int jopa_session_drops(jopa_session *s, const int *const *units, const int *sizes, int n, double *drops,
                       double *log_probs, jopa_error *e) {
    jp_explain_problem asked = {0};
    jp_bitset         *masks = NULL;
    size_t             width = (size_t)s->problem.n_response;
    float             *rows = malloc(((size_t)(n > 0 ? n : 0) + 1) * width * sizeof *rows);
    int                status = rows ? make_masks(s, units, sizes, n, &masks, e) : jp_fail_memory(e);
    jp_model_begin(s->model);
    if (!status) status = jp_explain_problem_again(&asked, &s->problem, &s->question, e);
    if (!status && asked.other) status = jp_session_others(s, &asked, masks + 1, n, NULL, drops, e);
    if (!status) status = jp_session_log_probs(s, masks, n + 1, rows, e);
    for (int i = 0; i < n && !status; i++) {
        const float *row = rows + (size_t)(i + 1) * width;
        if (!asked.other) drops[i] = sum_target(&asked, rows) - sum_target(&asked, row);
        for (size_t t = 0; t < width && log_probs; t++) log_probs[(size_t)i * width + t] = (double)row[t];
    }
    jp_explain_problem_end(&asked);
    jp_bitset_array_free(masks);
    free(rows);
    return status;
}

int jopa_session_named_set(const jopa_session *s, const char *text, int **units, int *n, jopa_error *e) {
    jp_bitset set;
    int       size = s->problem.prompt.n_units;
    if (jp_bitset_init(&set, size)) return jp_fail_memory(e);
    int *members = malloc((size_t)size * sizeof *members);
    int  status = members ? jp_named_set(&set, &s->problem.prompt, text, e) : jp_fail_memory(e);
    if (!status) {
        *n = jp_bitset_members(&set, members);
        *units = members;
    } else free(members);
    jp_bitset_free(&set);
    return status;
}

int jopa_session_explain(jopa_result **out, jopa_session *s, const jopa_options *o, jopa_error *e) {
    if (!(o->command & (JP_EXPLAIN | JP_COMPARE)))
        return jp_fail(e, JOPA_ERROR_USAGE, "a session explains options of explain or compare");
    jp_model_begin(s->model);
    return jp_session_explain(out, s, o, e);
}

bool jopa_session_is_about(const jopa_session *s, const jopa_options *o) { return jp_session_is_about(s, o); }

int jopa_session_score(jopa_result **out, jopa_session *s, const jopa_options *o, jopa_error *e) {
    if (!(o->command & JP_SCORE)) return jp_fail(e, JOPA_ERROR_USAGE, "a session scores options of score");
    jp_model_begin(s->model);
    return jp_score_named(out, s, o, e);
}

int jopa_score(jopa_result **out, jopa_model *m, const jopa_options *o, jopa_error *e) {
    jopa_session *s = NULL;
    int           status = jopa_session_open(&s, m, o, e);
    if (!status) status = jopa_session_score(out, s, o, e);
    jopa_session_free(s);
    return status;
}
