#ifdef JOPA_ACCEL
#include "engine/accel/accel-store.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { LARGE_PAGE = 1 << 21, ARENA = 16 << 21 /* at least */, LANES = 4 };

/* Memory that weights are laid out in, one after the other. */
typedef struct arena {
    struct arena *next;
    char         *memory;
    size_t        size, used;
} arena;

typedef struct {
    uint64_t       hash[LANES]; /* of the content */
    int64_t        in, out;
    enum ggml_type type;
    bool           transposed;
} identity;

typedef struct entry {
    struct entry *next;
    identity      id;
    jp_packed     packed;
} entry;

struct jp_accel_store {
    entry *entries;
    arena *arenas; /* the last one first: there may be room left */
};

jp_accel_store *jp_accel_store_new(void) { return calloc(1, sizeof(jp_accel_store)); }

void jp_accel_store_free(jp_accel_store *s) {
    if (!s) return;
    for (entry *x = s->entries, *next; x; x = next) {
        next = x->next;
        free(x);
    }
    for (arena *a = s->arenas, *next; a; a = next) {
        next = a->next;
        free(a->memory);
        free(a);
    }
    free(s);
}

const struct ggml_tensor *jp_packed_original(const struct ggml_tensor *t) { return t->extra ? t->extra : t; }

void *jp_packed_pages(size_t wanted, size_t *size) {
    size_t whole = (wanted + LARGE_PAGE - 1) / LARGE_PAGE * LARGE_PAGE;
    void  *memory = aligned_alloc(LARGE_PAGE, whole);
    *size = memory ? whole : 0;
    if (memory) madvise(memory, whole, MADV_HUGEPAGE);
    return memory;
}

/* ---- who is who
 * --------------------------------------------------------------------------------------------------------- */

/* FNV-1a (Fowler, Noll, Vo) over words of 8 bytes, in LANES lanes that take turns. */
static void hash_content(const unsigned char *bytes, size_t n, uint64_t hash[LANES]) {
    const uint64_t prime = 0x100000001b3u;
    for (size_t lane = 0; lane < LANES; lane++) hash[lane] = 0xcbf29ce484222325u + lane;
    for (size_t at = 0; at < n; at += sizeof(uint64_t) * LANES)
        for (size_t lane = 0; lane < LANES; lane++) {
            uint64_t word = 0;
            size_t   from = at + lane * sizeof word;
            if (from < n) memcpy(&word, bytes + from, n - from < sizeof word ? n - from : sizeof word);
            hash[lane] = (hash[lane] ^ word) * prime;
            hash[lane] ^= hash[lane] >> 29;
        }
}

static identity identify(const struct ggml_tensor *t) {
    const struct ggml_tensor *original = jp_packed_original(t);
    identity                  id;
    memset(&id, 0, sizeof id); /* identities are compared as bytes */
    hash_content(original->data, ggml_nbytes(original), id.hash);
    id.in = t->ne[0];
    id.out = t->ne[1];
    id.type = original->type;
    id.transposed = t->extra != NULL;
    return id;
}

/* ---- laying out
 * ------------------------------------------------------------------------------------------------------------ */

/* Room for weights, or NULL. */
static void *reserve_store(jp_accel_store *s, size_t wanted) {
    wanted = (wanted + 63) / 64 * 64;
    if (!s->arenas || s->arenas->size - s->arenas->used < wanted) {
        arena *a = calloc(1, sizeof *a);
        if (a) a->memory = jp_packed_pages(wanted > ARENA ? wanted : ARENA, &a->size);
        if (!a || !a->memory) {
            free(a);
            return NULL;
        }
        a->next = s->arenas;
        s->arenas = a;
    }
    s->arenas->used += wanted;
    return s->arenas->memory + s->arenas->used - wanted;
}

static bool round_rows(const struct ggml_tensor *t, ggml_bf16_t *out, int threads) {
    int64_t               in = t->ne[0];
    const ggml_to_float_t to_float = ggml_get_type_traits(t->type)->to_float;
    bool                  fine = true;
#pragma omp parallel num_threads(threads) reduction(&& : fine)
    {
        float *row = malloc((size_t)in * sizeof *row);
        fine = row != NULL;
#pragma omp for
        for (int64_t r = 0; r < t->ne[1]; r++) {
            if (!row) continue;
            to_float((const char *)t->data + (size_t)r * t->nb[1], row, in);
            ggml_fp32_to_bf16_row(row, out + r * in, in);
        }
        free(row);
    }
    return fine;
}

bool jp_packed_describe(dnnl_memory_desc_t *out, int64_t a, int64_t b, dnnl_data_type_t type, dnnl_format_tag_t tag) {
    dnnl_dims_t shape = {a, b};
    return !dnnl_memory_desc_init_by_tag(out, 2, shape, type, tag);
}

/* What oneDNN likes best for many rows. */
static bool choose_layout(dnnl_engine_t engine, int64_t in, int64_t out, dnnl_memory_desc_t *layout) {
    enum { ROWS = 256 };
    dnnl_memory_desc_t    source, weights, target;
    dnnl_matmul_desc_t    d;
    dnnl_primitive_desc_t planned = NULL;
    if (!jp_packed_describe(&source, ROWS, in, dnnl_bf16, dnnl_ab) ||
        !jp_packed_describe(&weights, in, out, dnnl_bf16, dnnl_format_tag_any) ||
        !jp_packed_describe(&target, ROWS, out, dnnl_f32, dnnl_ab) ||
        dnnl_matmul_desc_init(&d, &source, &weights, NULL, &target) ||
        dnnl_primitive_desc_create(&planned, &d, NULL, engine, NULL))
        return false;
    const dnnl_memory_desc_t *found = dnnl_primitive_desc_query_md(planned, dnnl_query_weights_md, 0);
    if (found) *layout = *found;
    dnnl_primitive_desc_destroy(planned);
    return found != NULL;
}

static bool reorder(dnnl_engine_t engine, dnnl_stream_t stream, const dnnl_memory_desc_t *plain, void *rows,
                    const jp_packed *p) {
    dnnl_memory_t         from = NULL, to = NULL;
    dnnl_primitive_desc_t planned = NULL;
    dnnl_primitive_t      made = NULL;
    bool                  fine = !dnnl_memory_create(&from, plain, engine, rows) &&
                !dnnl_memory_create(&to, &p->layout, engine, p->data) &&
                !dnnl_reorder_primitive_desc_create(&planned, plain, engine, &p->layout, engine, NULL) &&
                !dnnl_primitive_create(&made, planned);
    dnnl_exec_arg_t arguments[] = {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}};
    fine = fine && !dnnl_primitive_execute(made, stream, 2, arguments) && !dnnl_stream_wait(stream);
    if (made) dnnl_primitive_destroy(made);
    if (planned) dnnl_primitive_desc_destroy(planned);
    if (from) dnnl_memory_destroy(from);
    if (to) dnnl_memory_destroy(to);
    return fine;
}

static bool pack(jp_accel_store *s, const struct ggml_tensor *t, const identity *id, dnnl_engine_t engine,
                 dnnl_stream_t stream, int threads, jp_packed *p) {
    dnnl_memory_desc_t plain;
    ggml_bf16_t       *rows = malloc((size_t)ggml_nelements(t) * sizeof *rows);
    bool fine = rows && jp_packed_describe(&plain, id->in, id->out, dnnl_bf16, id->transposed ? dnnl_ab : dnnl_ba) &&
                choose_layout(engine, id->in, id->out, &p->layout) &&
                (p->data = reserve_store(s, dnnl_memory_desc_get_size(&p->layout))) &&
                round_rows(jp_packed_original(t), rows, threads) && reorder(engine, stream, &plain, rows, p);
    free(rows);
    return fine;
}

const jp_packed *jp_packed_get(jp_accel_store *s, const struct ggml_tensor *t, dnnl_engine_t engine,
                               dnnl_stream_t stream, int threads) {
    identity id = identify(t);
    entry   *x = s->entries;
    while (x && memcmp(&x->id, &id, sizeof id)) x = x->next;
    if (x) return &x->packed;
    x = calloc(1, sizeof *x);
    if (!x || !pack(s, t, &id, engine, stream, threads, &x->packed)) {
        free(x);
        return NULL;
    }
    x->id = id;
    x->next = s->entries;
    s->entries = x;
    return &x->packed;
}
#else
#include "engine/accel/accel.h"

jp_accel_store *jp_accel_store_new(void) { return NULL; }
void            jp_accel_store_free(jp_accel_store *s) { (void)s; }
#endif
