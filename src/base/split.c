#include "base/split.h"

#include <stdlib.h>
#include <string.h>

int jp_split(jp_parts *out, const char *list, jopa_error *e) {
    int n = *list ? 1 : 0;
    for (const char *p = list; *p; p++) n += *p == ',';
    jp_parts made = {.at = malloc((size_t)(n + 1) * sizeof *made.at), .memory = strdup(list)};
    if (!made.at || !made.memory) {
        jp_parts_free(&made);
        return jp_fail_memory(e);
    }
    for (char *at = made.memory; made.n < n; at++) {
        made.at[made.n++] = at;
        at += strcspn(at, ",");
        *at = '\0';
    }
    *out = made;
    return JP_OK;
}

void jp_parts_free(jp_parts *p) {
    free(p->at);
    free(p->memory);
    *p = (jp_parts){0};
}
