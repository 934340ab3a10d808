/* metric_embeddings ENCODER: reads texts from standard input, a line "SIZE\n" and the bytes, and prints each one's
 * embedding on a line. */
#include <stdio.h>
#include <stdlib.h>

#include "engine/table.h"

static int print_embedding(jp_engine *encoder, size_t size, jopa_error *e) {
    char  *text = calloc(1, size + 1);
    float *vector = NULL;
    int    n = 0, left_out = 0, status = JOPA_ERROR_IO;
    if (text && fread(text, 1, size, stdin) == size)
        status = encoder->ops->embed(encoder, text, NULL, &vector, &n, &left_out, e);
    for (int i = 0; i < n; i++) printf("%.9g%c", (double)vector[i], i + 1 < n ? ' ' : '\n');
    free(vector);
    free(text);
    return status;
}

int main(int argc, char **argv) {
    jopa_error e = {0};
    jp_engine *encoder = NULL;
    size_t     size;
    int        status =
        argc == 2 ? jp_engine_open(&encoder, "local", &(jp_engine_options){.file = argv[1]}, &e) : JOPA_ERROR_USAGE;
    while (!status && scanf("%zu", &size) == 1 && getchar() == '\n') status = print_embedding(encoder, size, &e);
    if (status) fprintf(stderr, "%s\n", e.message);
    if (encoder) encoder->ops->destroy(encoder);
    return status != JP_OK;
}
