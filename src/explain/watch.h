/* Who hears how a run goes, and who may end it: the question's callback, and jopa_cancel from any thread. */
#ifndef JP_WATCH_H
#define JP_WATCH_H

#include "explain/model.h"
#include "question/question.h"

/* The stages that jopa_progress names, in the order in which a run has them: `jopa list stages`. */
typedef enum {
    JP_STAGE_LOADING,
    JP_STAGE_RESPONDING,
    JP_STAGE_SEARCHING,
    JP_STAGE_ANALYSING,
    JP_STAGE_REPEATING,
    JP_STAGE_REWRITING,
    JP_STAGE_MEASURING
} jp_stage;

typedef struct {
    jopa_model            *model;
    jopa_progress_function progress; /* or NULL */
    void                  *user;
    double                 started, limit; /* jp_seconds(), and seconds at most; 0: none */
    jopa_progress          now;
    const jp_scorer       *scorer; /* whose best set is told, or NULL */
    const jp_prompt       *prompt; /* whose units it masks; not NULL where `scorer` is not */
    bool                   stopped;
    jopa_stop              stop; /* what engines ask: it points here, so a watch stays where it began */
} jp_watch;

/* The name of a stage, NULL past the end. */
const char *jp_stage_name(int index, const char **summary);

/* A run begins. */
void jp_watch_begin(jp_watch *w, jopa_model *m, const jp_question *q);
/* The next stage; `method` is what searches, or NULL. Whether the caller wants to stop. */
bool jp_watch_stage(jp_watch *w, jp_stage stage, const char *method);
/* Ask the caller, `fraction` of the stage being done (below 0: unknown). Once it wants to stop, it always does. */
bool jp_watch_ask(jp_watch *w, double fraction);
/* jp_limits.progress; `user` is a jp_watch. */
int jp_watch_scores(void *user, int evaluations, int budget, double best_drop);
/* "interrupted before ...": the error of a run that was stopped without a result. */
int jp_watch_fail(const jp_watch *w, jopa_error *e);

#endif
