/* How a run goes, as server-sent events. A stream tells the newest state, not each: who reads slowly misses some, and
 * holds nothing up. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "endpoints.h"
#include "peers.h"
#include "reply.h"
#include "runs.h"
#include "status.h"
#include "wait.h"

typedef struct {
    hub     *hub;
    waiter   wait;
    peer    *peer;
    bool     told, ended; /* anything yet; the last event is in `text` */
    unsigned version;     /* that was told */
    char    *text;        /* the event that is being sent */
    size_t   at, size;
} stream;

static const char comment[] = ": still there\n\n";

/* "data: " before each line. */
static void put_data(FILE *f, const char *json) {
    for (const char *at = json; at && *at;) {
        size_t size = strcspn(at, "\n");
        fprintf(f, "data: %.*s\n", (int)size, at);
        at += size + (at[size] == '\n');
    }
    fputc('\n', f);
}

static const char *event_name(const run *r) {
    if (!run_ended(r)) return "progress";
    return r->state == RUN_DONE ? "result" : "error";
}

/* With hub.lock held. False: no memory. */
static bool make_event(stream *s) {
    const run *r = s->wait.run;
    char      *status = r->state == RUN_DONE ? NULL : status_json(s->hub, r, false);
    FILE      *f = open_memstream(&s->text, &s->size);
    if (!f) {
        free(status);
        return false;
    }
    fprintf(f, "event: %s\n", event_name(r));
    put_data(f, r->state == RUN_DONE ? r->result : status);
    free(status);
    s->told = true;
    s->version = r->version;
    s->ended = run_ended(r);
    s->at = 0;
    return !fclose(f);
}

/* With hub.lock held: something new to send, or sleep. 1: there is; 0: it sleeps; -1: the stream ends. */
static int next_event(stream *s) {
    free(s->text);
    s->text = NULL;
    if (s->ended || s->hub->stopping) return -1;
    if (!s->told || s->version != s->wait.run->version) return make_event(s) ? 1 : -1;
    if (s->wait.since <= 0 || seconds_now() - s->wait.since < 1) { /* it was not woken to show that it lives */
        wait_sleep(s->hub, &s->wait);
        return 0;
    }
    s->text = strdup(comment);
    s->size = s->text ? strlen(s->text) : 0;
    s->at = 0;
    s->wait.since = 0;
    return s->text ? 1 : -1;
}

static ssize_t read_events(void *user, uint64_t position, char *out, size_t room) {
    stream *s = user;
    (void)position;
    if (!s->text || s->at == s->size) {
        hub_lock(s->hub);
        int next = next_event(s);
        hub_unlock(s->hub);
        if (next < 1) return next ? MHD_CONTENT_READER_END_OF_STREAM : 0;
    }
    size_t size = s->size - s->at < room ? s->size - s->at : room;
    memcpy(out, s->text + s->at, size);
    s->at += size;
    peers_touch(s->hub, s->peer);
    return (ssize_t)size;
}

static void close_stream(void *user) {
    stream *s = user;
    hub_lock(s->hub);
    s->hub->streams--;
    hub_unlock(s->hub);
    runs_release(s->hub, s->wait.run);
    free(s->text);
    free(s);
}

static bool take_place(hub *h) {
    hub_lock(h);
    bool fits = h->streams < MOST_STREAMS;
    if (fits) h->streams++;
    hub_unlock(h);
    return fits;
}

enum MHD_Result answer_events(exchange *x) {
    run *r = runs_find(x->hub, x->id);
    if (!r) return reply_fail(x, 404, "no run of this id is known");
    stream *s = take_place(x->hub) ? calloc(1, sizeof *s) : NULL;
    if (!s) {
        runs_release(x->hub, r);
        return reply_fail(x, 503, "%d others listen already", MOST_STREAMS);
    }
    *s = (stream){.hub = x->hub, .peer = x->peer, .wait = {.run = r, .stream = true}};
    s->wait.connection = x->connection;
    s->wait.socket = x->wait.socket;
    x->streams = true;
    struct MHD_Response *response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 4096, read_events, s, close_stream);
    if (!response) close_stream(s);
    return reply_with(x, 200, "text/event-stream", POLICY_NOTHING, response);
}
