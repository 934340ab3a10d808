/* What the command reads: a chat, and lines of questions, as files with any marks and line ends. */
#include "fuzz.h"

#include <jopa.h>
#include <stdarg.h>
#include <unistd.h>

#include "data.h"
#include "messages.h"

int fuzz_heard(FILE *f, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* In the place of fprintf in cli/say.c: one line, without what steers a terminal. */
int fuzz_heard(FILE *f, const char *format, ...) {
    char    line[20000];
    va_list args;
    (void)f;
    va_start(args, format);
    int size = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    CHECK(size > 0 && line[size - 1] == '\n');
    for (int i = 0; i < size - 1; i++) CHECK((unsigned char)line[i] >= 0x20 && line[i] != 0x7f);
    return size;
}

static void read_chat(const char *path) {
    jopa_options *o = NULL;
    jopa_error    e = {0};
    CHECK(!jopa_options_new(&o, "explain", &e));
    if (messages_read(path, o) < 0) (void)jopa_options_check(o, &e);
    jopa_options_free(o);
}

static void read_questions(const char *path) {
    data         *d = NULL;
    jopa_options *o = NULL, *asked = NULL;
    jopa_error    e = {0};
    CHECK(!jopa_options_new(&o, "audit", &e));
    if (data_open(&d, path) < 0) {
        for (int more; (more = data_next(d, o, &asked)) != 0;) {
            if (more > 0) CHECK(jopa_options_given(asked, "id"));
            jopa_options_free(asked);
            asked = NULL;
        }
        data_close(d);
    }
    jopa_options_free(o);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    char path[64];
    snprintf(path, sizeof path, "/tmp/fuzz-messages-%d.json", (int)getpid());
    FILE *f = fopen(path, "wb");
    CHECK(f && fwrite(bytes, 1, size, f) == size && !fclose(f));
    read_chat(path);
    read_questions(path);
    unlink(path);
    return 0;
}
