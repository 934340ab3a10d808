/* Gradients and attention of the local engine: libllama has no backward pass, engine/gradient.h has. */
#include "base/memory.h"
#include "engine/gradient/gradient.h"
#include "engine/llama/llama-local.h"

/* They are computed here, from the file: a model that other machines hold may be too large for this one. */
static bool fits_here(const jp_local *l) {
    static const double TIMES = 3; /* the file's pages, weights the other way round, what the pass keeps */
    return !l->rpc || TIMES * (double)llama_model_size(l->model) < jp_memory_bytes();
}

bool jp_local_has_gradient(const jp_local *l) {
    char why[256];
    return l->gradient || (fits_here(l) && jp_gradient_covers(l->file, why, sizeof why));
}

/* Opened at the first use: it costs memory that most methods do not need. */
static int open_gradient(jp_local *l, jopa_error *err) {
    if (l->gradient) return JP_OK;
    int status = jp_gradient_open_heard(&l->gradient, l->file, l->threads, &l->ear, err);
    if (!status) jp_gradient_share(l->gradient, l->store);
    return status;
}

/* Everything deleted: the response after the token that begins a text, which is no part of the prompt. */
static int run_begun(jp_local *l, const jopa_gradient_request *rq, jopa_error *err) {
    jopa_gradient_request begun = *rq;
    begun.symbols = jp_local_begun(l, rq->symbols, &begun.n_symbols);
    if (!rq->n_symbols) begun.bias = begun.embedding = begun.d_bias = begun.d_embedding = NULL;
    return jp_gradient_run(l->gradient, &begun, err);
}

int jp_local_gradient(void *self, const jopa_gradient_request *rq, jopa_error *err) {
    jp_local *l = self;
    jp_local_listen(l, rq->stop);
    int status = open_gradient(l, err);
    if (!status) status = run_begun(l, rq, err);
    jp_local_end(l);
    return status;
}

int jp_local_attention(void *self, jopa_attention_request *rq, jopa_error *err) {
    jp_local *l = self;
    jp_local_listen(l, rq->stop);
    int status = open_gradient(l, err);
    if (!status) status = jp_gradient_attention(l->gradient, rq, err);
    jp_local_end(l);
    return status;
}
