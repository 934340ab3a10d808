#include "work.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fail.h"
#include "runs.h"
#include "sessions.h"
#include "status.h"
#include "store.h"

/* ---- how it goes ---- */

int work_progress(void *user, const jopa_progress *p) {
    static const double PAUSE = 0.08; /* seconds between two lines for the same stage */
    work               *w = user;
    hub                *h = w->hub;
    bool                full = w->session && session_is_full(w->session);
    hub_lock(h);
    run   *r = h->running;
    bool   over = !r || full || run_must_end(h, r);
    double now = seconds_now();
    if (r && now - r->told >= PAUSE) {
        char *text = progress_json(p, now - r->started, h->set.seconds);
        if (text) {
            free(r->progress);
            r->progress = text;
            r->told = now;
            run_changed(h, r);
        }
    }
    hub_unlock(h);
    return over;
}

/* ---- one run ---- */

static void run_now(work *w, run *r) {
    hub       *h = w->hub;
    jopa_error e = {0};
    char      *json = NULL;
    w->session = NULL;
    int    status = r->function(w, r, &json, &e);
    size_t size = json ? strlen(json) : 0;
    if (!status && r->asked) status = store_write(h->set.store, r->id, json, size, &e);
    hub_lock(h);
    h->tally.seconds += seconds_now() - r->started;
    if (status == JOPA_ERROR_INTERRUPTED && !r->cancel && !h->stopping)
        fail(&e, status, "it took longer than %.0f seconds, and there was no result by then", h->set.seconds);
    if (!status) {
        r->result = json;
        r->size = size;
    } else {
        r->error = e;
        r->error.code = status;
        free(json);
    }
    run_end(h, r, !status ? RUN_DONE : status == JOPA_ERROR_INTERRUPTED ? RUN_CANCELLED : RUN_FAILED);
    hub_unlock(h);
}

/* ---- the thread ---- */

/* The text of the token with that part, where it fits. */
static void name_token(const jopa_model *m, const char *part, char *out, int room) {
    int32_t id = jopa_model_token_called(m, part);
    int     n = id < 0 ? 0 : jopa_model_piece(m, id, true, out, room - 1);
    out[n < room ? n : 0] = '\0';
}

static void name_model(hub *h, const jopa_model *m) {
    jopa_model_info info = {.size = sizeof info};
    jopa_model_describe(m, &info);
    snprintf(h->model_name, sizeof h->model_name, "%s", info.file);
    name_token(m, "bos", h->begin, sizeof h->begin);
    name_token(m, "eos", h->end, sizeof h->end);
    snprintf(h->capabilities, sizeof h->capabilities, "%s", jopa_model_capabilities(m));
}

static int open_model(work *w) {
    jopa_error e = {0};
    int        status = jopa_model_open(&w->model, w->hub->set.options, &e);
    if (!status) name_model(w->hub, w->model);
    pthread_mutex_lock(&w->lock);
    w->status = status;
    w->error = e;
    w->is_open = true;
    pthread_cond_signal(&w->opened);
    pthread_mutex_unlock(&w->lock);
    return status;
}

static run *wait_for_run(hub *h) {
    hub_lock(h);
    while (!h->first && !h->stopping) pthread_cond_wait(&h->work, &h->lock);
    run *r = h->stopping ? NULL : runs_next(h);
    hub_unlock(h);
    return r;
}

static void *work_thread(void *user) {
    work *w = user;
    hub  *h = w->hub;
    run  *r;
    if (open_model(w)) return NULL;
    hub_lock(h);
    h->model = w->model;
    hub_unlock(h);
    while ((r = wait_for_run(h))) run_now(w, r);
    hub_lock(h);
    h->model = NULL;
    hub_unlock(h);
    sessions_free(w->sessions);
    jopa_model_free(w->model);
    return NULL;
}

static void work_clear(work *w) {
    pthread_cond_destroy(&w->opened);
    pthread_mutex_destroy(&w->lock);
}

int work_start(work *w, hub *h, jopa_error *e) {
    *w = (work){.hub = h};
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->opened, NULL);
    if (pthread_create(&w->thread, NULL, work_thread, w)) {
        work_clear(w);
        return fail(e, JOPA_ERROR_MEMORY, "no thread can be had");
    }
    pthread_mutex_lock(&w->lock);
    while (!w->is_open) pthread_cond_wait(&w->opened, &w->lock);
    pthread_mutex_unlock(&w->lock);
    if (!w->status) return JOPA_OK;
    if (e) *e = w->error;
    int status = w->status;
    work_join(w);
    return status;
}

void work_join(work *w) {
    pthread_join(w->thread, NULL);
    work_clear(w);
}
