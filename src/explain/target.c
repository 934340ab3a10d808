#include "explain/target.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/excerpt.h"
#include "base/nearest.h"
#include "prompt/boundary.h"

typedef struct {
    const char *response;
    size_t      from, size;
    jp_target  *targets;
    int         n;
} finding;

static int add_target(finding *f, jp_range bytes, char *name, jopa_error *e) {
    jp_target *larger = realloc(f->targets, (size_t)(f->n + 1) * sizeof *larger);
    if (larger) f->targets = larger;
    if (!larger || !name) {
        free(name);
        return jp_fail_memory(e);
    }
    f->targets[f->n++] = (jp_target){.bytes = bytes, .name = name};
    return JP_OK;
}

/* ---- texts ---------------------------------------------------------------------------------------------------------
 */

/* The occurrence `number` of text[size], from 1; NULL: there are fewer, *count. */
static const char *find_occurrence(const finding *f, const char *text, size_t size, int number, int *count) {
    const char *at = f->response + f->from, *end = f->response + f->size;
    *count = 0;
    for (; size && (size_t)(end - at) >= size; at++)
        if (!memcmp(at, text, size) && ++*count == number) return at;
    return NULL;
}

/* The stretch of the response's words that is nearest to the text and has as many; size 0: none is near. */
static jp_range nearest_words(const finding *f, const char *text, size_t size, jopa_error *e) {
    jp_range *mine = NULL, *words = NULL, best = {0, 0};
    int       m = 0, n = 0, least = jp_edit_limit(size);
    int       status = jp_boundary_find(JP_UNIT_WORD, text, (jp_range){0, size}, &mine, &m, e);
    char     *wanted = strndup(text, size);
    if (!status) status = jp_boundary_find(JP_UNIT_WORD, f->response, (jp_range){f->from, f->size}, &words, &n, e);
    for (int i = 0; i + m <= n && m && wanted && !status; i++) {
        jp_range range = jp_boundary_trim(f->response, (jp_range){words[i].start, words[i + m - 1].end});
        char    *there = strndup(f->response + range.start, range.end - range.start);
        int      distance = there ? jp_edit_distance(wanted, there) : INT_MAX;
        free(there);
        if (distance >= least) continue;
        least = distance;
        best = range;
    }
    free(wanted);
    free(mine);
    free(words);
    return best;
}

static int refuse_target_text(const finding *f, const jp_target_wish *w, int count, jopa_error *e) {
    jopa_error ignored = {0};
    if (count)
        return jp_fail(e, JOPA_ERROR_USAGE, "`target` %s: the text occurs %d time%s in the response",
                       jp_excerpt(w->given, 100).text, count, count == 1 ? "" : "s");
    jp_range near = nearest_words(f, w->text, w->size, &ignored);
    if (near.end > near.start)
        return jp_fail(e, JOPA_ERROR_USAGE, "`target` %s: the response has no such text; did you mean '%.*s'?",
                       jp_excerpt(w->given, 100).text, (int)(near.end - near.start), f->response + near.start);
    return jp_fail(e, JOPA_ERROR_USAGE, "`target` %s: the response has no such text; it begins with '%s'",
                   jp_excerpt(w->given, 100).text, jp_excerpt_of(f->response + f->from, f->size - f->from, 60).text);
}

/* What stands in the response as it was written is meant so, a number behind it included. */
static int find_text_target(finding *f, const jp_target_wish *w, jopa_error *e) {
    size_t      size = strlen(w->text);
    int         count;
    const char *at = find_occurrence(f, w->text, size, 1, &count);
    if (!at) at = find_occurrence(f, w->text, size = w->size, w->number, &count);
    if (!at) return refuse_target_text(f, w, count, e);
    size_t start = (size_t)(at - f->response);
    return add_target(f, (jp_range){start, start + size}, strdup(w->given), e);
}

/* ---- sentences -----------------------------------------------------------------------------------------------------
 */

static char *name_sentence(int number) {
    jp_buffer name = {0};
    jp_buffer_format(&name, "sentence:%d", number);
    return jp_buffer_take(&name, NULL);
}

static int find_sentences(finding *f, const jp_target_wish *w, jopa_error *e) {
    bool      all = w->kind == JP_TARGET_SENTENCES;
    jp_range *sentences = NULL;
    int       n = 0,
        status = jp_boundary_find(JP_UNIT_SENTENCE, f->response, (jp_range){f->from, f->size}, &sentences, &n, e);
    if (!status && (all ? !n : w->number > n))
        status = jp_fail(e, JOPA_ERROR_USAGE, "`target` %s: the response has %d sentence%s",
                         jp_excerpt(w->given, 100).text, n, n == 1 ? "" : "s");
    for (int i = all ? 0 : w->number - 1; i < (all ? n : w->number) && !status; i++)
        status = add_target(f, jp_boundary_trim(f->response, sentences[i]), name_sentence(i + 1), e);
    free(sentences);
    return status;
}

/* ---- all of them ---------------------------------------------------------------------------------------------------
 */

static int find_one(finding *f, const jp_target_wish *w, jopa_error *e) {
    switch (w->kind) {
    case JP_TARGET_BYTES: return add_target(f, (jp_range){w->start, w->end}, strdup(w->given), e);
    case JP_TARGET_TEXT: return find_text_target(f, w, e);
    case JP_TARGET_SENTENCE:
    case JP_TARGET_SENTENCES: break;
    }
    return find_sentences(f, w, e);
}

/* All of the response; its name is NULL. */
static int find_whole(finding *f, jopa_error *e) {
    f->targets = calloc(1, sizeof *f->targets);
    if (!f->targets) return jp_fail_memory(e);
    f->targets[f->n++].bytes = (jp_range){f->from, f->size};
    return JP_OK;
}

int jp_targets_find(jp_target **out, int *n, const jp_question *q, const char *response, size_t from, jopa_error *e) {
    finding f = {.response = response, .from = from, .size = strlen(response)};
    int     status = q->n_targets ? JP_OK : find_whole(&f, e);
    for (int i = 0; i < q->n_targets && !status; i++) status = find_one(&f, &q->targets[i], e);
    if (status) {
        jp_targets_free(f.targets, f.n);
        return status;
    }
    *out = f.targets;
    *n = f.n;
    return JP_OK;
}

void jp_targets_free(jp_target *targets, int n) {
    for (int i = 0; i < n; i++) free(targets[i].name);
    free(targets);
}
