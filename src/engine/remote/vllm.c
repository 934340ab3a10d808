/* vLLM: log-probabilities of the prompt's tokens. /inference/v1/generate, where the server offers it
 * (--enable-scale-out), reads its prefix cache; /v1/completions does not. Entries of cached tokens hold rubbish: only
 * the response's are read. Where the rubbish is no number that JSON has, vLLM answers with 400 (seen with 0.32). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/remote/dialect.h"
#include "engine/remote/prompt-scores.h"
#include "engine/remote/token-strings.h"

enum { COMPLETIONS, SCALE_OUT };

/* Unknown to a server: 404 whatever is asked; switched off: 403. That the key is right /v1/models has shown. */
static int offers_scale_out(const jp_server *s, const jp_asking *ask, jopa_error *e) {
    enum { SWITCHED_OFF = 403 };
    json_t         *reply = NULL;
    long            status = 0;
    jopa_error      why = {0};
    jp_wire_request rq = {"/inference/v1/generate", json_object()};
    int             code = jp_wire_ask(ask, s->base, rq, &reply, &status, &why);
    json_decref(reply);
    if (status == SWITCHED_OFF) return 0;
    if (code) return -jp_fail(e, code, "%s", why.message);
    return status != 404 && status != 405 && status < 500;
}

static int recognise_vllm(jp_server *s, const jp_asking *ask, jopa_error *e) {
    json_t *reply = NULL, *entry = NULL;
    long    status = 0;
    int     code = jp_wire_models(s, ask, &entry, e);
    if (code <= 0) return code;
    const char *owner = json_string_value(json_object_get(entry, "owned_by"));
    bool        known = owner && !strcmp(owner, "vllm");
    s->context = (int)jp_wire_count(json_object_get(entry, "max_model_len"), INT32_MAX);
    json_decref(entry);
    if (!known) return 0;
    if ((code = jp_wire_get(ask, s->base, "/version", &reply, &status, e))) return -code;
    const char *version = json_string_value(json_object_get(reply, "version"));
    snprintf(s->version, sizeof s->version, "%s", version ? version : "");
    json_decref(reply);
    if ((code = offers_scale_out(s, ask, e)) < 0) return code;
    s->variant = code ? SCALE_OUT : COMPLETIONS;
    return 1;
}

static jp_wire_request score_vllm(const jp_server *s, const jp_wire_row *row) {
    if (s->variant == SCALE_OUT)
        return jp_prompt_scores_request("/inference/v1/generate", "token_ids", row,
                                        json_pack("{s:s, s:{s:i, s:i, s:i, s:b, s:b}}", "model", s->model,
                                                  "sampling_params", "max_tokens", 1, "temperature", 0,
                                                  "prompt_logprobs", 0, "skip_reading_prefix_cache", row->whole,
                                                  "detokenize", 0));
    return jp_prompt_scores_request(
        "/v1/completions", "prompt", row,
        json_pack("{s:s, s:i, s:i, s:i}", "model", s->model, "max_tokens", 1, "temperature", 0, "prompt_logprobs", 0));
}

static bool read_score_vllm(const jp_server *s, const jp_wire_row *row, const json_t *reply, float *out,
                            int64_t *decoded, char *why, size_t room) {
    const json_t *holder = s->variant == SCALE_OUT ? reply : json_array_get(json_object_get(reply, "choices"), 0);
    *decoded = jp_prompt_scores_cost(json_object_get(reply, "usage"), row);
    return jp_prompt_scores_read(row, json_object_get(holder, "prompt_logprobs"), out, why, room);
}

static jp_wire_request tokenize_vllm(const jp_server *s, const char *text, bool special) {
    return (jp_wire_request){"/tokenize", json_pack("{s:s, s:s, s:b, s:b}", "model", s->model, "prompt", text,
                                                    "add_special_tokens", special, "return_token_strs", 1)};
}

static bool read_tokens_vllm(const json_t *reply, const char *text, jp_wire_tokens *out) {
    return jp_wire_read_ids(json_object_get(reply, "tokens"), &out->ids, &out->n) &&
           jp_token_strings(json_object_get(reply, "token_strs"), text, out);
}

static jp_wire_request chat_vllm(const jp_server *s, json_t *messages) {
    return (jp_wire_request){"/tokenize", json_pack("{s:s, s:o, s:b, s:b}", "model", s->model, "messages", messages,
                                                    "add_generation_prompt", 1, "return_token_strs", 1)};
}

static jp_wire_request generate_vllm(const jp_server *s, const int32_t *ids, int n, int max) {
    return (jp_wire_request){"/v1/completions", json_pack("{s:s, s:o, s:i, s:i, s:b}", "model", s->model, "prompt",
                                                          jp_wire_ids(ids, n, NULL, 0), "max_tokens", max,
                                                          "temperature", 0, "return_token_ids", 1)};
}

static bool read_generated_vllm(const json_t *reply, jp_wire_tokens *out) {
    const json_t *choice = json_array_get(json_object_get(reply, "choices"), 0);
    const char   *reason = json_string_value(json_object_get(choice, "finish_reason"));
    if (!jp_wire_read_ids(json_object_get(choice, "token_ids"), &out->ids, &out->n)) return false;
    if (reason && !strcmp(reason, "stop") && out->n) out->n--; /* what ended it */
    return true;
}

const jp_dialect jp_dialect_vllm = {.name = "vllm",
                                    .summary = "vLLM: prompt_logprobs, with its prefix cache where it offers that",
                                    .recognise = recognise_vllm,
                                    .score = score_vllm,
                                    .read_score = read_score_vllm,
                                    .tokenize = tokenize_vllm,
                                    .read_tokens = read_tokens_vllm,
                                    .chat = chat_vllm,
                                    .generate = generate_vllm,
                                    .read_generated = read_generated_vllm,
                                    .refuses_cached = true,
                                    .parses_control = true};
