#include "engine/llama-local.h"

bool jp_local_has_gradient(const jp_local *l) { (void)l; return false; }
int jp_local_gradient(jp_engine *e, const jp_gradient_request *rq, jopa_error *err) {
    (void)e, (void)rq;
    return jp_fail(err, JOPA_ERROR_UNSUPPORTED, "no gradients for this model");
}
int jp_local_attention(jp_engine *e, jp_attention_request *rq, jopa_error *err) {
    (void)e, (void)rq;
    return jp_fail(err, JOPA_ERROR_UNSUPPORTED, "no attention for this model");
}
void jp_local_gradient_free(void *gradient) { (void)gradient; }
