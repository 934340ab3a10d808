#include "completions.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "calls.h"
#include "completion-request.h"
#include "endpoints.h"
#include "fail.h"
#include "json-text.h"
#include "runs.h"
#include "sequence.h"
#include "work.h"

static bool is_unwanted(work *w, const run *r) {
    hub_lock(w->hub);
    bool over = run_must_end(w->hub, r);
    hub_unlock(w->hub);
    return over;
}

static int answer_prompt(json_t *choices, work *w, const json_t *prompt, const manner *how, const json_t *stops,
                         int usage[2], jopa_error *e) {
    sequence s;
    int      status = sequence_make(&s, w->model, prompt, how, e);
    json_t  *choice = status ? NULL : sequence_choice(&s, w->model, how, stops, (int)json_array_size(choices));
    if (!status && !choice) status = fail_no_memory(e);
    if (choice) json_array_append_new(choices, choice);
    usage[0] += s.n_prompt;
    usage[1] += s.n - s.n_prompt;
    sequence_free(&s);
    return status;
}

static char *completion_json(const hub *h, const run *r, json_t *choices, const int usage[2]) {
    json_t *all =
        json_pack("{s:s, s:s, s:I, s:s, s:O, s:{s:i, s:i, s:i}}", "id", r->id, "object", "text_completion", "created",
                  (json_int_t)time(NULL), "model", h->model_name, "choices", choices, "usage", "prompt_tokens",
                  usage[0], "completion_tokens", usage[1], "total_tokens", usage[0] + usage[1]);
    return json_text(all, 9);
}

int completions_run(work *w, run *r, char **json, jopa_error *e) {
    const json_t *body = r->body, *prompt = json_object_get(body, "prompt");
    json_t       *choices = json_array(), *stops = completion_stops(body);
    manner        how = completion_manner(body);
    int           n = completion_prompts(prompt), usage[2] = {0, 0}, status = JOPA_OK;
    for (int i = 0; i < n && !status; i++) {
        if (is_unwanted(w, r)) status = fail(e, JOPA_ERROR_INTERRUPTED, "ended before it was done");
        else status = answer_prompt(choices, w, completion_prompt(prompt, i), &how, stops, usage, e);
    }
    if (!status && !(*json = completion_json(w->hub, r, choices, usage))) status = fail_no_memory(e);
    json_decref(choices);
    json_decref(stops);
    return status;
}

enum MHD_Result answer_completions(exchange *x) { return call_model(x, completions_check, completions_run); }
