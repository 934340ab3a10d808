#include "sequence.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fail.h"
#include "token-text.h"

/* ---- tokens ---- */

static int read_prompt_ids(sequence *s, const json_t *ids, jopa_error *e) {
    size_t n = json_array_size(ids);
    s->ids = malloc((n + 1) * sizeof *s->ids);
    if (!s->ids) return fail_no_memory(e);
    for (size_t i = 0; i < n; i++) {
        json_int_t id = json_integer_value(json_array_get(ids, i));
        if (id < 0 || id > INT32_MAX) return fail(e, JOPA_ERROR_INPUT, "`prompt`: an id is no token");
        s->ids[i] = (int32_t)id;
    }
    s->n_prompt = s->n = (int)n;
    return n ? JOPA_OK : fail(e, JOPA_ERROR_INPUT, "`prompt`: it is empty");
}

static int read_prompt_text(sequence *s, jopa_model *m, const json_t *text, jopa_error *e) {
    int status =
        jopa_model_tokenize(m, json_string_value(text), json_string_length(text), true, &s->ids, &s->n_prompt, e);
    s->n = s->n_prompt;
    if (!status && !s->n) status = fail(e, JOPA_ERROR_INPUT, "`prompt`: it is empty");
    return status;
}

static int write_more(sequence *s, jopa_model *m, int max, jopa_error *e) {
    int      written = 0;
    int32_t *ids = realloc(s->ids, ((size_t)s->n + (size_t)max + 1) * sizeof *ids);
    if (!ids) return fail_no_memory(e);
    s->ids = ids;
    int status = max ? jopa_model_generate(m, ids, s->n, max, ids + s->n, &written, e) : JOPA_OK;
    s->n += written;
    s->ended = !status && written < max;
    return status;
}

/* ---- log-probabilities ---- */

/* What ended the text is what is most likely after it: the last token, which was put there to ask for that. */
static void take_end(sequence *s) {
    size_t last = (size_t)s->n - 1;
    s->ids[last] = s->top_ids[last * (size_t)s->top];
    s->log_probs[last] = s->top_log_probs[last * (size_t)s->top];
}

static int score(sequence *s, jopa_model *m, int top, jopa_error *e) {
    if (s->ended) s->ids[s->n++] = s->ids[0];
    s->top = s->ended && top < 1 ? 1 : top;
    size_t size = (size_t)s->n * (size_t)(s->top ? s->top : 1);
    s->log_probs = malloc((size_t)s->n * sizeof *s->log_probs);
    s->top_ids = calloc(size, sizeof *s->top_ids);
    s->top_log_probs = calloc(size, sizeof *s->top_log_probs);
    if (!s->log_probs || !s->top_ids || !s->top_log_probs) return fail_no_memory(e);
    int status = jopa_model_log_probs(m, s->ids, s->n, s->log_probs, s->top, s->top_ids, s->top_log_probs, e);
    if (!status && s->ended) take_end(s);
    return status;
}

int sequence_make(sequence *s, jopa_model *m, const json_t *prompt, const manner *how, jopa_error *e) {
    *s = (sequence){0};
    int status = json_is_string(prompt) ? read_prompt_text(s, m, prompt, e) : read_prompt_ids(s, prompt, e);
    if (!status) status = write_more(s, m, how->max_tokens, e);
    if (!status && how->top >= 0) status = score(s, m, how->top, e);
    return status;
}

void sequence_free(sequence *s) {
    free(s->ids);
    free(s->log_probs);
    free(s->top_ids);
    free(s->top_log_probs);
}

/* ---- the answer ---- */

static json_t *token_json(const jopa_model *m, int32_t id, bool ids) {
    char   *text = token_name(m, id, ids);
    json_t *made = text ? json_string(text) : NULL;
    free(text);
    return made ? made : json_string("");
}

static json_t *number_json(double value) { return isfinite(value) ? json_real(value) : json_null(); }

/* The most likely tokens at place t; of several of one text the most likely one. */
static json_t *top_json(const sequence *s, const jopa_model *m, const manner *how, int t) {
    json_t *all = json_object();
    for (int i = 0; i < how->top; i++) {
        size_t at = (size_t)t * (size_t)s->top + (size_t)i;
        char  *text = token_name(m, s->top_ids[at], how->ids);
        if (text && !json_object_get(all, text))
            json_object_set_new(all, text, number_json((double)s->top_log_probs[at]));
        free(text);
    }
    return all;
}

static json_t *log_probs_json(const sequence *s, const jopa_model *m, const manner *how, int first) {
    json_t *tokens = json_array(), *values = json_array(), *tops = json_array(), *offsets = json_array();
    long    offset = 0;
    for (int t = first; t < s->n; t++) {
        json_array_append_new(tokens, token_json(m, s->ids[t], how->ids));
        json_array_append_new(values, number_json((double)s->log_probs[t]));
        json_array_append_new(tops, t && how->top > 0 ? top_json(s, m, how, t) : json_null());
        json_array_append_new(offsets, json_integer(offset));
        offset += token_characters(m, s->ids[t]);
    }
    return json_pack("{s:o, s:o, s:o, s:o}", "tokens", tokens, "token_logprobs", values, "top_logprobs", tops,
                     "text_offset", offsets);
}

/* Cut before the first of the stops. */
static bool cut_at_stop(char *text, const json_t *stops) {
    size_t  i;
    json_t *one;
    char   *first = NULL;
    json_array_foreach(stops, i, one) {
        char *at = *json_string_value(one) ? strstr(text, json_string_value(one)) : NULL;
        if (at && (!first || at < first)) first = at;
    }
    if (first) *first = '\0';
    return first;
}

json_t *sequence_choice(const sequence *s, const jopa_model *m, const manner *how, const json_t *stops, int index) {
    bool    scored = how->top >= 0;
    int     end = s->ended && scored ? s->n - 1 : s->n, first = how->echo ? 0 : s->n_prompt;
    char   *written = tokens_text(m, s->ids + s->n_prompt, end - s->n_prompt);
    char   *given = tokens_text(m, s->ids, how->echo ? s->n_prompt : 0);
    char   *all = NULL;
    bool    stopped = written && cut_at_stop(written, stops);
    json_t *made = NULL;
    if (written && given && asprintf(&all, "%s%s", given, written) >= 0)
        made = json_pack("{s:s, s:i, s:o, s:s}", "text", all, "index", index, "logprobs",
                         scored ? log_probs_json(s, m, how, first) : json_null(), "finish_reason",
                         stopped || s->ended ? "stop" : "length");
    free(all);
    free(written);
    free(given);
    return made;
}
