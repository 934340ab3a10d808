/* Opening and freeing what computes gradients. */
#include <stdlib.h>

#include "engine/gradient/gradient-model.h"
#include "engine/threads.h"

/* ggml's F32 and F16 product kernels want lengths that are multiples of their vectors. */
static int vector_length(void) { return ggml_cpu_has_avx512() ? 16 : 8; }

int jp_gradient_open(jp_gradient **out, const char *file, int threads, bool exact, jopa_error *e) {
    return jp_gradient_open_within(out, file, threads, exact, NULL, e);
}

/* The bounds that gradient.h states. */
static jp_gradient_limits default_limits(const jp_gradient *g) {
    jp_gradient_limits l = {.copies = (size_t)768 << 20, .activations = (size_t)1 << 30, .scores = (size_t)64 << 20};
    if (g->map_size > l.copies) l.copies = g->map_size;
    return l;
}

static int open_with(jp_gradient **out, const char *file, int threads, bool exact, const jp_gradient_limits *limits,
                     jp_ear *ear, jopa_error *e) {
    jp_gradient *g = calloc(1, sizeof *g);
    if (!g) return jp_fail_memory(e);
    threads = jp_threads(threads);
    g->cpu = ggml_backend_cpu_init();
    g->allocator = ggml_gallocr_new(ggml_backend_cpu_buffer_type());
    g->pad = vector_length();
    int status = g->cpu && g->allocator ? jp_gradient_model_load(g, file, e) : jp_fail_memory(e);
    if (!status) {
        ggml_backend_cpu_set_n_threads(g->cpu, threads);
        g->limits = limits ? *limits : default_limits(g);
        g->ear = ear;
        if (ear) ggml_backend_cpu_set_abort_callback(g->cpu, jp_hears_stop_callback, ear);
        status = jp_gradient_copy_weights(g, exact, threads, e);
    }
    if (status) jp_gradient_free(g);
    else *out = g;
    return status;
}

int jp_gradient_open_within(jp_gradient **out, const char *file, int threads, bool exact,
                            const jp_gradient_limits *limits, jopa_error *e) {
    return open_with(out, file, threads, exact, limits, NULL, e);
}

int jp_gradient_open_heard(jp_gradient **out, const char *file, int threads, jp_ear *ear, jopa_error *e) {
    return open_with(out, file, threads, false, NULL, ear, e);
}

void jp_gradient_share(jp_gradient *g, struct jp_accel_store *store) { g->store = store; }

void jp_gradient_free(jp_gradient *g) {
    if (!g) return;
    jp_gradient_model_free(g);
    ggml_gallocr_free(g->allocator);
    ggml_backend_sched_free(g->sched);
    ggml_backend_free(g->accel);
    ggml_backend_free(g->cpu);
    free(g);
}

void jp_gradient_memory(const jp_gradient *g, size_t *copies, size_t *work) {
    *copies = g->copy_size;
    *work = g->work_size;
}
