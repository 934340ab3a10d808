/* Weights in a faster type, in memory. CPUs compute in F16 what they would first have to unpack from most quantized
 * types, and scores no longer depend on how activations are rounded to 8 bits: two ways of computing the same f(S)
 * agree to about 1e-3 of it instead of 2e-2 (docs/speed.md). The copy is a GGUF in an anonymous memory file. */
#include <fcntl.h>
#include <ggml.h>
#include <gguf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/half.h"
#include "engine/llama/llama-local.h"

enum { MOST_BYTES = 1 << 30 }; /* of the copy: beyond it the file's own weights are used */

typedef struct {
    struct gguf_context *from, *to;
    struct ggml_context *tensors; /* the file's, without data */
    const char          *map;
    size_t               map_size;
    enum ggml_type       type;
    jp_ear              *ear;
} conversion;

static void conversion_free(conversion *c) {
    if (c->map) munmap((void *)(uintptr_t)c->map, c->map_size);
    gguf_free(c->from);
    gguf_free(c->to);
    ggml_free(c->tensors);
}

static bool is_slow(const struct ggml_tensor *t) {
    return ggml_n_dims(t) >= 2 && ggml_is_quantized(t->type) && ggml_get_type_traits(t->type)->to_float;
}

/* Whether there is something to convert, and the copy is small enough. A split model has no tensors of its own count.
 */
static bool worthwhile(const conversion *c) {
    size_t bytes = 0;
    bool   any = false;
    if (gguf_find_key(c->from, "split.count") >= 0) return false;
    for (struct ggml_tensor *t = ggml_get_first_tensor(c->tensors); t; t = ggml_get_next_tensor(c->tensors, t)) {
        any |= is_slow(t);
        bytes += is_slow(t) ? (size_t)ggml_nelements(t) * ggml_type_size(c->type) : ggml_nbytes(t);
    }
    return any && bytes <= MOST_BYTES;
}

static bool map_file_to_copy(conversion *c, const char *file) {
    int         fd = open(file, O_RDONLY | O_CLOEXEC);
    struct stat info;
    void       *map = MAP_FAILED;
    if (fd >= 0 && !fstat(fd, &info)) {
        c->map_size = (size_t)info.st_size;
        map = mmap(NULL, c->map_size, PROT_READ, MAP_PRIVATE, fd, 0);
    }
    if (fd >= 0) close(fd);
    if (map != MAP_FAILED) c->map = map;
    return c->map != NULL;
}

/* The header of the copy: the same keys, the same tensors, other types. */
static bool make_header(conversion *c) {
    c->to = gguf_init_empty();
    if (!c->to) return false;
    gguf_set_kv(c->to, c->from);
    for (int64_t i = 0; i < gguf_get_n_tensors(c->from); i++) {
        const char         *name = gguf_get_tensor_name(c->from, i);
        struct ggml_tensor *t = ggml_get_tensor(c->tensors, name);
        if (!t || gguf_get_data_offset(c->from) + gguf_get_tensor_offset(c->from, i) + ggml_nbytes(t) > c->map_size)
            return false;
        gguf_add_tensor(c->to, t);
        if (is_slow(t)) gguf_set_tensor_type(c->to, name, c->type);
    }
    return true;
}

static bool write_at(int fd, const void *data, size_t size, size_t at) {
    const char *from = data;
    while (size) {
        ssize_t written = pwrite(fd, from, size, (off_t)at);
        if (written <= 0) return false;
        from += written;
        at += (size_t)written;
        size -= (size_t)written;
    }
    return true;
}

/* Row by row through floats. */
static bool convert_tensor(const conversion *c, int fd, const struct ggml_tensor *t, const char *data, size_t at) {
    int64_t width = t->ne[0], rows = ggml_nrows(t);
    size_t  in = ggml_row_size(t->type, width), out = ggml_row_size(c->type, width);
    float  *row = malloc((size_t)width * sizeof *row);
    char   *all = malloc((size_t)rows * out);
    bool    fine = row && all;
    for (int64_t r = 0; r < rows && fine; r++) {
        fine = !jp_hears_stop(c->ear);
        ggml_get_type_traits(t->type)->to_float(data + (size_t)r * in, row, width);
        if (c->type == GGML_TYPE_F16) jp_to_halves(row, (uint16_t *)(void *)(all + (size_t)r * out), width);
        else memcpy(all + (size_t)r * out, row, out);
    }
    fine = fine && !jp_hears_stop(c->ear) && write_at(fd, all, (size_t)rows * out, at);
    free(row);
    free(all);
    return fine;
}

static bool write_copy(const conversion *c, int fd) {
    size_t size = gguf_get_meta_size(c->to);
    void  *header = malloc(size);
    if (!header) return false;
    gguf_get_meta_data(c->to, header);
    bool fine = write_at(fd, header, size, 0);
    free(header);
    size_t end = size;
    for (int64_t i = 0; i < gguf_get_n_tensors(c->from) && fine; i++) {
        const struct ggml_tensor *t = ggml_get_tensor(c->tensors, gguf_get_tensor_name(c->from, i));
        const char               *data = c->map + gguf_get_data_offset(c->from) + gguf_get_tensor_offset(c->from, i);
        size_t                    at = size + gguf_get_tensor_offset(c->to, i);
        c->ear->fraction = (double)i / (double)gguf_get_n_tensors(c->from);
        fine = is_slow(t) ? convert_tensor(c, fd, t, data, at) : write_at(fd, data, ggml_nbytes(t), at);
        end = at + (is_slow(t) ? (size_t)ggml_nelements(t) * ggml_type_size(c->type) : ggml_nbytes(t));
    }
    return fine && !ftruncate(fd, (off_t)((end + 31) / 32 * 32));
}

FILE *jp_local_faster_weights(const char *file, int type, jp_ear *ear) {
    conversion c = {.type = (enum ggml_type)type, .ear = ear};
    c.from = gguf_init_from_file(file, (struct gguf_init_params){.no_alloc = true, .ctx = &c.tensors});
    int   fd = c.from && worthwhile(&c) && map_file_to_copy(&c, file) && make_header(&c)
                   ? memfd_create("jopa-weights", MFD_CLOEXEC)
                   : -1;
    bool  fine = fd >= 0 && write_copy(&c, fd);
    FILE *copy = fine && !lseek(fd, 0, SEEK_SET) ? fdopen(fd, "rb") : NULL;
    if (fd >= 0 && !copy) close(fd);
    conversion_free(&c);
    return copy;
}
