/* Server dialects: how a kind of server is asked for log-probabilities of given tokens. To add one: write
 * src/engine/remote/NAME.c with a jp_dialect and list it in dialects.c. */
#ifndef JP_DIALECT_H
#define JP_DIALECT_H

#include <jansson.h>

#include "engine/remote/http.h"

typedef struct jp_dialect jp_dialect;

/* What is known of one server. */
typedef struct {
    const char       *base; /* borrowed */
    const jp_dialect *dialect;
    char              model[256], version[64], quantization[64];
    char              begin[64];     /* the text of the token that begins a text, "": unknown */
    char             *chat_template; /* owned; NULL: the server does not tell */
    int64_t           parameters;
    int               slots, context; /* requests and tokens at once, jp_wire_count; 0: unknown */
    int               variant;        /* the dialect's own */
} jp_server;

/* One row: log p of the response tokens [first, last) after the prompt. */
typedef struct {
    const int32_t *prompt, *response;
    int            n_prompt, first, last;
    bool           whole; /* nothing of it from the server's prefix cache, where that can be asked for */
} jp_wire_row;

/* Tokens as a server tells them; owned: jp_wire_tokens_free. */
typedef struct {
    int32_t *ids;
    char   **pieces; /* [n] or NULL: unknown */
    int     *sizes;  /* [n] bytes of each piece */
    int      n;
} jp_wire_tokens;

/* What a request of the dialect looks like. */
typedef struct {
    const char *path; /* static */
    json_t     *body; /* the caller's; NULL: out of memory, or GET */
} jp_wire_request;

/* Asking a server one thing and waiting for it. */
typedef struct {
    jp_http         *http;
    const jopa_stop *stop;
    const char      *wanted; /* the model's name, NULL: the server's only one */
} jp_asking;

struct jp_dialect {
    const char *name, *summary;
    /* Whether the server is one of these: 1 and its facts, 0, or a code below 0: -JOPA_ERROR_... */
    int (*recognise)(jp_server *s, const jp_asking *ask, jopa_error *e);
    jp_wire_request (*score)(const jp_server *s, const jp_wire_row *row);
    /* The last - first log-probabilities; *decoded: tokens that went through the model. `why` [room] says what is wrong
     * with the reply; then it returns false. */
    bool (*read_score)(const jp_server *s, const jp_wire_row *row, const json_t *reply, float *out, int64_t *decoded,
                       char *why, size_t room);
    /* NULL functions: the server does not do that. */
    jp_wire_request (*tokenize)(const jp_server *s, const char *text, bool special);
    bool (*read_tokens)(const json_t *reply, const char *text, jp_wire_tokens *out);
    /* A chat's ids, by the server's own template. */
    jp_wire_request (*chat)(const jp_server *s, json_t *messages);
    jp_wire_request (*generate)(const jp_server *s, const int32_t *ids, int n, int max);
    bool (*read_generated)(const json_t *reply, jp_wire_tokens *out);
    int  other_variant;  /* to be tried where a score is refused; 0: there is none */
    bool refuses_cached; /* it may refuse a row because of what its prefix cache has: such a row is asked for whole */
    bool parses_control; /* its tokenizer takes control tokens in any text */
};

const jp_dialect *jp_dialect_at(int index); /* in the order in which they are tried; NULL past the end */

/* ---- what dialects share: wire.c ---- */
json_t *jp_wire_ids(const int32_t *a, int n, const int32_t *b, int m); /* an array of both */
/* GET or POST and wait. JP_OK: the reply's JSON and its HTTP status. */
int jp_wire_ask(const jp_asking *ask, const char *base, jp_wire_request rq, json_t **reply, long *status,
                jopa_error *e);
int jp_wire_get(const jp_asking *ask, const char *base, const char *path, json_t **reply, long *status, jopa_error *e);
/* A number that can be a log-probability. */
bool jp_wire_number(const json_t *value, float *out, char *why, size_t room);
/* A count that a server tells, from 0 to `most`; 0: it tells none, or none that can be. */
int64_t jp_wire_count(const json_t *value, int64_t most);
/* A token's id; false: it is none. */
bool jp_wire_id(const json_t *value, int32_t *out);
/* Whole numbers of an array into ids, malloc'd; false: it is something else. */
bool jp_wire_read_ids(const json_t *array, int32_t **ids, int *n);
bool jp_wire_add_piece(jp_wire_tokens *t, int i, const char *bytes, size_t size);
void jp_wire_tokens_free(jp_wire_tokens *t);
/* The model that /v1/models lists: `wanted`, or the only one. 1, 0 where there is no such list, below 0: an error. */
int jp_wire_models(jp_server *s, const jp_asking *ask, json_t **entry, jopa_error *e);

#endif
