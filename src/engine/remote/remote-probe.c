/* What the servers are, found by asking: who they say they are, then one row whose scores are checked. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/remote/remote.h"

/* ---- one server ----------------------------------------------------------------------------------------------------
 */

static int refuse_unknown(const jp_server *s, const jp_asking *ask, jopa_error *e) {
    json_t *reply = NULL;
    long    status = 0;
    int     code = jp_wire_get(ask, s->base, "/api/version", &reply, &status, e);
    bool    ollama = !code && status == 200 && json_is_string(json_object_get(reply, "version"));
    json_decref(reply);
    if (code) return code;
    return jp_fail(e, JOPA_ERROR_UNSUPPORTED,
                   ollama ? "%s is Ollama, which scores no given tokens: run its GGUF file by llama-server, or here "
                            "with `model`"
                          : "%s is no server that scores given tokens: llama-server, vLLM, SGLang and completions with "
                            "`echo` are known; chat interfaces alone cannot",
                   s->base);
}

static int recognise(jp_server *s, const jp_asking *ask, jopa_error *e) {
    for (int i = 0; jp_dialect_at(i); i++) {
        s->dialect = jp_dialect_at(i);
        int known = s->dialect->recognise(s, ask, e);
        if (known) return known > 0 ? JP_OK : -known;
    }
    return refuse_unknown(s, ask, e);
}

/* ---- the probe row -------------------------------------------------------------------------------------------------
 */

static int tokens_of(jp_remote *r, const char *text, int32_t **ids, int *n, jopa_error *e) {
    int status = jp_remote_tokenize(r, text, strlen(text), false, ids, n, e);
    if (!status && !*n) status = jp_fail(e, JOPA_ERROR_MODEL, "the tokenizer makes nothing of a text");
    return status;
}

static int make_probe(jp_remote *r, jopa_error *e) {
    jp_probe_row *p = &r->pool->probe;
    int32_t      *prompt = NULL, *response = NULL;
    int           n_prompt = 0, n_response = 0;
    int status = tokens_of(r, "The capital of France is Paris. The capital of Italy is", &prompt, &n_prompt, e);
    if (!status) status = tokens_of(r, " Rome.", &response, &n_response, e);
    p->row = (jp_wire_row){prompt, response, n_prompt, 0, n_response, false};
    if (!status && !(p->scores = calloc((size_t)n_response, sizeof *p->scores))) status = jp_fail_memory(e);
    return status;
}

/* By the dialect's other way where the first is refused. */
static int score_probe(jp_server *s, const jp_asking *ask, const jp_wire_row *row, float *scores, jopa_error *e) {
    jp_wire_row whole = *row;
    int         status = jp_remote_score_one(s, ask, row, scores, e);
    whole.whole = true;
    if (status == JOPA_ERROR_UNSUPPORTED && s->dialect->refuses_cached)
        status = jp_remote_score_one(s, ask, &whole, scores, e);
    if (status != JOPA_ERROR_UNSUPPORTED || !s->dialect->other_variant) return status;
    s->variant = s->dialect->other_variant;
    return jp_remote_score_one(s, ask, row, scores, e);
}

/* ---- the tokenizer's file ------------------------------------------------------------------------------------------
 */

/* The file's ids are the server's, where it tells some. */
static int check_vocabulary(jp_remote *r, const jp_asking *ask, jopa_error *e) {
    static const char TEXT[] = "The capital of France is Paris. Gr\xc3\xbc\xc3\x9f"
                               "e, 12345!";
    const jp_server  *s = jp_remote_first(r);
    json_t           *reply = NULL;
    long              status = 0;
    jp_wire_tokens    there = {0};
    int32_t          *here = NULL;
    int               n = 0;
    if (!r->pool->vocabulary || !s->dialect->tokenize) return JP_OK;
    int code = jp_wire_ask(ask, s->base, s->dialect->tokenize(s, TEXT, false), &reply, &status, e);
    if (!code) code = r->pool->vocabulary->ops->tokenize(r->pool->vocabulary, TEXT, strlen(TEXT), false, &here, &n, e);
    bool read = !code && status == 200 && s->dialect->read_tokens(reply, TEXT, &there);
    if (read && (there.n != n || memcmp(there.ids, here, (size_t)n * sizeof *here)))
        code =
            jp_fail(e, JOPA_ERROR_INPUT, "`tokenizer` %s: its tokens are not those of %s: give the file of that model",
                    r->pool->vocabulary_file, s->base);
    jp_wire_tokens_free(&there);
    json_decref(reply);
    free(here);
    return code;
}

/* ---- all of them ---------------------------------------------------------------------------------------------------
 */

static int check_equal(const jp_server *a, const jp_server *b, jopa_error *e) {
    if (a->dialect != b->dialect)
        return jp_fail(e, JOPA_ERROR_USAGE, "`engine`: %s is %s and %s is %s: replicas are of one kind", a->base,
                       a->dialect->name, b->base, b->dialect->name);
    if (strcmp(a->model, b->model))
        return jp_fail(e, JOPA_ERROR_USAGE, "`engine`: %s has the model %s and %s has %s: replicas have one model",
                       a->base, a->model, b->base, b->model);
    if (a->context != b->context)
        return jp_fail(e, JOPA_ERROR_USAGE, "`engine`: %s takes %d tokens and %s takes %d: replicas have one context",
                       a->base, a->context, b->base, b->context);
    return JP_OK;
}

static int probe_server(jp_remote *r, int i, const jp_asking *ask, jopa_error *e) {
    jp_pool *p = r->pool;
    int      status = i ? check_equal(&p->at[0].server, &p->at[i].server, e) : make_probe(r, e);
    if (status) return status;
    float *scores = i ? malloc((size_t)p->probe.row.last * sizeof *scores) : p->probe.scores;
    if (!scores) return jp_fail_memory(e);
    status = score_probe(&p->at[i].server, ask, &p->probe.row, scores, e);
    if (!status && i && !jp_probe_agrees(&p->probe, scores))
        status = jp_fail(e, JOPA_ERROR_USAGE,
                         "`engine`: %s and %s score the same text differently: replicas have one model and settings",
                         p->at[0].server.base, p->at[i].server.base);
    if (i) free(scores);
    return status;
}

int jp_remote_probe(jp_remote *r, const char *model, const jopa_stop *stop, jopa_error *e) {
    jp_pool  *p = r->pool;
    jp_asking ask = jp_remote_asking(r, stop);
    int       status = JP_OK;
    ask.wanted = model;
    for (int i = 0; i < p->n && !status; i++) {
        status = recognise(&p->at[i].server, &ask, e);
        if (!status && !i) status = check_vocabulary(r, &ask, e);
        if (!status) status = probe_server(r, i, &ask, e);
        if (!status && p->at[i].server.slots) p->at[i].window = p->at[i].server.slots;
    }
    return status;
}
