/* What `jopa cite` reads: documents as lines of JSON, an array, or a text, by the first byte; and where they then
 * stand. */
#include "fuzz.h"

#include <jopa.h>
#include <stdarg.h>
#include <unistd.h>

#include "documents.h"
#include "prompt/boundary.h"
#include "prompt/documents.h"

int fuzz_heard(FILE *f, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* In the place of fprintf in cli/say.c. */
int fuzz_heard(FILE *f, const char *format, ...) {
    char    line[20000];
    va_list args;
    (void)f;
    va_start(args, format);
    int size = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    CHECK(size > 0 && strchr(line, '\n') == line + size - 1);
    return size;
}

/* Put before a question each of them is found there again, in order, without what is white space at its ends. */
static void place_documents(const char *json) {
    jp_documents d = {0};
    jopa_error   e = {0};
    bool         inside = false;
    if (!jp_documents_read(&d, &json, 1, &e)) {
        char       *asked = jp_documents_before(&d, "who?", 0);
        jp_span     span = {.message = 0};
        const char *contents[] = {asked};
        CHECK(asked);
        span.end = strlen(asked);
        jp_prompt p = {.text = asked, .size = span.end, .spans = &span, .n_spans = 1};
        CHECK(!jp_documents_find(&d, contents, 1, &inside, &e) && inside);
        CHECK(!jp_documents_place(&d, &p, &e));
        for (int i = 0; i < d.n; i++) {
            const jp_document *one = &d.at[i];
            size_t             size = one->core.end - one->core.start;
            CHECK(size && one->core.end <= strlen(one->text) && one->place.end - one->place.start == size);
            CHECK(!memcmp(asked + one->place.start, one->text + one->core.start, size));
            CHECK(!i || one->place.start >= d.at[i - 1].place.end);
            CHECK(jp_documents_at(&d, one->place.start, one->place.end) == i);
            CHECK(jp_boundary_ink(one->text, one->core) ==
                  jp_boundary_ink(one->text, (jp_range){0, strlen(one->text)}));
        }
        free(asked);
    }
    jp_documents_free(&d);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    static const char *const ends[] = {".jsonl", ".json", ".txt"};
    char                     path[64];
    jopa_options            *o = NULL;
    jopa_error               e = {0};
    if (!size) return 0;
    snprintf(path, sizeof path, "/tmp/fuzz-documents-%d%s", (int)getpid(), ends[bytes[0] % 3]);
    FILE *f = fopen(path, "wb");
    CHECK(f && fwrite(bytes + 1, 1, size - 1, f) == size - 1 && !fclose(f));
    CHECK(!jopa_options_new(&o, "cite", &e) && !jopa_options_set(o, "documents", path, &e));
    CHECK(!jopa_options_set(o, "prompt", "who?", &e));
    if (documents_read(o) < 0) {
        place_documents(jopa_options_value(o, "documents", 0));
        CHECK(!jopa_options_value(o, "documents", 1)); /* one array of all */
        (void)jopa_options_check(o, &e);
    }
    jopa_options_free(o);
    unlink(path);
    return 0;
}
