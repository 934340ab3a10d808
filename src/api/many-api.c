/* Many questions: as many threads as the engine takes at once, each with a handle of its own. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "explain/model.h"
#include "question/options.h"

typedef struct {
    jopa_many_request rq;
    jopa_model       *model; /* the caller's, whose jopa_cancel ends all */
    pthread_mutex_t   lock;  /* of all that follows, and of the request's functions */
    double            started;
    int               done;      /* since then */
    bool              stop;      /* nothing more is asked, and what runs is to end */
    bool              cancelled; /* by the progress function or jopa_cancel */
    bool              enough;    /* the answer function wants no more answers */
    jopa_error        failed;    /* what ended the run; code 0: nothing */
} crew;

typedef struct {
    crew       *crew;
    jopa_model *model;
    const char *id; /* of the question in hand */
    void (*warn)(void *user, const char *line);
    void     *user; /* of warn */
    pthread_t thread;
} worker;

static bool is_stopped(crew *c) {
    c->cancelled = c->cancelled || atomic_load(&c->model->cancelled);
    c->stop = c->stop || c->cancelled;
    return c->stop;
}

/* How one question goes, as a part of the whole. */
static int tell_many(void *user, const jopa_progress *part) {
    worker       *w = user;
    crew         *c = w->crew;
    jopa_progress p = *part;
    pthread_mutex_lock(&c->lock);
    p.prompts = c->rq.prompts;
    p.prompts_done = c->rq.prompts_done + c->done;
    p.id = w->id;
    p.seconds = jp_seconds() - c->started;
    p.seconds_left = c->done && p.prompts ? p.seconds / c->done * (p.prompts - p.prompts_done) : -1;
    if (!is_stopped(c) && c->rq.progress && c->rq.progress(c->rq.user, &p)) c->cancelled = true;
    bool stop = is_stopped(c);
    pthread_mutex_unlock(&c->lock);
    return stop;
}

/* The question's own function, one at a time as the others. */
static void warn_many(void *user, const char *line) {
    worker *w = user;
    pthread_mutex_lock(&w->crew->lock);
    w->warn(w->user, line);
    pthread_mutex_unlock(&w->crew->lock);
}

/* What is about one question does not end the run. */
static bool is_about_one(int status) {
    return status == JOPA_ERROR_INPUT || status == JOPA_ERROR_UNSUPPORTED || status == JOPA_ERROR_USAGE;
}

/* What a run that ends early cut short: there is nothing of it, or after a failure not all that there would be. */
static bool is_cut_short(const crew *c, const jopa_result *r, int status) {
    if (status == JOPA_ERROR_INTERRUPTED) return c->stop;
    return c->failed.code && r && jopa_result_interrupted(r);
}

/* Hand over what came of a question; frees `o`. */
static void hand_over(crew *c, jopa_options *o, jopa_result *r, int status, const jopa_error *why) {
    pthread_mutex_lock(&c->lock);
    if (c->enough || is_cut_short(c, r, status)) jopa_result_free(r);
    else if (!status || is_about_one(status)) {
        c->done++;
        c->enough = c->rq.answer(c->rq.user, o, r, why);
        c->stop = c->stop || c->enough;
    } else {
        if (!c->failed.code) c->failed = *why;
        c->stop = true;
    }
    jopa_options_free(o);
    pthread_mutex_unlock(&c->lock);
}

/* NULL: there is none, or none is wanted. */
static jopa_options *next_question(crew *c) {
    pthread_mutex_lock(&c->lock);
    jopa_options *o = is_stopped(c) ? NULL : c->rq.next(c->rq.user);
    pthread_mutex_unlock(&c->lock);
    return o;
}

static void *answer_questions(void *user) {
    worker       *w = user;
    jopa_options *o;
    while ((o = next_question(w->crew))) {
        jopa_result *r = NULL;
        jopa_error   why = {0};
        w->id = jp_options_text(o, "id");
        w->warn = o->warn;
        w->user = o->user;
        jopa_options_listen(o, tell_many, o->warn ? warn_many : NULL, w);
        int status = w->crew->rq.ask(&r, w->model, o, &why);
        hand_over(w->crew, o, r, status, &why);
    }
    return NULL;
}

/* Start all but the first, who is the caller's own thread. A thread that cannot be had is one less. */
static void run_crew(worker *workers, int n) {
    int started = 1;
    while (started < n && !pthread_create(&workers[started].thread, NULL, answer_questions, &workers[started]))
        started++;
    answer_questions(&workers[0]);
    for (int i = 1; i < started; i++) pthread_join(workers[i].thread, NULL);
}

static int in_flight(const crew *c) {
    const jp_engine_sharing *sharing = c->model->engine->sharing;
    int                      n = sharing ? c->rq.in_flight : 1;
    if (n <= 0) n = sharing->in_flight(c->model->engine);
    if (c->rq.prompts > 0 && n > c->rq.prompts - c->rq.prompts_done) n = c->rq.prompts - c->rq.prompts_done;
    return n > 1 ? n : 1;
}

/* What ended the run early: the engine, or the caller. */
static int how_it_ended(crew *c, jopa_error *e) {
    if (c->failed.code) return jp_fail(e, c->failed.code, "%s", c->failed.message);
    if (c->cancelled) return jp_fail(e, JOPA_ERROR_INTERRUPTED, "interrupted after %d questions", c->done);
    return JP_OK;
}

int jopa_many(jopa_model *m, const jopa_many_request *rq, jopa_error *e) {
    crew c = {.model = m, .lock = PTHREAD_MUTEX_INITIALIZER, .started = jp_seconds()};
    memcpy(&c.rq, rq, rq->size < sizeof c.rq ? rq->size : sizeof c.rq);
    int     n = in_flight(&c), status = JP_OK;
    worker *workers = calloc((size_t)n, sizeof *workers);
    if (!workers) return jp_fail_memory(e);
    jp_model_begin(m);
    m->many = true;
    workers[0].model = m;
    for (int i = 0; i < n; i++) workers[i].crew = &c;
    for (int i = 1; i < n && !status; i++) status = jopa_model_share(&workers[i].model, m, e);
    if (!status) run_crew(workers, n);
    if (!status) status = how_it_ended(&c, e);
    for (int i = 1; i < n; i++) jopa_model_free(workers[i].model);
    m->many = false;
    free(workers);
    return status;
}
