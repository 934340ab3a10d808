/* What the targets share. Each reads one format that comes from outside; `make fuzz` runs them, fuzz/corpus/ keeps what
 * they found and `make test` replays it (replay.c). A target fails by CHECK, by a crash, or by a sanitizer. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(holds)                                                                  \
    do {                                                                              \
        if (!(holds)) {                                                               \
            fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #holds); \
            abort();                                                                  \
        }                                                                             \
    } while (0)

/* The input as malloc'd text, up to its first NUL. */
static inline char *fuzz_text(const uint8_t *data, size_t size) {
    char *text = malloc(size + 1);
    CHECK(text);
    if (size) memcpy(text, data, size);
    text[size] = '\0';
    return text;
}

/* The part before the next line end, cut off in place; *at moves behind it. "" past the end. */
static inline char *fuzz_line(char **at) {
    char *line = *at, *end = strchr(line, '\n');
    *at = end ? end + 1 : line + strlen(line);
    if (end) *end = '\0';
    return line;
}

#endif
