/* To add a method: write NAME.c with one jp_method and add it to both lists here. */
#include <string.h>

#include "method/method.h"

extern const jp_method jp_method_jopa, jp_method_jopa_nograd, jp_method_jopa_noprob, jp_method_random,
    jp_method_ablation, jp_method_greedy, jp_method_exhaustive, jp_method_lime, jp_method_kernelshap, jp_method_self,
    jp_method_gradient, jp_method_gradient_input, jp_method_integrated_gradients, jp_method_attention_gradient,
    jp_method_attention;

static const jp_method *const METHODS[] = {
    &jp_method_jopa,
    &jp_method_jopa_nograd,
    &jp_method_jopa_noprob,
    &jp_method_random,
    &jp_method_ablation,
    &jp_method_greedy,
    &jp_method_exhaustive,
    &jp_method_lime,
    &jp_method_kernelshap,
    &jp_method_self,
    &jp_method_gradient,
    &jp_method_gradient_input,
    &jp_method_integrated_gradients,
    &jp_method_attention_gradient,
    &jp_method_attention,
};

const jp_method *jp_method_at(int index) {
    return index >= 0 && index < (int)(sizeof METHODS / sizeof *METHODS) ? METHODS[index] : NULL;
}

const jp_method *jp_method_find(const char *name) {
    const jp_method *m;
    for (int i = 0; (m = jp_method_at(i)); i++)
        if (!strcmp(m->name, name)) return m;
    return NULL;
}
