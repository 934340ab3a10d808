/* What the stages above hold: an engine of jopa.h, whose functions get the jp_engine itself as `self`. A caller's
 * engine stands behind one of plugin.c. An engine knows nothing of units or masks: it sees rows of symbols
 * (prompt/mask.h). */
#ifndef JP_ENGINE_H
#define JP_ENGINE_H

#include "base/error.h"

typedef struct jp_engine jp_engine;

typedef jopa_engine_ops        jp_engine_ops;
typedef jopa_engine_cost       jp_engine_cost;
typedef jopa_model_info        jp_model_info;
typedef jopa_gradient_request  jp_gradient_request;
typedef jopa_attention_request jp_attention_request;

enum {
    JP_CAN_SCORE = JOPA_CAN_SCORE,
    JP_CAN_GENERATE = JOPA_CAN_GENERATE,
    JP_CAN_TOKENIZE = JOPA_CAN_TOKENIZE,
    JP_CAN_GRADIENT = JOPA_CAN_GRADIENT,
    JP_CAN_ATTENTION = JOPA_CAN_ATTENTION,
    JP_CAN_EMBED = JOPA_CAN_EMBED,
    JP_CAN_NEXT = JOPA_CAN_NEXT,
    JP_CAN_HURRY = JOPA_CAN_HURRY,
    JP_CAN_KNOCKOUT = JOPA_CAN_KNOCKOUT,
    JP_CAN_CONTRAST = JOPA_CAN_CONTRAST,
};

/* Of engines that several threads can ask at once, each by a handle of its own. */
typedef struct {
    int (*share)(jp_engine **out, jp_engine *self, jopa_error *e); /* another handle, destroyed by itself */
    int (*in_flight)(jp_engine *self);                             /* questions at once that keep it busy */
} jp_engine_sharing;

/* Every engine struct begins with this. Functions that no capability needs may be NULL; capabilities, destroy,
 * model_info, reserve and score are always there. */
struct jp_engine {
    const jp_engine_ops     *ops;
    const jp_engine_sharing *sharing; /* NULL: one thread alone */
};

#endif
