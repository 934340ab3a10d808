/* A text as tokens, and tokens as a text. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "calls.h"
#include "endpoints.h"
#include "fail.h"
#include "json-text.h"
#include "reply.h"
#include "token-text.h"
#include "work.h"

/* vLLM calls it "prompt", llama-server "content". */
static const json_t *text_asked(const json_t *body) {
    const json_t *prompt = json_object_get(body, "prompt");
    return prompt ? prompt : json_object_get(body, "content");
}

static int check_has_text(const void *body, jopa_error *e) {
    return json_is_string(text_asked(body)) ? JOPA_OK : fail(e, JOPA_ERROR_USAGE, "`prompt`: a text is needed");
}

static bool wants_special(const json_t *body) {
    const json_t *vllm = json_object_get(body, "add_special_tokens"), *llama = json_object_get(body, "add_special");
    return vllm ? json_is_true(vllm) : llama ? json_is_true(llama) : true;
}

static int tokenize_run(work *w, run *r, char **json, jopa_error *e) {
    const json_t *text = text_asked(r->body);
    int32_t      *ids = NULL;
    int           n = 0;
    int           status = jopa_model_tokenize(w->model, json_string_value(text), json_string_length(text),
                                               wants_special(r->body), &ids, &n, e);
    if (status) return status;
    json_t *all = json_array();
    for (int i = 0; i < n; i++) json_array_append_new(all, json_integer(ids[i]));
    *json = json_text(json_pack("{s:o, s:i}", "tokens", all, "count", n), 0);
    jopa_free(ids);
    return *json ? JOPA_OK : fail_no_memory(e);
}

enum MHD_Result answer_tokenize(exchange *x) { return call_model(x, check_has_text, tokenize_run); }

static int check_token_list(const void *body, jopa_error *e) {
    const json_t *ids = json_object_get(body, "tokens");
    bool          fine = json_is_array(ids);
    for (size_t i = 0; fine && i < json_array_size(ids); i++) {
        json_int_t id = json_integer_value(json_array_get(ids, i));
        fine = json_is_integer(json_array_get(ids, i)) && id >= 0 && id <= INT32_MAX;
    }
    return fine ? JOPA_OK : fail(e, JOPA_ERROR_USAGE, "`tokens`: an array of ids is needed");
}

static int detokenize_run(work *w, run *r, char **json, jopa_error *e) {
    const json_t *list = json_object_get(r->body, "tokens");
    int           n = (int)json_array_size(list);
    int32_t      *ids = calloc((size_t)n + 1, sizeof *ids);
    for (int i = 0; ids && i < n; i++) ids[i] = (int32_t)json_integer_value(json_array_get(list, (size_t)i));
    char *text = ids ? tokens_text(w->model, ids, n) : NULL;
    *json = text ? json_text(json_pack("{s:s, s:s}", "prompt", text, "content", text), 0) : NULL;
    free(text);
    free(ids);
    return *json ? JOPA_OK : fail_no_memory(e);
}

enum MHD_Result answer_detokenize(exchange *x) { return call_model(x, check_token_list, detokenize_run); }

enum MHD_Result answer_models(exchange *x) {
    json_t *all = json_pack("{s:s, s:[{s:s, s:s, s:i, s:s}]}", "object", "list", "data", "id", x->hub->model_name,
                            "object", "model", "created", 0, "owned_by", "jopa");
    return reply_json(x, 200, json_text(all, 0));
}

enum MHD_Result answer_tokenizer(exchange *x) {
    json_t *all = json_pack("{s:s, s:s}", "bos_token", x->hub->begin, "eos_token", x->hub->end);
    char   *text = json_text(all, 0);
    return text ? reply_json(x, 200, text) : reply_fail(x, 500, "the tokenizer has no name in UTF-8 for its tokens");
}
