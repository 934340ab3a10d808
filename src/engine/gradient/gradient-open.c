#include <stdlib.h>
#include <string.h>

#include "engine/gradient/gradient-model.h"
#include "engine/threads.h"

/* ggml's CPU backend is asked for by its registry alone: it may be one of several, chosen for this processor, whose
 * functions have no names here. */
static void *find_cpu_function(const char *name) {
    ggml_backend_dev_t cpu = ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU);
    return cpu ? ggml_backend_reg_get_proc_address(ggml_backend_dev_backend_reg(cpu), name) : NULL;
}

static bool cpu_has(const char *feature) {
    ggml_backend_dev_t          cpu = ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU);
    ggml_backend_get_features_t list =
        (ggml_backend_get_features_t)(uintptr_t)find_cpu_function("ggml_backend_get_features");
    for (struct ggml_backend_feature *f = list ? list(ggml_backend_dev_backend_reg(cpu)) : NULL; f && f->name; f++)
        if (!strcmp(f->name, feature)) return true;
    return false;
}

static void set_cpu_threads(ggml_backend_t cpu, int threads) {
    ggml_backend_set_n_threads_t set =
        (ggml_backend_set_n_threads_t)(uintptr_t)find_cpu_function("ggml_backend_set_n_threads");
    if (set) set(cpu, threads);
}

static void set_cpu_abort(ggml_backend_t cpu, jp_ear *ear) {
    ggml_backend_set_abort_callback_t set =
        (ggml_backend_set_abort_callback_t)(uintptr_t)find_cpu_function("ggml_backend_set_abort_callback");
    if (set) set(cpu, jp_hears_stop_callback, ear);
}

/* ggml's F32 and F16 product kernels want lengths that are multiples of their vectors. */
static int vector_length(void) { return cpu_has("AVX512") ? 16 : 8; }

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
    g->cpu = ggml_backend_init_by_type(GGML_BACKEND_DEVICE_TYPE_CPU, NULL);
    g->allocator = ggml_gallocr_new(ggml_backend_cpu_buffer_type());
    g->pad = vector_length();
    int status = g->cpu && g->allocator ? jp_gradient_model_load(g, file, e) : jp_fail_memory(e);
    if (!status) {
        set_cpu_threads(g->cpu, threads);
        g->ear = ear;
        if (ear) set_cpu_abort(g->cpu, ear);
        g->limits = limits ? *limits : default_limits(g);
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
