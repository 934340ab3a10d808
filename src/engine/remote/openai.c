/* What speaks OpenAI's /v1/completions with `echo` and `logprobs` and takes ids, `jopa serve` among them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/remote/dialect.h"
#include "engine/remote/prompt-scores.h"

enum { WRITES_ONE = 1 }; /* some score a prompt only when they write a token as well */

static int recognise_openai(jp_server *s, const jp_asking *ask, jopa_error *e) {
    json_t *entry = NULL;
    int     code = jp_wire_models(s, ask, &entry, e);
    if (code <= 0) return code;
    s->context = (int)jp_wire_count(json_object_get(entry, "max_model_len"), INT32_MAX);
    json_decref(entry);
    return 1;
}

static jp_wire_request score_openai(const jp_server *s, const jp_wire_row *row) {
    return jp_prompt_scores_request("/v1/completions", "prompt", row,
                                    json_pack("{s:s, s:i, s:i, s:b, s:i, s:b}", "model", s->model, "max_tokens",
                                              s->variant == WRITES_ONE, "temperature", 0, "echo", 1, "logprobs", 1,
                                              "return_tokens_as_token_ids", 1));
}

/* "token_id:504", where the server tells ids. */
static bool is_another(const json_t *token, int32_t id) {
    static const char PREFIX[] = "token_id:";
    const char       *text = json_string_value(token);
    return text && !strncmp(text, PREFIX, sizeof PREFIX - 1) && strtol(text + sizeof PREFIX - 1, NULL, 10) != id;
}

static bool read_score_openai(const jp_server *s, const jp_wire_row *row, const json_t *reply, float *out,
                              int64_t *decoded, char *why, size_t room) {
    (void)s;
    const json_t *logprobs = json_object_get(json_array_get(json_object_get(reply, "choices"), 0), "logprobs");
    const json_t *list = json_object_get(logprobs, "token_logprobs"), *tokens = json_object_get(logprobs, "tokens");
    size_t        all = (size_t)row->n_prompt + (size_t)row->last, size = json_array_size(list);
    if (size != all && size != all + 1) {
        snprintf(why, room, "it answers scores of %zu tokens for %zu, as a server does that ignores `echo`", size, all);
        return false;
    }
    for (int t = row->first; t < row->last; t++) {
        size_t at = (size_t)(row->n_prompt + t);
        if (is_another(json_array_get(tokens, at), row->response[t])) {
            snprintf(why, room, "it answers another token than it was asked for");
            return false;
        }
        if (!jp_wire_number(json_array_get(list, at), out + (t - row->first), why, room)) return false;
    }
    *decoded = jp_prompt_scores_cost(json_object_get(reply, "usage"), row);
    return true;
}

const jp_dialect jp_dialect_openai = {.name = "openai",
                                      .summary = "/v1/completions with echo, logprobs and ids; needs a tokenizer file",
                                      .recognise = recognise_openai,
                                      .score = score_openai,
                                      .read_score = read_score_openai,
                                      .other_variant = WRITES_ONE};
