/* What a jopa_model is: an engine that explains, and perhaps a sentence encoder for metrics. */
#ifndef JP_MODEL_H
#define JP_MODEL_H

#include <stdatomic.h>

#include "engine/engine.h"
#include "question/question.h"

struct jopa_model {
    jp_engine  *engine;
    jp_engine  *encoder;      /* or NULL */
    char       *encoder_file; /* of the encoder, or NULL */
    char        capabilities[256];
    char        devices[512]; /* of its jopa_model_info */
    bool        precise;      /* no method is less exact to be faster */
    atomic_bool cancelled;    /* jopa_cancel: what runs is to end */
    bool        many;         /* one question of many runs */
};

/* A call that runs something begins: an earlier jopa_cancel no longer counts. */
void jp_model_begin(jopa_model *m);

/* jp_question_init for this model: servers take no embeddings, so that the operator is `delete` where none is given. */
int jp_model_question(jp_question *q, const jopa_model *m, const jopa_options *o, jopa_error *e);

#endif
