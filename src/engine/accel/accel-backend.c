/* ggml's side: one device of the kind that libllama adds to every context (GGML_BACKEND_DEVICE_TYPE_ACCEL). It reads
 * and writes the CPU's memory, so nothing is copied between the two. */
#include "engine/accel/accel.h"

#ifdef JOPA_ACCEL
#include <ggml-backend-impl.h>
#include <ggml-threading.h>
#include <stdlib.h>
#include <string.h>

static const char NAME[] = "jopa";

typedef struct {
    jp_products        *products;
    jp_attention_space *attention;
    int                 threads;
} state;

static _Thread_local struct {
    jp_accel_store *store;
    int             inputs, attention;
} prepared = {NULL, 2, 2};

void jp_accel_begin(jp_accel_store *store, int inputs, int attention) {
    prepared.store = store;
    prepared.inputs = inputs;
    prepared.attention = attention;
}

void jp_accel_end(void) { jp_accel_begin(NULL, 2, 2); }

/* ---- backend
 * ----------------------------------------------------------------------------------------------------------- */

static const char *backend_name(ggml_backend_t backend) {
    (void)backend;
    return NAME;
}

static void state_free(state *s) {
    if (!s) return;
    jp_products_free(s->products);
    jp_attention_space_free(s->attention);
    free(s);
}

static state *state_new(void) {
    state *s = calloc(1, sizeof *s);
    if (!s) return NULL;
    *s = (state){jp_products_new(), jp_attention_space_new(), 1};
    if (s->products && s->attention) return s;
    state_free(s);
    return NULL;
}

static void backend_free(ggml_backend_t backend) {
    state_free(backend->context);
    free(backend);
}

static bool computes_nothing(const struct ggml_tensor *node) {
    return node->op == GGML_OP_NONE || node->op == GGML_OP_RESHAPE || node->op == GGML_OP_VIEW ||
           node->op == GGML_OP_PERMUTE || node->op == GGML_OP_TRANSPOSE;
}

static enum ggml_status backend_compute(ggml_backend_t backend, struct ggml_cgraph *graph) {
    state *s = backend->context;
    jp_products_begin(s->products, prepared.store, prepared.inputs);
    for (int i = 0; i < ggml_graph_n_nodes(graph); i++) {
        struct ggml_tensor *node = ggml_graph_node(graph, i);
        if (!(node->flags & GGML_TENSOR_FLAG_COMPUTE) || computes_nothing(node) || ggml_is_empty(node))
            continue; /* empty: a batch without outputs */
        bool fine = node->op == GGML_OP_MUL_MAT ? jp_products_run(s->products, node, s->threads)
                                                : jp_attention_run(s->attention, node, s->threads, prepared.attention);
        if (!fine) return GGML_STATUS_FAILED;
    }
    return GGML_STATUS_SUCCESS;
}

/* ggml calls backend_compute for each part of a graph, this once before it. */
static void set_threads(ggml_backend_t backend, int threads) {
    state *s = backend->context;
    s->threads = threads > 0 ? threads : 1;
    jp_attention_begin(s->attention);
}

static ggml_backend_t open_backend(ggml_backend_dev_t device, const char *parameters) {
    (void)parameters;
    static const ggml_guid guid = {'j', 'o', 'p', 'a', '-', 'o', 'n', 'e', 'd', 'n', 'n', '-', 'b', 'f', '1', '6'};
    struct ggml_backend   *backend = calloc(1, sizeof *backend);
    state                 *s = backend ? state_new() : NULL;
    if (!s) {
        free(backend);
        return NULL;
    }
    backend->guid = (ggml_guid_t)(uintptr_t)&guid;
    backend->iface.get_name = backend_name;
    backend->iface.free = backend_free;
    backend->iface.graph_compute = backend_compute;
    backend->device = device;
    backend->context = s;
    return backend;
}

/* ---- device
 * ------------------------------------------------------------------------------------------------------------- */

static const char *device_name(ggml_backend_dev_t device) {
    (void)device;
    return NAME;
}

static const char *device_description(ggml_backend_dev_t device) {
    (void)device;
    return "attention of many sequences, matrix products in bfloat16";
}

static void device_memory(ggml_backend_dev_t device, size_t *free_bytes, size_t *total) {
    (void)device;
    *free_bytes = *total = 0;
}

static enum ggml_backend_dev_type device_type(ggml_backend_dev_t device) {
    (void)device;
    return GGML_BACKEND_DEVICE_TYPE_ACCEL;
}

static void device_properties(ggml_backend_dev_t device, struct ggml_backend_dev_props *properties) {
    *properties = (struct ggml_backend_dev_props){.name = NAME,
                                                  .description = device_description(device),
                                                  .type = GGML_BACKEND_DEVICE_TYPE_ACCEL,
                                                  .caps = {.buffer_from_host_ptr = true}};
}

static ggml_backend_buffer_type_t device_buffers(ggml_backend_dev_t device) {
    (void)device;
    return ggml_backend_cpu_buffer_type();
}

static ggml_backend_buffer_t device_buffer_from(ggml_backend_dev_t device, void *at, size_t size, size_t largest) {
    (void)device, (void)largest;
    return ggml_backend_cpu_buffer_from_ptr(at, size);
}

static bool device_computes(ggml_backend_dev_t device, const struct ggml_tensor *node) {
    (void)device;
    if (computes_nothing(node)) return true;
    if (node->op == GGML_OP_FLASH_ATTN_EXT) return jp_attention_takes(node);
    const struct ggml_backend_buffer *weights = node->op == GGML_OP_MUL_MAT ? node->src[0]->buffer : NULL;
    return weights && weights->usage == GGML_BACKEND_BUFFER_USAGE_WEIGHTS && ggml_backend_buft_is_host(weights->buft) &&
           jp_products_takes(node) && jp_products_useful();
}

static bool device_reads(ggml_backend_dev_t device, ggml_backend_buffer_type_t buffers) {
    (void)device;
    return ggml_backend_buft_is_host(buffers);
}

/* ---- what ggml is told
 * ----------------------------------------------------------------------------------------------------- */

static const char *registered_name(ggml_backend_reg_t reg) {
    (void)reg;
    return NAME;
}

static size_t device_count(ggml_backend_reg_t reg) {
    (void)reg;
    return 1;
}

static ggml_backend_dev_t device_at(ggml_backend_reg_t reg, size_t index);

static void *find_function(ggml_backend_reg_t reg, const char *name) {
    (void)reg;
    return strcmp(name, "ggml_backend_set_n_threads") ? NULL : (void *)(uintptr_t)set_threads;
}

static const struct ggml_backend_reg registration = {.api_version = GGML_BACKEND_API_VERSION,
                                                     .iface = {.get_name = registered_name,
                                                               .get_device_count = device_count,
                                                               .get_device = device_at,
                                                               .get_proc_address = find_function}};

static const struct ggml_backend_device only_device = {.iface = {.get_name = device_name,
                                                                 .get_description = device_description,
                                                                 .get_memory = device_memory,
                                                                 .get_type = device_type,
                                                                 .get_props = device_properties,
                                                                 .init_backend = open_backend,
                                                                 .get_buffer_type = device_buffers,
                                                                 .buffer_from_host_ptr = device_buffer_from,
                                                                 .supports_op = device_computes,
                                                                 .supports_buft = device_reads},
                                                       .reg = (ggml_backend_reg_t)(uintptr_t)&registration};

static ggml_backend_dev_t device_at(ggml_backend_reg_t reg, size_t index) {
    (void)reg, (void)index;
    return (ggml_backend_dev_t)(uintptr_t)&only_device;
}

unsigned jp_accel_register(void) {
    if (!jp_attention_kernel()) return 0;
    bool known = ggml_backend_reg_by_name(NAME) != NULL; /* ggml's own backends are registered by now */
    ggml_critical_section_start();
    for (size_t i = 0; i < ggml_backend_reg_count() && !known; i++)
        known = !strcmp(ggml_backend_reg_name(ggml_backend_reg_get(i)), NAME);
    if (!known) ggml_backend_register((ggml_backend_reg_t)(uintptr_t)&registration);
    ggml_critical_section_end();
    return JP_ACCEL_ATTENTION | (jp_products_useful() ? JP_ACCEL_PRODUCTS : 0);
}

ggml_backend_t jp_accel_open(int threads) {
    ggml_backend_t backend =
        jp_products_useful() ? open_backend((ggml_backend_dev_t)(uintptr_t)&only_device, NULL) : NULL;
    if (backend) set_threads(backend, threads);
    return backend;
}
#else
void jp_accel_begin(jp_accel_store *store, int inputs, int attention) { (void)store, (void)inputs, (void)attention; }
void jp_accel_end(void) {}

unsigned             jp_accel_register(void) { return 0; }
struct ggml_backend *jp_accel_open(int threads) {
    (void)threads;
    return NULL;
}
#endif
