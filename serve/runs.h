/* Runs: made, queued, found, ended, forgotten. */
#ifndef SERVE_RUNS_H
#define SERVE_RUNS_H

#include "hub.h"

/* A new run, held by the caller: runs_release. It takes `asked`, also where it fails. */
int runs_new(run **out, const char *command, run_function function, jopa_options *asked, jopa_error *e);
/* Behind all others. JOPA_ERROR_INTERRUPTED: the queue is full, or all ends. */
int  runs_queue(hub *h, run *r, jopa_error *e);
void runs_release(hub *h, run *r);
/* The run of that id, from memory or --store, held by the caller; NULL: there is none. */
run *runs_find(hub *h, const char *id);
/* Keep a finished result, which is taken, under a new id. */
int runs_import(hub *h, run **out, const char *command, char *json, size_t size, jopa_error *e);
/* It is to end: at once where it waits, soon where it runs. */
void runs_cancel(hub *h, run *r);
/* Forget it, and remove its file. */
void runs_remove(hub *h, run *r);
void runs_clear(hub *h);

/* ---- with hub.lock held ---- */
bool run_ended(const run *r);
bool run_must_end(const hub *h, const run *r); /* one that runs: it is cancelled, its time is up, or all ends */
int  run_place(const hub *h, const run *r);    /* in the queue: 0 for what runs or ended, 1 for what comes next */
void run_changed(hub *h, run *r);              /* tell who waits for it */
/* It ends as `state`; its result or error is there. */
void run_end(hub *h, run *r, run_state state);
/* The next of the queue, which runs now; NULL: there is none. */
run *runs_next(hub *h);

#endif
