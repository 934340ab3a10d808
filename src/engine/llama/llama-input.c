#include <fcntl.h>
#include <ggml.h>
#include <gguf.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

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
    float         *mean; /* [n_embd] lazily */
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
    return offset <= t->map_size && (size_t)t->n_vocab <= (t->map_size - offset) / (t->row_size ? t->row_size : 1) &&
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
    int   status = l->table ? JP_OK : open_table_input(l, err);
    float scale = l->probe.scale;
    for (int i = 0; i < n && !status; i++) {
        jp_embedding_table *t = l->table;
        float              *row = out + (size_t)i * (size_t)t->n_embd;
        if (symbols[i] == JP_SYMBOL_MEAN && !t->mean) status = compute_mean(t, err);
        if (status) break;
        if (symbols[i] >= 0) read_row_input(t, symbols[i], row);
        else if (symbols[i] == JP_SYMBOL_MEAN) memcpy(row, t->mean, (size_t)t->n_embd * sizeof *row);
        else memset(row, 0, (size_t)t->n_embd * sizeof *row);
        for (int64_t j = 0; scale != 1 && j < t->n_embd; j++) row[j] *= scale;
    }
    return status;
}

int jp_local_embedding_rows(void *self, const int32_t *symbols, int n, float *out, jopa_error *err) {
    jp_local *l = self;
    int       status = l->context ? JP_OK : jp_local_reserve(l, n, NULL, err);
    if (!status) status = jp_local_check_input(l, symbols, n, err);
    return status ? status : jp_local_read_rows(l, symbols, n, out, err);
}
