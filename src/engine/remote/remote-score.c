/* Rows to servers: one row a request, so that each can be repeated elsewhere and is on the bill once. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "engine/remote/remote.h"

enum { HEDGE_AFTER = 3, MOST_TRIES = 4, PROBE = -1 }; /* medians; answers of a server that failed */

/* Rows in the order that prefix caches like, as stretches: a server takes from its own until that is empty, then from
 * the end of the longest. */
typedef struct {
    int next, end;
} stretch;

typedef struct {
    jp_remote                *r;
    const jopa_score_request *rq;
    int                      *order;          /* [n_rows] rows by their tokens */
    stretch                  *own;            /* [servers] of `order` */
    int                      *again, n_again; /* rows that failed */
    unsigned char            *tries, *done;   /* [n_rows] */
    unsigned char            *whole;          /* [n_rows + 1] asked for without the prefix cache; the last: the probe */
    int                       left;
    jopa_engine_cost          cost;
    jopa_error               *e;
} batch;

static unsigned char *whole_of(const batch *b, int row) { return &b->whole[row == PROBE ? b->rq->n_rows : row]; }

static jp_wire_row wire_row_of(const batch *b, int row) {
    const jopa_score_request *rq = b->rq;
    jp_wire_row               w = b->r->pool->probe.row;
    if (row != PROBE) w = (jp_wire_row){rq->prompt[row], rq->response, rq->n_prompt[row], rq->first, rq->last, false};
    w.whole = *whole_of(b, row);
    return w;
}

/* ---- order ---------------------------------------------------------------------------------------------------------
 */

typedef struct {
    const int32_t *tokens;
    int            n, row;
} sortable;

static int compare_tokens(const void *a, const void *b) {
    const sortable *x = a, *y = b;
    int             n = x->n < y->n ? x->n : y->n;
    for (int i = 0; i < n; i++)
        if (x->tokens[i] != y->tokens[i]) return x->tokens[i] < y->tokens[i] ? -1 : 1;
    return x->n != y->n ? x->n - y->n : x->row - y->row;
}

static int sort_rows(batch *b) {
    int       n = b->rq->n_rows, servers = b->r->pool->n;
    sortable *s = malloc(((size_t)n + 1) * sizeof *s);
    b->order = malloc(((size_t)n + 1) * sizeof *b->order);
    b->again = malloc(((size_t)n + 1) * sizeof *b->again);
    b->own = calloc((size_t)servers, sizeof *b->own);
    b->tries = calloc((size_t)n + 1, 1);
    b->done = calloc((size_t)n + 1, 1);
    b->whole = calloc((size_t)n + 1, 1);
    bool fine = s && b->order && b->again && b->own && b->tries && b->done && b->whole;
    for (int i = 0; i < n && fine; i++) s[i] = (sortable){b->rq->prompt[i], b->rq->n_prompt[i], i};
    if (fine) qsort(s, (size_t)n, sizeof *s, compare_tokens);
    for (int i = 0; i < n && fine; i++) b->order[i] = s[i].row;
    for (int i = 0; i < servers && fine; i++)
        b->own[i] = (stretch){(int)((int64_t)n * i / servers), (int)((int64_t)n * (i + 1) / servers)};
    free(s);
    return fine ? JP_OK : jp_fail_memory(b->e);
}

/* The next row for the server, of those that wait: there is one. */
static int next_row(batch *b, int server) {
    stretch *own = &b->own[server], *longest = own;
    if (b->n_again) return b->again[--b->n_again];
    if (own->next < own->end) return b->order[own->next++];
    for (int i = 0; i < b->r->pool->n; i++)
        if (b->own[i].end - b->own[i].next > longest->end - longest->next) longest = &b->own[i];
    return b->order[--longest->end];
}

static bool any_waits(const batch *b) {
    bool waits = b->n_again > 0;
    for (int i = 0; i < b->r->pool->n; i++) waits = waits || b->own[i].next < b->own[i].end;
    return waits;
}

/* ---- sending -------------------------------------------------------------------------------------------------------
 */

static int send_row(batch *b, int server, int row) {
    const jp_server *s = &b->r->pool->at[server].server;
    jp_wire_row      w = wire_row_of(b, row);
    jp_wire_request  rq = s->dialect->score(s, &w);
    jp_http_call    *c = rq.body ? jp_http_send(b->r->http, s->base, rq.path, rq.body) : NULL;
    if (!c) {
        jp_pool_dropped(b->r->pool, server);
        return jp_fail_memory(b->e);
    }
    c->server = server;
    c->row = row;
    return JP_OK;
}

/* The row that has been on its way longest, alone, and for too long; NULL: none. */
static jp_http_call *find_late(const batch *b) {
    double        limit = HEDGE_AFTER * jp_pool_latency(b->r->pool), now = jp_seconds();
    jp_http_call *late = NULL;
    if (b->r->pool->n < 2 || limit <= 0) return NULL;
    for (jp_http_call *c = jp_http_calls(b->r->http); c; c = c->next) {
        bool twice = false;
        for (jp_http_call *d = jp_http_calls(b->r->http); d; d = d->next) twice = twice || (d != c && d->row == c->row);
        if (c->row >= 0 && !c->finished && !twice && now - c->started > limit && (!late || c->started < late->started))
            late = c;
    }
    return late;
}

static int fail_all_lost(batch *b) {
    char problems[512];
    jp_pool_problems(b->r->pool, problems, sizeof problems);
    return jp_fail(b->e, JOPA_ERROR_IO, "no server is left: %s", problems);
}

/* What servers have room for. */
static int send_some(batch *b) {
    jp_pool *p = b->r->pool;
    for (;;) {
        bool          waits = any_waits(b);
        jp_http_call *late = waits ? NULL : find_late(b);
        if (!waits && !late) return JP_OK;
        int i = jp_pool_take(p, late ? late->server : -1);
        if (i == JP_ALL_LOST && !late) return jp_http_calls(b->r->http) ? JP_OK : fail_all_lost(b);
        if (i < 0) return JP_OK;
        bool probe = i & JP_SERVER_TO_PROBE;
        int  server = i & ~JP_SERVER_TO_PROBE;
        int  status = send_row(b, server, probe ? PROBE : late ? late->row : next_row(b, server));
        if (status) return status;
    }
}

/* ---- answers -------------------------------------------------------------------------------------------------------
 */

/* Other requests for a row that is done. */
static void drop_others(batch *b, const jp_http_call *c) {
    for (jp_http_call *d = jp_http_calls(b->r->http), *next; d; d = next) {
        next = d->next;
        if (d == c || d->row != c->row) continue;
        jp_pool_dropped(b->r->pool, d->server);
        jp_http_end(b->r->http, d);
    }
}

static bool is_on_its_way(const batch *b, const jp_http_call *but) {
    for (jp_http_call *d = jp_http_calls(b->r->http); d; d = d->next)
        if (d != but && d->row == but->row) return true;
    return false;
}

static void try_again(batch *b, const jp_http_call *c) {
    if (c->row >= 0 && !b->done[c->row] && !is_on_its_way(b, c)) b->again[b->n_again++] = c->row;
}

static bool is_worth_retrying(long status) {
    return status == 0 || status == 408 || status == 409 || status == 429 || status >= 500;
}

/* Whether the row may have been refused for what the server's cache holds: then it is asked for again without. */
static bool asks_whole(batch *b, const jp_http_call *c) {
    if (!b->r->pool->at[c->server].server.dialect->refuses_cached || *whole_of(b, c->row)) return false;
    *whole_of(b, c->row) = 1;
    return true;
}

/* A status that is not 200, or no answer. */
static int take_failure(batch *b, jp_http_call *c) {
    const char *base = b->r->pool->at[c->server].server.base;
    char        reason[300], problem[400];
    jp_http_reason(c, reason, sizeof reason);
    if (c->status) snprintf(problem, sizeof problem, "HTTP %ld%s%.300s", c->status, *reason ? ": " : "", reason);
    else snprintf(problem, sizeof problem, "%s", c->problem);
    bool again = is_worth_retrying(c->status);
    if (again && c->status && c->row >= 0 && ++b->tries[c->row] >= MOST_TRIES) {
        jp_pool_dropped(b->r->pool, c->server);
        return jp_fail(b->e, JOPA_ERROR_MODEL, "%s fails with one row again and again (%s)", base, problem);
    }
    if (again) {
        jp_pool_failed(b->r->pool, c->server, problem, c->retry_after);
        try_again(b, c);
        return JP_OK;
    }
    if (c->status == 401 || c->status == 403) {
        jp_pool_wrong(b->r->pool, c->server, problem);
        try_again(b, c);
        return JP_OK;
    }
    jp_pool_dropped(b->r->pool, c->server);
    if (asks_whole(b, c)) {
        try_again(b, c);
        return JP_OK;
    }
    return jp_fail(b->e, JOPA_ERROR_INPUT, "%s refuses a row of %d tokens (%s)", base,
                   wire_row_of(b, c->row).n_prompt + wire_row_of(b, c->row).last, problem);
}

static int take_scores(batch *b, const jp_http_call *c, const float *scores, int64_t decoded) {
    int width = b->rq->last - b->rq->first;
    if (b->done[c->row]) return JP_OK;
    memcpy(b->rq->log_probs + (size_t)c->row * (size_t)width, scores, (size_t)width * sizeof *scores);
    b->done[c->row] = 1;
    b->left--;
    b->cost.decoded_tokens += decoded;
    b->cost.outputs += width;
    drop_others(b, c);
    return b->rq->done && b->rq->done(b->rq->user, &c->row, 1, &b->cost)
               ? jp_fail(b->e, JOPA_ERROR_INTERRUPTED, "interrupted")
               : JP_OK;
}

/* What a server says that went through the model: of a row's tokens none twice. */
static int64_t limit_cost(const jp_wire_row *w, int64_t decoded) {
    int64_t all = (int64_t)w->n_prompt + w->last;
    return decoded < 0 ? 0 : decoded < all ? decoded : all;
}

static int take_success(batch *b, jp_http_call *c) {
    const jp_server *s = &b->r->pool->at[c->server].server;
    jp_wire_row      w = wire_row_of(b, c->row);
    float           *scores = malloc((size_t)(w.last - w.first) * sizeof *scores);
    json_t          *reply = jp_http_json(c);
    int64_t          decoded = 0;
    bool             fine =
        reply && scores && s->dialect->read_score(s, &w, reply, scores, &decoded, c->problem, sizeof c->problem);
    int status = scores ? JP_OK : jp_fail_memory(b->e);
    if (!fine) {
        jp_pool_wrong(b->r->pool, c->server, c->problem);
        try_again(b, c);
    } else if (c->row == PROBE) jp_pool_probed(b->r->pool, c->server, jp_probe_agrees(&b->r->pool->probe, scores));
    else {
        jp_pool_scored(b->r->pool, c->server, c->seconds);
        status = take_scores(b, c, scores, limit_cost(&w, decoded));
    }
    json_decref(reply);
    free(scores);
    return status;
}

/* ---- a batch -------------------------------------------------------------------------------------------------------
 */

static void drop_all(batch *b) {
    while (jp_http_calls(b->r->http)) {
        jp_pool_dropped(b->r->pool, jp_http_calls(b->r->http)->server);
        jp_http_end(b->r->http, jp_http_calls(b->r->http));
    }
}

/* Milliseconds until it is looked anew whether another handle gave room back, or a server is due. Rows of one's own
 * wake without. */
static int pause_of(const batch *b) {
    enum { SOON = 5, LATER = 50, OF_A_ROW = 20 };
    double row = 1000 * jp_pool_latency(b->r->pool) / OF_A_ROW;
    if (!any_waits(b) || row > LATER) return LATER;
    return row > SOON ? (int)row : SOON;
}

static int run_remote_batch(batch *b) {
    jp_ear ear = jp_ear_for(b->rq->stop);
    int    status = JP_OK;
    while (b->left && !status) {
        if (jp_hears_stop(&ear)) return jp_fail_interrupted(b->e);
        if ((status = send_some(b))) break;
        jp_http_call *c = jp_http_wait(b->r->http, pause_of(b));
        for (; c && !status; c = b->left ? jp_http_wait(b->r->http, 0) : NULL) {
            status = c->status == 200 ? take_success(b, c) : take_failure(b, c);
            jp_http_end(b->r->http, c);
        }
    }
    return status;
}

int jp_remote_score(void *self, const jopa_score_request *rq, jopa_error *e) {
    batch b = {.r = self, .rq = rq, .left = rq->n_rows, .e = e};
    int   status = rq->n_rows ? sort_rows(&b) : JP_OK;
    if (!status && rq->n_rows) status = run_remote_batch(&b);
    drop_all(&b);
    free(b.order);
    free(b.again);
    free(b.own);
    free(b.tries);
    free(b.done);
    free(b.whole);
    return status;
}

int jp_remote_score_one(const jp_server *s, const jp_asking *ask, const jp_wire_row *row, float *out, jopa_error *e) {
    json_t         *reply = NULL;
    long            status = 0;
    int64_t         decoded;
    char            why[256] = "";
    jp_wire_request rq = s->dialect->score(s, row);
    if (!rq.body) return jp_fail_memory(e);
    int code = jp_wire_ask(ask, s->base, rq, &reply, &status, e);
    if (!code && status != 200) {
        jp_http_reason_of(ask->http, reply, why, sizeof why);
        code = jp_fail(e, JOPA_ERROR_UNSUPPORTED, "%s (%s) refuses to score given tokens (HTTP %ld%s%.200s)", s->base,
                       s->dialect->name, status, *why ? ": " : "", why);
    } else if (!code && !s->dialect->read_score(s, row, reply, out, &decoded, why, sizeof why))
        code = jp_fail(e, JOPA_ERROR_UNSUPPORTED, "%s (%s) does not score given tokens: %s", s->base, s->dialect->name,
                       why);
    json_decref(reply);
    return code;
}
