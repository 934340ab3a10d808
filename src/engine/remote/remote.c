/* The remote engine: rows of token ids to servers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/llama/llama-open.h"
#include "engine/remote/remote-open.h"
#include "engine/remote/remote-url.h"
#include "engine/remote/remote.h"

jp_asking jp_remote_asking(const jp_remote *r, const jopa_stop *stop) {
    return (jp_asking){.http = r->http, .stop = stop};
}

const jp_server *jp_remote_first(const jp_remote *r) { return &r->pool->at[0].server; }

int jp_remote_ask(jp_remote *r, const jopa_stop *stop, jp_wire_request rq, json_t **reply, long *status,
                  jopa_error *e) {
    jp_asking ask = jp_remote_asking(r, stop);
    int       code = JOPA_ERROR_IO;
    *reply = NULL;
    *status = 0;
    for (int i = 0; i < r->pool->n && (code == JOPA_ERROR_IO || *status >= 500); i++) {
        jp_wire_request again = {rq.path, json_incref(rq.body)};
        json_decref(*reply);
        code = jp_wire_ask(&ask, jp_pool_base(r->pool, i), again, reply, status, e);
    }
    json_decref(rq.body);
    return code;
}

static unsigned remote_capabilities(void *self) {
    const jp_remote *r = self;
    const jp_server *s = jp_remote_first(r);
    unsigned         can = JOPA_CAN_SCORE;
    if (r->pool->vocabulary || s->dialect->tokenize) can |= JOPA_CAN_TOKENIZE;
    if (s->dialect->generate) can |= JOPA_CAN_GENERATE;
    if (r->ops.template_source || r->ops.apply_template) can |= JOPA_CAN_TEMPLATE;
    return can;
}

static void remote_info(void *self, jopa_model_info *info) {
    const jp_server *s = jp_remote_first(self);
    *info = (jopa_model_info){.size = sizeof *info, .parameters = s->parameters, .context_train = s->context};
    snprintf(info->file, sizeof info->file, "%s", s->model);
    snprintf(info->quantization, sizeof info->quantization, "%s", s->quantization);
}

static int remote_reserve(void *self, int max_row, int *rows, jopa_error *e) {
    jp_remote       *r = self;
    const jp_server *s = jp_remote_first(r);
    if (s->context && max_row > s->context)
        return jp_fail(e, JOPA_ERROR_INPUT,
                       "prompt and response have %d tokens, and %s takes %d: shorten them, or start "
                       "it with a larger context",
                       max_row, s->base, s->context);
    if (rows) {
        int slots = jp_pool_slots(r->pool);
        *rows = slots > 8 ? slots : 8;
    }
    return JP_OK;
}

static const char *remote_template(void *self, const char *name) {
    jp_remote *r = self;
    if (r->pool->vocabulary) return r->pool->vocabulary->ops->template_source(r->pool->vocabulary, name);
    return name ? NULL : jp_remote_first(r)->chat_template;
}

static bool remote_template_name(void *self, int index, char *out, int size) {
    jp_remote *r = self;
    return r->pool->vocabulary && r->pool->vocabulary->ops->template_name(r->pool->vocabulary, index, out, size);
}

static void remote_destroy(void *self) {
    jp_remote *r = self;
    if (!r) return;
    jp_http_close(r->http);
    if (r->pool) {
        pthread_mutex_lock(&r->pool->lock);
        int users = --r->pool->users;
        pthread_mutex_unlock(&r->pool->lock);
        if (!users) jp_pool_free(r->pool);
    }
    free(r->chat_text);
    free(r->chat_ids);
    free(r);
}

static int share_remote(jp_engine **out, jp_engine *self, jopa_error *e);

/* Each question waits for its own rows, a round at a time: a few beside each other keep the slots busy. */
static int remote_in_flight(jp_engine *self) {
    int slots = jp_pool_slots(((jp_remote *)self)->pool), most = 16;
    int questions = 1 + (slots + 3) / 4;
    return questions < most ? questions : most;
}

static const jp_engine_sharing remote_sharing = {share_remote, remote_in_flight};

static void fill_remote_ops(jp_remote *r) {
    const jp_server *s = jp_remote_first(r);
    r->ops = (jopa_engine_ops){.size = sizeof r->ops,
                               .version = JOPA_ENGINE_VERSION,
                               .name = s->dialect ? s->dialect->name : "remote",
                               .capabilities = remote_capabilities,
                               .destroy = remote_destroy,
                               .model_info = remote_info,
                               .reserve = remote_reserve,
                               .score = jp_remote_score,
                               .tokenize = jp_remote_tokenize,
                               .piece = jp_remote_piece,
                               .apply_template = jp_remote_chat,
                               .template_name = remote_template_name,
                               .token_called = jp_remote_token_called};
    if (s->dialect && s->dialect->generate) r->ops.generate = jp_remote_generate;
    if (s->chat_template || r->pool->vocabulary) r->ops.template_source = remote_template;
    r->base.ops = &r->ops;
    r->base.sharing = &remote_sharing;
}

/* ---- handles -------------------------------------------------------------------------------------------------------
 */

static int share_remote(jp_engine **out, jp_engine *self, jopa_error *e) {
    jp_remote *r = (jp_remote *)self, *made = calloc(1, sizeof *made);
    if (!made) return jp_fail_memory(e);
    int status = jp_http_open(&made->http, r->pool->key, r->pool->timeout, e);
    if (status) {
        free(made);
        return status;
    }
    pthread_mutex_lock(&r->pool->lock);
    made->pool = r->pool;
    made->pool->users++;
    pthread_mutex_unlock(&r->pool->lock);
    fill_remote_ops(made);
    *out = &made->base;
    return JP_OK;
}

/* ---- opening -------------------------------------------------------------------------------------------------------
 */

static int open_vocabulary(jp_remote *r, const char *file, jopa_error *e) {
    if (!file) return JP_OK;
    if (!(r->pool->vocabulary_file = strdup(file))) return jp_fail_memory(e);
    return jp_vocabulary_open(&r->pool->vocabulary, file, e);
}

static int make_pool(jp_remote *r, const jp_engine_options *o, jopa_error *e) {
    char **bases = NULL;
    int    n = 0, status = jp_url_list(&bases, &n, o->servers, e);
    if (status) return status;
    if (!(r->pool = jp_pool_new(bases, n))) {
        for (int i = 0; i < n; i++) free(bases[i]);
        free(bases);
        return jp_fail_memory(e);
    }
    r->pool->timeout = o->timeout > 0 ? o->timeout : 600;
    if (o->key && *o->key && !(r->pool->key = strdup(o->key))) return jp_fail_memory(e);
    return JP_OK;
}

int jp_remote_open(jp_engine **out, const jp_engine_options *o, jopa_error *e) {
    jp_remote *r = calloc(1, sizeof *r);
    jopa_stop  stop = {o->progress, o->user};
    if (!r) return jp_fail_memory(e);
    int status = make_pool(r, o, e);
    if (!status) status = open_vocabulary(r, o->tokenizer, e);
    if (!status) status = jp_http_open(&r->http, r->pool->key, r->pool->timeout, e);
    if (!status) status = jp_remote_probe(r, o->file, &stop, e);
    if (status) {
        remote_destroy(r);
        return status;
    }
    fill_remote_ops(r);
    *out = &r->base;
    return JP_OK;
}
