/* Asking results again that were written before their options were noted: what their members tell. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "question/like.h"

/* ---- the chat -----------------------------------------------------------------------------------------------------
 */

static int add_span_again(jopa_options *o, const jp_explanation *x, const jp_result_message *m, jopa_error *e) {
    if (m->start > m->end || m->end > strlen(x->prompt_text))
        return jp_fail(e, JOPA_ERROR_INPUT, "the result's chat cannot be read");
    char *text = strndup(x->prompt_text + m->start, m->end - m->start);
    int   status = text ? jopa_options_add_message(o, m->role, text, e) : jp_fail_memory(e);
    free(text);
    return status;
}

/* One message that is the whole prompt has no template around it. */
static bool is_raw(const jp_explanation *x) {
    return x->n_messages == 1 && !x->messages[0].start && x->messages[0].end == strlen(x->prompt_text);
}

static int add_spans_again(jopa_options *o, const jp_explanation *x, jopa_error *e) {
    if (!x->n_messages || !x->prompt_text)
        return jp_fail(e, JOPA_ERROR_INPUT, "the result does not tell which chat it was asked: give the `prompt`");
    int status = is_raw(x) ? jp_like_set(o, x, "raw", "true", e) : JP_OK;
    for (int i = 0; i < x->n_messages && !status; i++) status = add_span_again(o, x, &x->messages[i], e);
    return status;
}

/* ---- the rest -----------------------------------------------------------------------------------------------------
 */

static bool takes_member(const jopa_options *asked, const char *name) {
    return jp_option_find(asked->command, name) && jp_like_takes(asked, name);
}

/* Set what `value` holds; frees it. */
static int set_member(jopa_options *o, const jp_explanation *x, const char *name, jp_buffer *value, jopa_error *e) {
    char *text = jp_buffer_take(value, NULL);
    int   status = text ? jp_like_set(o, x, name, text, e) : jp_fail_memory(e);
    free(text);
    return status;
}

/* Bytes of the response: A:B. */
static int set_target_again(jopa_options *o, const jopa_options *asked, const jp_explanation *x, jopa_error *e) {
    jp_buffer value = {0};
    size_t    start = 0, end = 0;
    bool      whole = x->target_first == 0 && x->target_last == x->n_response_tokens;
    if (whole || x->audit.refusal || !takes_member(asked, "target")) return JP_OK;
    for (int t = 0; t < x->target_last && t < x->n_response_tokens; t++) {
        size_t size = x->response_tokens[t].text ? strlen(x->response_tokens[t].text) : 0;
        if (t < x->target_first) start += size;
        end += size;
    }
    jp_buffer_format(&value, "%zu:%zu", start, end);
    return set_member(o, x, "target", &value, e);
}

static int set_roles_again(jopa_options *o, const jopa_options *asked, const jp_explanation *x, jopa_error *e) {
    jp_buffer roles = {0};
    if (!takes_member(asked, "roles") || !x->n_units) return JP_OK;
    for (int u = 0; u < x->n_units; u++) {
        const char *role = x->units[u].role;
        bool        known = !role;
        for (int v = 0; v < u && !known; v++) known = x->units[v].role && !strcmp(x->units[v].role, role);
        if (!known) jp_buffer_format(&roles, "%s%s", roles.size ? "," : "", role);
    }
    if (roles.size || roles.failed) return set_member(o, x, "roles", &roles, e);
    return JP_OK;
}

static int set_numbers_again(jopa_options *o, const jopa_options *asked, const jp_explanation *x, jopa_error *e) {
    const struct {
        const char *name;
        double      value; /* NAN: not known */
    } numbers[] = {
        {"k", x->k > 0 ? (double)x->k : (double)NAN},
        {"threshold", x->audit.present ? x->audit.threshold : (double)NAN},
        {"tolerance", x->compression.present ? x->compression.tolerance : (double)NAN},
    };
    jp_buffer seed = {0};
    int       status = JP_OK;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers && !status; i++) {
        jp_buffer value = {0};
        if (isnan(numbers[i].value) || !takes_member(asked, numbers[i].name)) continue;
        jp_put_exact(&value, numbers[i].value);
        status = set_member(o, x, numbers[i].name, &value, e);
    }
    if (status || !takes_member(asked, "seed")) return status;
    jp_buffer_format(&seed, "%llu", (unsigned long long)x->seed);
    return set_member(o, x, "seed", &seed, e);
}

static int set_texts_of(jopa_options *o, const jopa_options *asked, const jp_explanation *x, jopa_error *e) {
    const struct {
        const char *name, *value; /* NULL: not known */
    } texts[] = {
        {"unit", x->unit},
        {"operator", x->op},
        {"method", x->method},
        {"response", x->response_text},
        {"id", x->id},
        {"until", x->audit.until},
        {"refusal", x->audit.refusal ? "true" : NULL},
    };
    int status = JP_OK;
    for (size_t i = 0; i < sizeof texts / sizeof *texts && !status; i++)
        if (texts[i].value && takes_member(asked, texts[i].name))
            status = jp_like_set(o, x, texts[i].name, texts[i].value, e);
    return status;
}

int jp_like_members(jopa_options *o, const jopa_options *asked, const jp_explanation *x, jopa_error *e) {
    int status = jp_like_takes(asked, "messages") ? add_spans_again(o, x, e) : JP_OK;
    if (!status) status = set_texts_of(o, asked, x, e);
    if (!status) status = set_target_again(o, asked, x, e);
    if (!status) status = set_roles_again(o, asked, x, e);
    return status ? status : set_numbers_again(o, asked, x, e);
}
