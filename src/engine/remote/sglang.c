/* SGLang: /generate with the log-probabilities of input tokens from a position on, up to which its cache serves. */
#include <stdio.h>
#include <string.h>

#include "engine/remote/dialect.h"
#include "engine/remote/prompt-scores.h"

static int recognise_sglang(jp_server *s, const jp_asking *ask, jopa_error *e) {
    json_t *reply = NULL;
    long    status = 0;
    int     code = jp_wire_get(ask, s->base, "/get_model_info", &reply, &status, e);
    if (code) return -code;
    const char *model = json_string_value(json_object_get(reply, "model_path"));
    bool        known = status == 200 && model && json_object_get(reply, "tokenizer_path");
    if (known) snprintf(s->model, sizeof s->model, "%s", model);
    json_decref(reply);
    if (!known || jp_wire_get(ask, s->base, "/get_server_info", &reply, &status, NULL)) return known;
    s->context = (int)jp_wire_count(json_object_get(reply, "context_length"), INT32_MAX);
    const char *version = json_string_value(json_object_get(reply, "version"));
    snprintf(s->version, sizeof s->version, "%s", version ? version : "");
    json_decref(reply);
    return 1;
}

static jp_wire_request score_sglang(const jp_server *s, const jp_wire_row *row) {
    (void)s;
    return jp_prompt_scores_request("/generate", "input_ids", row,
                                    json_pack("{s:{s:i, s:i}, s:b, s:i}", "sampling_params", "max_new_tokens", 0,
                                              "temperature", 0, "return_logprob", 1, "logprob_start_len",
                                              row->n_prompt + row->first - 1));
}

/* [[null, id, null], [-1.88, 504, null], ...] from the token before the span on. */
static bool read_score_sglang(const jp_server *s, const jp_wire_row *row, const json_t *reply, float *out,
                              int64_t *decoded, char *why, size_t room) {
    (void)s;
    const json_t *meta = json_object_get(reply, "meta_info"), *list = json_object_get(meta, "input_token_logprobs");
    size_t        n = (size_t)(row->last - row->first), size = json_array_size(list);
    if (!json_is_array(list) || size < n + 1 || size > n + 1 + (size_t)row->n_prompt + (size_t)row->first) {
        snprintf(why, room, "it answers scores of %zu tokens for %zu", size, n);
        return false;
    }
    for (size_t t = 0; t < n; t++) {
        const json_t *entry = json_array_get(list, size - n + t), *id = json_array_get(entry, 1);
        if (!json_is_integer(id) || json_integer_value(id) != row->response[(size_t)row->first + t]) {
            snprintf(why, room, "it answers another token than it was asked for");
            return false;
        }
        if (!jp_wire_number(json_array_get(entry, 0), out + t, why, room)) return false;
    }
    const json_t *all = json_object_get(meta, "prompt_tokens");
    *decoded = (json_is_integer(all) ? jp_wire_count(all, INT32_MAX) : row->n_prompt + row->last) -
               jp_wire_count(json_object_get(meta, "cached_tokens"), INT32_MAX);
    return true;
}

static jp_wire_request generate_sglang(const jp_server *s, const int32_t *ids, int n, int max) {
    (void)s;
    return (jp_wire_request){"/generate", json_pack("{s:o, s:{s:i, s:i}, s:b}", "input_ids",
                                                    jp_wire_ids(ids, n, NULL, 0), "sampling_params", "max_new_tokens",
                                                    max, "temperature", 0, "return_logprob", 1)};
}

static bool read_generated_sglang(const json_t *reply, jp_wire_tokens *out) {
    const json_t *meta = json_object_get(reply, "meta_info"), *list = json_object_get(meta, "output_token_logprobs");
    const char   *reason = json_string_value(json_object_get(json_object_get(meta, "finish_reason"), "type"));
    json_t       *ids = json_array(), *entry;
    size_t        i;
    bool          fine = ids && json_is_array(list);
    json_array_foreach(list, i, entry) {
        json_t *id = json_array_get(entry, 1);
        fine = fine && id && !json_array_append(ids, id);
    }
    fine = fine && jp_wire_read_ids(ids, &out->ids, &out->n);
    json_decref(ids);
    if (fine && reason && !strcmp(reason, "stop") && out->n) out->n--;
    return fine;
}

const jp_dialect jp_dialect_sglang = {.name = "sglang",
                                      .summary = "SGLang: /generate with logprob_start_len; needs a tokenizer file",
                                      .recognise = recognise_sglang,
                                      .score = score_sglang,
                                      .read_score = read_score_sglang,
                                      .generate = generate_sglang,
                                      .read_generated = read_generated_sglang};
