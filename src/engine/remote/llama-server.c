/* llama-server of llama.cpp: forced decoding by a grammar of token ids; log-probabilities are those before sampling.
 * All masks share one response, and its slots keep prefixes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "engine/remote/dialect.h"

static void copy_member(char *out, size_t room, const json_t *value) {
    const char *text = json_string_value(value);
    snprintf(out, room, "%s", text ? text : "");
}

static const char *last_of_path(const char *path) {
    const char *slash = path ? strrchr(path, '/') : NULL;
    return slash ? slash + 1 : path;
}

/* From /v1/models: sizes. */
static int read_model(jp_server *s, const jp_asking *ask, jopa_error *e) {
    json_t *entry, *meta;
    int     code = jp_wire_models(s, ask, &entry, e);
    if (code < 0) return code;
    meta = json_object_get(entry, "meta");
    s->parameters = jp_wire_count(json_object_get(meta, "n_params"), INT64_MAX);
    copy_member(s->quantization, sizeof s->quantization, json_object_get(meta, "ftype"));
    json_decref(entry);
    return 1;
}

static int read_props(jp_server *s, const json_t *props, jopa_error *e) {
    enum { MOST_SLOTS = 256 }; /* connections, too */
    const json_t *settings = json_object_get(props, "default_generation_settings");
    const char   *source = json_string_value(json_object_get(props, "chat_template"));
    const char   *path = json_string_value(json_object_get(props, "model_path"));
    s->slots = (int)jp_wire_count(json_object_get(props, "total_slots"), MOST_SLOTS);
    s->context = (int)jp_wire_count(json_object_get(settings, "n_ctx"), INT32_MAX);
    copy_member(s->begin, sizeof s->begin, json_object_get(props, "bos_token"));
    copy_member(s->version, sizeof s->version, json_object_get(props, "build_info"));
    if (path && *path) snprintf(s->model, sizeof s->model, "%s", last_of_path(path));
    if (source && *source && !(s->chat_template = strdup(source))) return -jp_fail_memory(e);
    return 1;
}

static int recognise_llama_server(jp_server *s, const jp_asking *ask, jopa_error *e) {
    json_t *props = NULL;
    long    status = 0;
    int     code = jp_wire_get(ask, s->base, "/props", &props, &status, e);
    if (code) return -code;
    bool known = status == 200 && json_is_integer(json_object_get(props, "total_slots")) &&
                 json_is_object(json_object_get(props, "default_generation_settings"));
    code = known ? read_model(s, ask, e) : 0;
    if (code > 0) code = read_props(s, props, e);
    json_decref(props);
    return code;
}

/* ---- scores --------------------------------------------------------------------------------------------------------
 */

static char *grammar_of(const jp_wire_row *row) {
    jp_buffer text = {0};
    jp_buffer_text(&text, "root ::=");
    for (int t = row->first; t < row->last; t++) jp_buffer_format(&text, " <[%d]>", (int)row->response[t]);
    return jp_buffer_take(&text, NULL);
}

/* What comes before the span is prompt: it is read at once, and kept. */
static jp_wire_request score_llama_server(const jp_server *s, const jp_wire_row *row) {
    (void)s;
    char   *grammar = grammar_of(row);
    json_t *body = json_pack("{s:o, s:i, s:s, s:i, s:i, s:[], s:b, s:b, s:[s,s,s]}", "prompt",
                             jp_wire_ids(row->prompt, row->n_prompt, row->response, row->first), "n_predict",
                             row->last - row->first, "grammar", grammar ? grammar : "", "n_probs", 1, "temperature", 0,
                             "samplers", "return_tokens", 1, "cache_prompt", 1, "response_fields",
                             "completion_probabilities", "stop_type", "timings");
    free(grammar);
    return (jp_wire_request){"/completion", body};
}

static bool read_score_llama_server(const jp_server *s, const jp_wire_row *row, const json_t *reply, float *out,
                                    int64_t *decoded, char *why, size_t room) {
    (void)s;
    const json_t *list = json_object_get(reply, "completion_probabilities"),
                 *timings = json_object_get(reply, "timings");
    int n = row->last - row->first;
    if (!json_is_array(list) || json_array_size(list) != (size_t)n) {
        snprintf(why, room, "it answers %zu tokens for %d", json_array_size(list), n);
        return false;
    }
    for (int t = 0; t < n; t++) {
        const json_t *entry = json_array_get(list, (size_t)t), *id = json_object_get(entry, "id");
        if (!json_is_integer(id) || json_integer_value(id) != row->response[row->first + t]) {
            snprintf(why, room, "it answers another token than it was asked for");
            return false;
        }
        if (!jp_wire_number(json_object_get(entry, "logprob"), out + t, why, room)) return false;
    }
    const json_t *prompt = json_object_get(timings, "prompt_n");
    *decoded = (json_is_integer(prompt) ? jp_wire_count(prompt, INT32_MAX) : row->n_prompt + row->first) + n - 1;
    return true;
}

/* ---- texts ---------------------------------------------------------------------------------------------------------
 */

static jp_wire_request tokenize_llama_server(const jp_server *s, const char *text, bool special) {
    (void)s;
    return (jp_wire_request){"/tokenize", json_pack("{s:s, s:b, s:b, s:b}", "content", text, "add_special", special,
                                                    "parse_special", special, "with_pieces", 1)};
}

/* A piece is a text, or where that is no UTF-8 an array of bytes. */
static bool read_piece(jp_wire_tokens *out, int i, const json_t *piece) {
    char   bytes[1024];
    size_t size = json_array_size(piece);
    if (json_is_string(piece)) return jp_wire_add_piece(out, i, json_string_value(piece), json_string_length(piece));
    if (!json_is_array(piece) || size > sizeof bytes) return false;
    for (size_t b = 0; b < size; b++) {
        const json_t *byte = json_array_get(piece, b);
        if (!json_is_integer(byte) || json_integer_value(byte) < 0 || json_integer_value(byte) > 255) return false;
        bytes[b] = (char)json_integer_value(byte);
    }
    return jp_wire_add_piece(out, i, bytes, size);
}

/* The ids in members `id` of the array's objects, and the pieces in `member`. */
static bool read_list(const json_t *list, const char *member, jp_wire_tokens *out) {
    size_t size = json_array_size(list);
    bool   fine = json_is_array(list) && size < INT32_MAX / 8 && (out->ids = malloc((size + 1) * sizeof *out->ids));
    if (fine) out->n = (int)size;
    for (int i = 0; fine && i < out->n; i++) {
        const json_t *entry = json_array_get(list, (size_t)i);
        fine = jp_wire_id(json_object_get(entry, "id"), out->ids + i) &&
               read_piece(out, i, json_object_get(entry, member));
    }
    return fine;
}

static bool read_tokens_llama_server(const json_t *reply, const char *text, jp_wire_tokens *out) {
    (void)text;
    return read_list(json_object_get(reply, "tokens"), "piece", out);
}

/* Without samplers it draws from all of the vocabulary: the likeliest one alone is the greedy answer. */
static jp_wire_request generate_llama_server(const jp_server *s, const int32_t *ids, int n, int max) {
    (void)s;
    return (jp_wire_request){"/completion",
                             json_pack("{s:o, s:i, s:i, s:[s], s:i, s:b, s:b, s:[s,s]}", "prompt",
                                       jp_wire_ids(ids, n, NULL, 0), "n_predict", max, "top_k", 1, "samplers", "top_k",
                                       "n_probs", 1, "return_tokens", 1, "cache_prompt", 1, "response_fields",
                                       "completion_probabilities", "tokens")};
}

static bool read_generated_llama_server(const json_t *reply, jp_wire_tokens *out) {
    return read_list(json_object_get(reply, "completion_probabilities"), "bytes", out);
}

const jp_dialect jp_dialect_llama_server = {.name = "llama-server",
                                            .summary = "llama.cpp's server: /completion with a grammar of token ids",
                                            .recognise = recognise_llama_server,
                                            .score = score_llama_server,
                                            .read_score = read_score_llama_server,
                                            .tokenize = tokenize_llama_server,
                                            .read_tokens = read_tokens_llama_server,
                                            .generate = generate_llama_server,
                                            .read_generated = read_generated_llama_server};
