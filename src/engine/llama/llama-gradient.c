/* Gradients and attention of the local engine: libllama has no backward pass, engine/gradient.h has. */
#include "engine/gradient/gradient.h"
#include "engine/llama/llama-local.h"

bool jp_local_has_gradient(const jp_local *l) {
    char why[256];
    return l->gradient || jp_gradient_covers(l->file, why, sizeof why);
}

/* Opened at the first use: it costs memory that most methods do not need. */
static int open_gradient(jp_local *l, jopa_error *err) {
    if (l->gradient) return JP_OK;
    int status = jp_gradient_open(&l->gradient, l->file, l->threads, false, err);
    if (!status) jp_gradient_share(l->gradient, l->store);
    return status;
}

int jp_local_gradient(jp_engine *e, const jp_gradient_request *rq, jopa_error *err) {
    jp_local *l = (jp_local *)e;
    int       status = open_gradient(l, err);
    return status ? status : jp_gradient_run(l->gradient, rq, err);
}

int jp_local_attention(jp_engine *e, jp_attention_request *rq, jopa_error *err) {
    jp_local *l = (jp_local *)e;
    int       status = open_gradient(l, err);
    return status ? status : jp_gradient_attention(l->gradient, rq, err);
}
