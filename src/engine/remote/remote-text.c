/* Text and tokens, by the server or by a tokenizer's file. What tokens are as text is kept, for all handles. */
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/excerpt.h"
#include "base/utf8.h"
#include "engine/remote/remote.h"

/* ---- pieces --------------------------------------------------------------------------------------------------------
 */

/* Control tokens are written like this in the vocabularies that there are: <|im_end|>, <s>, [INST]. */
static bool looks_like_control(const char *piece, int size) {
    if (size < 3) return false;
    bool angle = piece[0] == '<' && piece[size - 1] == '>', square = piece[0] == '[' && piece[size - 1] == ']';
    if (!angle && !square) return false;
    for (int i = 1; i < size - 1; i++) {
        char c = piece[i];
        bool fine = jp_ascii_is_digit(c) || c == '_' || c == '|' || c == '/' || c == '-' || (c >= 'A' && c <= 'Z') ||
                    (angle && c >= 'a' && c <= 'z') || (unsigned char)c >= 0x80;
        if (!fine) return false;
    }
    return true;
}

static bool grow_pieces(jp_pool *p, int id) {
    enum { MOST = 1 << 24 };
    if (id < p->n_pieces) return true;
    if (id >= MOST) return false;
    int             n = id + 1 > 2 * p->n_pieces ? id + 1 : 2 * p->n_pieces;
    jp_known_piece *larger = realloc(p->pieces, (size_t)n * sizeof *larger);
    if (!larger) return false;
    memset(larger + p->n_pieces, 0, (size_t)(n - p->n_pieces) * sizeof *larger);
    p->pieces = larger;
    p->n_pieces = n;
    return true;
}

static bool know_one(jp_pool *p, int32_t id, const char *bytes, int size) {
    if (!grow_pieces(p, id)) return false;
    jp_known_piece *k = &p->pieces[id];
    if (k->bytes) return true;
    if (!(k->bytes = malloc((size_t)size + 1))) return false;
    memcpy(k->bytes, bytes, (size_t)size);
    k->bytes[size] = '\0';
    k->size = size;
    k->control = looks_like_control(bytes, size);
    return true;
}

bool jp_remote_know(jp_remote *r, const jp_wire_tokens *t) {
    bool fine = true;
    pthread_mutex_lock(&r->pool->lock);
    for (int i = 0; t->pieces && i < t->n && fine; i++) fine = know_one(r->pool, t->ids[i], t->pieces[i], t->sizes[i]);
    pthread_mutex_unlock(&r->pool->lock);
    return fine;
}

/* A token that no reply told the text of: what it is alone. */
static void learn_piece(jp_remote *r, int32_t id) {
    const jp_server *s = jp_remote_first(r);
    json_t          *reply = NULL;
    long             status = 0;
    json_t          *body = json_pack("{s:s, s:[i]}", "model", s->model, "tokens", (int)id);
    if (!body || jp_remote_ask(r, NULL, (jp_wire_request){"/detokenize", body}, &reply, &status, NULL)) return;
    const char *text = json_string_value(json_object_get(reply, "content")); /* llama-server; vLLM calls it: */
    if (!text) text = json_string_value(json_object_get(reply, "prompt"));
    pthread_mutex_lock(&r->pool->lock);
    if (status == 200 && text) know_one(r->pool, id, text, (int)strlen(text));
    pthread_mutex_unlock(&r->pool->lock);
    json_decref(reply);
}

static int known_piece(jp_pool *p, int32_t id, bool special, char *out, int size) {
    int length = -1;
    pthread_mutex_lock(&p->lock);
    if (id >= 0 && id < p->n_pieces && p->pieces[id].bytes) {
        const jp_known_piece *k = &p->pieces[id];
        length = k->control && !special ? 0 : k->size;
        if (length > 0 && size > 0) memcpy(out, k->bytes, (size_t)(length < size ? length : size));
    }
    pthread_mutex_unlock(&p->lock);
    return length;
}

int jp_remote_piece(void *self, int32_t id, bool special, char *out, int size) {
    jp_remote *r = self;
    if (r->pool->vocabulary) return r->pool->vocabulary->ops->piece(r->pool->vocabulary, id, special, out, size);
    int length = known_piece(r->pool, id, special, out, size);
    if (length < 0 && id >= 0) {
        learn_piece(r, id);
        length = known_piece(r->pool, id, special, out, size);
    }
    return length > 0 ? length : 0;
}

/* ---- tokens --------------------------------------------------------------------------------------------------------
 */

static int ask_tokens(jp_remote *r, const char *text, bool special, jp_wire_tokens *out, jopa_error *e) {
    const jp_server *s = jp_remote_first(r);
    json_t          *reply = NULL;
    long             status = 0;
    if (!s->dialect->tokenize)
        return jp_fail(e, JOPA_ERROR_UNSUPPORTED,
                       "%s (%s) tells no tokens: give a `tokenizer`, a GGUF file with that model's vocabulary", s->base,
                       s->dialect->name);
    jp_wire_request rq = s->dialect->tokenize(s, text, special);
    if (!rq.body) return jp_fail_memory(e);
    int code = jp_remote_ask(r, NULL, rq, &reply, &status, e);
    if (!code && status != 200)
        code = jp_fail(e, JOPA_ERROR_UNSUPPORTED, "%s%s refuses a text (HTTP %ld): give a `tokenizer`", s->base,
                       rq.path, status);
    else if (!code && !s->dialect->read_tokens(reply, text, out))
        code = jp_fail(e, JOPA_ERROR_MODEL, "%s%s answers what are no tokens of the text: give a `tokenizer`", s->base,
                       rq.path);
    json_decref(reply);
    return code;
}

/* Servers whose tokenizers look for control tokens in any text would turn what a person wrote into them. */
static int check_plain(jp_remote *r, const jp_wire_tokens *t, jopa_error *e) {
    for (int i = 0; i < t->n && jp_remote_first(r)->dialect->parses_control && t->pieces; i++)
        if (looks_like_control(t->pieces[i], t->sizes[i]))
            return jp_fail(
                e, JOPA_ERROR_INPUT,
                "the text holds '%s', which the server takes for a control token: give a `tokenizer`, a GGUF "
                "file with that model's vocabulary",
                jp_excerpt(t->pieces[i], 40).text);
    return JP_OK;
}

static bool is_the_chat(const jp_remote *r, const char *text, size_t size) {
    return r->chat_text && strlen(r->chat_text) == size && !memcmp(r->chat_text, text, size);
}

static int copy_ids(const int32_t *from, int n, int32_t **ids, int *count, jopa_error *e) {
    if (!(*ids = malloc(((size_t)n + 1) * sizeof **ids))) return jp_fail_memory(e);
    memcpy(*ids, from, (size_t)n * sizeof *from);
    *count = n;
    return JP_OK;
}

int jp_remote_tokenize(void *self, const char *text, size_t size, bool special, int32_t **ids, int *n, jopa_error *e) {
    jp_remote     *r = self;
    jp_wire_tokens t = {0};
    if (r->pool->vocabulary)
        return r->pool->vocabulary->ops->tokenize(r->pool->vocabulary, text, size, special, ids, n, e);
    if (special && is_the_chat(r, text, size)) return copy_ids(r->chat_ids, r->n_chat, ids, n, e);
    size_t valid = jp_utf8_valid(text, size);
    if (valid != size || memchr(text, 0, size))
        return jp_fail(e, JOPA_ERROR_INPUT, "the text is not UTF-8 (byte %zu): servers take nothing else", valid);
    char *copy = strndup(text, size);
    int   status = copy ? ask_tokens(r, copy, special, &t, e) : jp_fail_memory(e);
    if (!status && !special) status = check_plain(r, &t, e);
    if (!status && !jp_remote_know(r, &t)) status = jp_fail_memory(e);
    if (!status) {
        *ids = t.ids;
        *n = t.n;
        t.ids = NULL;
    }
    jp_wire_tokens_free(&t);
    free(copy);
    return status;
}

/* ---- chats ---------------------------------------------------------------------------------------------------------
 */

static json_t *messages_of(const char *const *roles, const char *const *contents, int n) {
    json_t *list = json_array();
    bool    fine = list != NULL;
    for (int i = 0; i < n && fine; i++)
        fine = !json_array_append_new(list, json_pack("{s:s, s:s}", "role", roles[i], "content", contents[i]));
    if (fine) return list;
    json_decref(list);
    return NULL;
}

static int keep_chat(jp_remote *r, jp_wire_tokens *t, char **text, jopa_error *e) {
    size_t size = 0;
    for (int i = 0; i < t->n; i++) size += (size_t)t->sizes[i];
    char *whole = malloc(size + 1), *at = whole;
    if (!whole) return jp_fail_memory(e);
    for (int i = 0; i < t->n; at += t->sizes[i++]) memcpy(at, t->pieces[i], (size_t)t->sizes[i]);
    *at = '\0';
    free(r->chat_text);
    free(r->chat_ids);
    r->chat_text = whole;
    r->chat_ids = t->ids;
    r->n_chat = t->n;
    t->ids = NULL;
    return (*text = strdup(whole)) ? JP_OK : jp_fail_memory(e);
}

int jp_remote_chat(void *self, const char *const *roles, const char *const *contents, int n, bool add_assistant,
                   char **text, jopa_error *e) {
    jp_remote       *r = self;
    const jp_server *s = jp_remote_first(r);
    jp_wire_tokens   t = {0};
    json_t          *reply = NULL, *messages;
    long             status = 0;
    (void)add_assistant;
    if (!s->dialect->chat)
        return jp_fail(e, JOPA_ERROR_UNSUPPORTED, "%s (%s) has no chat template: set `raw`, or give a `template`",
                       s->base, s->dialect->name);
    if (!(messages = messages_of(roles, contents, n))) return jp_fail_memory(e);
    int code = jp_remote_ask(r, NULL, s->dialect->chat(s, messages), &reply, &status, e);
    if (!code && status != 200)
        code = jp_fail(e, JOPA_ERROR_INPUT, "%s cannot template this chat (HTTP %ld)", s->base, status);
    else if (!code && (!s->dialect->read_tokens(reply, NULL, &t) || !t.pieces))
        code = jp_fail(e, JOPA_ERROR_MODEL, "%s answers what are no tokens of a chat: give a `tokenizer`", s->base);
    if (!code && !jp_remote_know(r, &t)) code = jp_fail_memory(e);
    if (!code) code = keep_chat(r, &t, text, e);
    jp_wire_tokens_free(&t);
    json_decref(reply);
    return code;
}

int32_t jp_remote_token_called(void *self, const char *part) {
    jp_remote       *r = self;
    const jp_server *s = jp_remote_first(r);
    jp_wire_tokens   t = {0};
    int32_t          id = -1;
    if (r->pool->vocabulary) return r->pool->vocabulary->ops->token_called(r->pool->vocabulary, part);
    if (strcmp(part, "bos") || !s->begin[0]) return -1;
    if (!ask_tokens(r, s->begin, true, &t, NULL) && jp_remote_know(r, &t) && t.n) id = t.ids[0];
    jp_wire_tokens_free(&t);
    return id;
}
