/* Files of prompts and of results for bench: what cannot be used is told and left out, ids are told apart. */
#include "fuzz.h"

#include <unistd.h>

#include "bench/cases.h"
#include "bench/records.h"

static void hear(void *user, const char *line) {
    ++*(int *)user;
    CHECK(*line && !strchr(line, '\n'));
}

static void read_cases(const char *path) {
    jp_cases    c = {0};
    jopa_error  e = {0};
    int         told = 0;
    jp_warnings warn = {hear, &told};
    if (jp_cases_read(&c, path, NULL, &warn, &e)) CHECK(*e.message);
    for (int i = 0; i < c.n; i++) {
        CHECK(c.items[i].id && c.items[i].task && *c.items[i].prompt);
        for (int j = 0; j < i; j++) CHECK(strcmp(c.items[i].id, c.items[j].id));
    }
    CHECK(!jp_cases_thin(&c, 2, &e));
    jp_cases_free(&c);
}

static void read_results(const char *path) {
    jp_records r;
    jopa_error e = {0};
    if (jp_records_read(&r, path, &e)) CHECK(*e.message);
    else CHECK(r.whole <= r.size);
    jp_records_free(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char path[64];
    snprintf(path, sizeof path, "/tmp/fuzz-lines-%d.jsonl", (int)getpid());
    FILE *f = fopen(path, "wb");
    CHECK(f && fwrite(data, 1, size, f) == size && !fclose(f));
    read_cases(path);
    read_results(path);
    unlink(path);
    return 0;
}
