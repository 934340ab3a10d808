/* tiny_model FILE [NAME=VALUE...]: writes a random model of a few kilobytes (unit/tiny_gguf.h) for tests of the
 * command. Names: architecture, context, layers, seed, template and named (chat templates, the second called "short"),
 * fused (1: one matrix for queries, keys and values, of which there are no gradients), half (1: matrices in F16). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tiny_gguf.h"

static int set(tiny_gguf_options *o, const char *name, size_t size, const char *value) {
    if (!strncmp(name, "architecture", size)) o->architecture = value;
    else if (!strncmp(name, "context", size)) o->context = atoi(value);
    else if (!strncmp(name, "layers", size)) o->n_layer = atoi(value);
    else if (!strncmp(name, "fused", size)) o->fused_qkv = atoi(value);
    else if (!strncmp(name, "half", size)) o->type = o->embedding_type = atoi(value) ? GGML_TYPE_F16 : GGML_TYPE_F32;
    else if (!strncmp(name, "template", size)) o->chat_template = value;
    else if (!strncmp(name, "named", size)) o->named_template = value;
    else if (!strncmp(name, "seed", size)) o->seed = strtoull(value, NULL, 10);
    else return -1;
    return 0;
}

int main(int argc, char **argv) {
    tiny_gguf_options o = {0};
    for (int i = 2; i < argc; i++) {
        size_t size = strcspn(argv[i], "=");
        if (!argv[i][size] || set(&o, argv[i], size, argv[i] + size + 1))
            return fprintf(stderr, "tiny_model: %s?\n", argv[i]), 2;
    }
    if (argc < 2) return fputs("usage: tiny_model FILE [NAME=VALUE...]\n", stderr), 2;
    if (tiny_gguf_write(argv[1], &o)) return fprintf(stderr, "tiny_model: cannot write %s\n", argv[1]), 1;
    return 0;
}
