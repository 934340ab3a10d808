#include "runs.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "fail.h"
#include "store.h"
#include "wait.h"

/* ---- one run ---- */

int runs_new(run **out, const char *command, run_function function, jopa_options *asked, jopa_error *e) {
    run *r = calloc(1, sizeof *r);
    if (!r || random_name(r->id, e)) {
        jopa_options_free(asked);
        if (!r) return fail_no_memory(e);
        free(r);
        return JOPA_ERROR_IO;
    }
    r->command = command;
    r->function = function;
    r->asked = asked;
    r->named = asked || !function;
    r->users = 1;
    *out = r;
    return JOPA_OK;
}

static void free_run(run *r) {
    jopa_options_free(r->asked);
    json_decref(r->body);
    free(r->progress);
    free(r->result);
    free(r);
}

static void let_go(run *r) {
    if (--r->users == 0) free_run(r);
}

void runs_release(hub *h, run *r) {
    if (!r) return;
    hub_lock(h);
    let_go(r);
    hub_unlock(h);
}

bool run_ended(const run *r) { return r->state != RUN_QUEUED && r->state != RUN_RUNNING; }

bool run_must_end(const hub *h, const run *r) {
    return r->cancel || h->stopping || seconds_now() - r->started > h->set.seconds;
}

void run_changed(hub *h, run *r) {
    r->version++;
    wait_wake(h, r);
}

/* ---- those that are kept ---- */

static size_t run_bytes(const run *r) { return sizeof *r + r->size; }

static void unlink_kept(hub *h, run *r) {
    if (!r->kept) return;
    *(r->newer ? &r->newer->older : &h->newest) = r->older;
    *(r->older ? &r->older->newer : &h->oldest) = r->newer;
    h->kept_bytes -= run_bytes(r);
    h->kept--;
    r->newer = r->older = NULL;
    r->kept = false;
    let_go(r);
}

/* Room for what is new: the oldest ended results go. */
static void forget_oldest(hub *h) {
    for (run *r = h->oldest, *newer; r && h->kept_bytes > h->set.keep; r = newer) {
        newer = r->newer;
        if (run_ended(r) && r != h->newest) unlink_kept(h, r);
    }
}

static void link_kept(hub *h, run *r) {
    r->users++;
    r->kept = true;
    r->newer = NULL;
    r->older = h->newest;
    *(h->newest ? &h->newest->newer : &h->oldest) = r;
    h->newest = r;
    h->kept++;
    h->kept_bytes += run_bytes(r);
    forget_oldest(h);
}

static run *find_kept(hub *h, const char *id) {
    run *r = h->newest;
    while (r && strcmp(r->id, id)) r = r->older;
    if (r) r->users++;
    return r;
}

/* What --store has of it, once more in memory. */
static run *find_stored(hub *h, const char *id) {
    const char *command;
    size_t      size;
    char       *json = store_read(h->set.store, id, &command, &size);
    run        *r = NULL;
    if (!json || runs_new(&r, command, NULL, NULL, NULL)) {
        free(json);
        return NULL;
    }
    memcpy(r->id, id, ID_SIZE);
    r->state = RUN_DONE;
    r->result = json;
    r->size = size;
    hub_lock(h);
    link_kept(h, r);
    hub_unlock(h);
    return r;
}

run *runs_find(hub *h, const char *id) {
    if (strlen(id) != ID_SIZE - 1 || strspn(id, "0123456789abcdef") != ID_SIZE - 1) return NULL;
    hub_lock(h);
    run *r = find_kept(h, id);
    hub_unlock(h);
    return r ? r : find_stored(h, id);
}

int runs_import(hub *h, run **out, const char *command, char *json, size_t size, jopa_error *e) {
    run *r = NULL;
    int  status = runs_new(&r, command, NULL, NULL, e);
    if (status) {
        free(json);
        return status;
    }
    r->state = RUN_DONE;
    r->result = json;
    r->size = size;
    status = store_write(h->set.store, r->id, json, size, e);
    if (status) {
        free_run(r);
        return status;
    }
    hub_lock(h);
    link_kept(h, r);
    hub_unlock(h);
    *out = r;
    return JOPA_OK;
}

/* ---- the queue ---- */

/* Whoever waits in it sees another place. */
static void queue_moved(hub *h) {
    for (run *r = h->first; r; r = r->behind) run_changed(h, r);
}

int runs_queue(hub *h, run *r, jopa_error *e) {
    hub_lock(h);
    bool fits = !h->stopping && h->queued < h->set.queue;
    if (fits) {
        r->queued = seconds_now();
        r->users++;
        *(h->last ? &h->last->behind : &h->first) = r;
        h->last = r;
        h->queued++;
        if (r->asked) link_kept(h, r);
        pthread_cond_signal(&h->work);
    } else h->tally.refused++;
    bool stopping = h->stopping;
    hub_unlock(h);
    if (fits) return JOPA_OK;
    return fail(e, JOPA_ERROR_INTERRUPTED,
                stopping ? "the server is ending" : "%d questions wait already: ask again later", h->set.queue);
}

static void unqueue(hub *h, run *r) {
    run **at = &h->first, *before = NULL;
    for (; *at && *at != r; at = &(*at)->behind) before = *at;
    if (!*at) return;
    *at = r->behind;
    if (h->last == r) h->last = before;
    r->behind = NULL;
    h->queued--;
}

run *runs_next(hub *h) {
    run *r = h->first;
    if (!r) return NULL;
    unqueue(h, r);
    r->state = RUN_RUNNING;
    r->started = seconds_now();
    h->running = r;
    run_changed(h, r);
    queue_moved(h);
    return r;
}

int run_place(const hub *h, const run *r) {
    int place = 1;
    if (r->state != RUN_QUEUED) return 0;
    for (const run *other = h->first; other && other != r; other = other->behind) place++;
    return place;
}

void run_end(hub *h, run *r, run_state state) {
    r->state = state;
    r->ended = seconds_now();
    if (h->running == r) h->running = NULL;
    *(state == RUN_DONE ? &h->tally.done : state == RUN_FAILED ? &h->tally.failed : &h->tally.cancelled) += 1;
    if (r->kept) {
        h->kept_bytes += r->size;
        forget_oldest(h);
    }
    run_changed(h, r);
    let_go(r); /* the queue's hold */
}

void runs_cancel(hub *h, run *r) {
    hub_lock(h);
    r->cancel = true;
    if (r->state == RUN_QUEUED) {
        unqueue(h, r);
        fail(&r->error, JOPA_ERROR_INTERRUPTED, "cancelled before it began");
        run_end(h, r, RUN_CANCELLED);
        queue_moved(h);
    } else if (r->state == RUN_RUNNING && h->model) jopa_cancel(h->model);
    hub_unlock(h);
}

void runs_remove(hub *h, run *r) {
    hub_lock(h);
    unlink_kept(h, r);
    hub_unlock(h);
    store_remove(h->set.store, r->id);
}

void runs_clear(hub *h) {
    while (h->newest) unlink_kept(h, h->newest);
}
