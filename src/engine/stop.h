/* Hearing a stop in the middle of long work. */
#ifndef JP_STOP_H
#define JP_STOP_H

#include "base/error.h"

/* One call's ear. It asks every 0.1 s, and not before: who makes many short calls asks between them. Once told to stop
 * it stays so. */
typedef struct {
    const jopa_stop *stop; /* or NULL: never */
    double           asked, fraction;
    bool             stopped;
} jp_ear;

jp_ear jp_ear_for(const jopa_stop *stop);

/* Whether to stop. `ear` may be NULL. */
bool jp_hears_stop(jp_ear *ear);
/* The same, as ggml's callback: true ends a graph. `ear`: a jp_ear *. */
bool jp_hears_stop_callback(void *ear);
/* JOPA_ERROR_INTERRUPTED, with its line. */
int jp_fail_interrupted(jopa_error *e);

#endif
