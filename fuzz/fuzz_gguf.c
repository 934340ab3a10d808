/* A GGUF file as far as our own code reads it: whether gradients are possible, by its header, and where they are, a run
 * of a few tokens on it. What ggml's reader refuses is refused. */
#include "fuzz.h"

#include <unistd.h>

#include "engine/gradient/gradient.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char path[64], why[200] = "";
    if (size < 24 || memcmp(data, "GGUF", 4)) return 0;
    snprintf(path, sizeof path, "/tmp/fuzz-gguf-%d.gguf", (int)getpid());
    FILE *f = fopen(path, "wb");
    CHECK(f && fwrite(data, 1, size, f) == size && !fclose(f));
    if (!jp_gradient_covers(path, why, sizeof why)) CHECK(*why && !strchr(why, '\n'));
    else {
        jp_gradient *g = NULL;
        jopa_error   e = {0};
        if (jp_gradient_open(&g, path, 1, false, &e)) CHECK(*e.message);
        else jp_gradient_free(g);
    }
    unlink(path);
    return 0;
}
