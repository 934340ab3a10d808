#include <fcntl.h>
#include <ggml.h>
#include <gguf.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/accel/accel.h"
#include "engine/llama/llama-local.h"
#include "prompt/mask.h"

/* The token embedding matrix as the file holds it: n_vocab rows of n_embd numbers in some ggml type. */
struct jp_embedding_table {
    void          *map;
    size_t         map_size;
    const char    *rows;
    size_t         row_size;
    enum ggml_type type;
    int64_t        n_embd, n_vocab;
    float         *mean;           /* [n_embd] lazily */
    float          scale;          /* what libllama multiplies looked-up rows with, but not rows that it is given */
    bool           tried, differs; /* rows against tokens; and no scale makes them the same */
};

void jp_embedding_table_free(jp_embedding_table *t) {
    if (!t) return;
    if (t->map) munmap(t->map, t->map_size);
    free(t->mean);
    free(t);
}

static bool map_file_input(jp_embedding_table *t, const char *file) {
    int         fd = open(file, O_RDONLY | O_CLOEXEC);
    struct stat info;
    if (fd < 0 || fstat(fd, &info)) {
        if (fd >= 0) close(fd);
        return false;
    }
    t->map_size = (size_t)info.st_size;
    t->map = mmap(NULL, t->map_size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (t->map == MAP_FAILED) t->map = NULL;
    return t->map != NULL;
}

static bool locate_input(jp_embedding_table *t, const struct gguf_context *gguf, const struct ggml_context *meta) {
    const struct ggml_tensor *tensor = ggml_get_tensor((struct ggml_context *)(uintptr_t)meta, "token_embd.weight");
    int64_t                   index = gguf_find_tensor(gguf, "token_embd.weight");
    if (!tensor || index < 0) return false;
    size_t offset = gguf_get_data_offset(gguf) + gguf_get_tensor_offset(gguf, index);
    t->type = tensor->type;
    t->n_embd = tensor->ne[0];
    t->n_vocab = tensor->ne[1];
    t->row_size = ggml_row_size(t->type, t->n_embd);
    t->rows = (const char *)t->map + offset;
    return offset + (size_t)t->n_vocab * t->row_size <= t->map_size &&
           (t->type == GGML_TYPE_F32 || ggml_get_type_traits(t->type)->to_float);
}

static int open_table_input(jp_local *l, jopa_error *err) {
    jp_embedding_table *t = calloc(1, sizeof *t);
    if (!t) return jp_fail_memory(err);
    struct ggml_context *meta = NULL;
    struct gguf_context *gguf = gguf_init_from_file(l->file, (struct gguf_init_params){.no_alloc = true, .ctx = &meta});
    bool                 found = gguf && map_file_input(t, l->file) && locate_input(t, gguf, meta);
    gguf_free(gguf);
    ggml_free(meta);
    if (!found || t->n_embd != llama_model_n_embd_inp(l->model)) {
        jp_embedding_table_free(t);
        return jp_fail(err, JOPA_ERROR_UNSUPPORTED,
                       "the token embeddings of this model cannot be read from its first file: use `operator` delete "
                       "or token:TEXT");
    }
    t->scale = 1;
    l->table = t;
    return JP_OK;
}

static void read_row_input(const jp_embedding_table *t, int64_t id, float *out) {
    const char *row = t->rows + (size_t)id * t->row_size;
    if (t->type == GGML_TYPE_F32) memcpy(out, row, (size_t)t->n_embd * sizeof *out);
    else ggml_get_type_traits(t->type)->to_float(row, out, t->n_embd);
}

/* Mean row of the table (unscaled): two passes are not needed, doubles carry the sum. */
static int compute_mean(jp_embedding_table *t, jopa_error *err) {
    double *total = calloc((size_t)t->n_embd, sizeof *total);
    float  *row = malloc((size_t)t->n_embd * sizeof *row);
    t->mean = malloc((size_t)t->n_embd * sizeof *t->mean);
    if (!total || !row || !t->mean) {
        free(total);
        free(row);
        return jp_fail_memory(err);
    }
    for (int64_t id = 0; id < t->n_vocab; id++) {
        read_row_input(t, id, row);
        for (int64_t j = 0; j < t->n_embd; j++) total[j] += (double)row[j];
    }
    for (int64_t j = 0; j < t->n_embd; j++) t->mean[j] = (float)(total[j] / (double)t->n_vocab);
    free(total);
    free(row);
    return JP_OK;
}

int jp_local_read_rows(jp_local *l, const int32_t *symbols, int n, float *out, jopa_error *err) {
    int status = l->table ? JP_OK : open_table_input(l, err);
    for (int i = 0; i < n && !status; i++) {
        jp_embedding_table *t = l->table;
        float              *row = out + (size_t)i * (size_t)t->n_embd;
        if (symbols[i] == JP_SYMBOL_MEAN && !t->mean) status = compute_mean(t, err);
        if (status) break;
        if (symbols[i] >= 0) read_row_input(t, symbols[i], row);
        else if (symbols[i] == JP_SYMBOL_MEAN) memcpy(row, t->mean, (size_t)t->n_embd * sizeof *row);
        else memset(row, 0, (size_t)t->n_embd * sizeof *row);
        for (int64_t j = 0; t->scale != 1 && j < t->n_embd; j++) row[j] *= t->scale;
    }
    return status;
}

int jp_local_embedding_rows(void *self, const int32_t *symbols, int n, float *out, jopa_error *err) {
    jp_local *l = self;
    int       status = l->context ? JP_OK : jp_local_reserve(l, n, NULL, err);
    if (!status) status = jp_local_check_input(l, symbols, n, err);
    return status ? status : jp_local_read_rows(l, symbols, n, out, err);
}

/* ---- rows against tokens --------------------------------------------------------------------------------------- */

enum { PROBE = 4 }; /* tokens */

/* Logits after the tokens, fed as ids or as rows of embeddings. */
static int probe(jp_local *l, const int32_t *ids, float *rows, float *logits, jopa_error *err) {
    struct llama_batch batch = l->tokens;
    batch.n_tokens = PROBE;
    for (int i = 0; i < PROBE; i++) {
        batch.token[i] = ids[i];
        batch.pos[i] = i;
        batch.n_seq_id[i] = 1;
        batch.seq_id[i] = l->row_ids;
        batch.logits[i] = i == PROBE - 1;
    }
    if (rows) {
        batch.token = NULL;
        batch.embd = rows;
    }
    jp_accel_begin(l->store, 2, 2);
    int code = llama_decode(l->context, batch);
    jp_accel_end();
    int status = jp_local_decoded(l, code, err);
    if (!status)
        memcpy(logits, llama_get_logits_ith(l->context, PROBE - 1),
               (size_t)llama_vocab_n_tokens(l->vocab) * sizeof *logits);
    jp_local_clear_rows(l, 1);
    return status;
}

/* How far two sets of logits are apart, of how far they are spread; a shift of all makes no difference. */
static double distance(const float *a, const float *b, int n) {
    double mean_a = 0, mean_b = 0, apart = 0, spread = 0;
    for (int i = 0; i < n; i++) {
        mean_a += (double)a[i] / n;
        mean_b += (double)b[i] / n;
    }
    for (int i = 0; i < n; i++) {
        double x = (double)a[i] - mean_a, y = (double)b[i] - mean_b;
        apart += (x - y) * (x - y);
        spread += x * x;
    }
    return spread > 0 ? sqrt(apart / spread) : apart > 0 ? INFINITY : 0;
}

/* The scale at which rows do what their tokens do: families such as Gemma 3 scale the embeddings of tokens, but take
 * rows as they are. Others look up more than an embedding by the token's id (Gemma 3n, 4): none will do. */
static int find_scale(jp_local *l, const int32_t *ids, float *rows, float *by_id, float *by_row, jopa_error *err) {
    static const double LEAST = 0.05; /* of the logits' spread: rounding is a tenth of it, what is lost more */
    jp_embedding_table *t = l->table;
    const float         scales[] = {1, sqrtf((float)t->n_embd)};
    int                 status = probe(l, ids, NULL, by_id, err);
    t->differs = true;
    for (size_t i = 0; i < sizeof scales / sizeof *scales && t->differs && !status; i++) {
        t->scale = scales[i];
        status = jp_local_read_rows(l, ids, PROBE, rows, err);
        if (!status) status = probe(l, ids, rows, by_row, err);
        if (!status) t->differs = !(distance(by_id, by_row, llama_vocab_n_tokens(l->vocab)) < LEAST);
    }
    t->tried = !status;
    t->differs = t->differs && !status; /* what was cut short tells nothing */
    return status;
}

static int try_rows(jp_local *l, const int32_t *symbols, int n, jopa_error *err) {
    int     vocabulary = llama_vocab_n_tokens(l->vocab), found = 0;
    int32_t ids[PROBE];
    for (int i = 0; i < n && found < PROBE; i++)
        if (symbols[i] >= 0) ids[found++] = symbols[i];
    for (; found < PROBE; found++) ids[found] = (int32_t)((found + 1) * (int64_t)vocabulary / (PROBE + 1));
    float *rows = malloc((size_t)PROBE * (size_t)l->table->n_embd * sizeof *rows),
          *logits = malloc(2 * (size_t)vocabulary * sizeof *logits);
    int status = rows && logits ? find_scale(l, ids, rows, logits, logits + vocabulary, err) : jp_fail_memory(err);
    free(rows);
    free(logits);
    return status;
}

int jp_local_check_input(jp_local *l, const int32_t *symbols, int n, jopa_error *err) {
    int status = l->table ? JP_OK : open_table_input(l, err);
    if (!status && !l->table->tried) status = try_rows(l, symbols, n, err);
    if (!status && l->table->differs)
        status = jp_fail(err, JOPA_ERROR_UNSUPPORTED,
                         "this model looks up more for a token than its embedding, which the operators zero and mean "
                         "would lose: use `operator` delete or token:TEXT");
    return status;
}

bool jp_local_takes_rows(const jp_local *l) { return !l->table || !l->table->differs; }
