#include "use/cite-fill.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

int jp_cite_fill_documents(jp_explanation *x, const jp_documents *d, jopa_error *e) {
    x->documents = calloc((size_t)d->n, sizeof *x->documents);
    if (!x->documents) return jp_fail_memory(e);
    for (int i = 0; i < d->n; i++) {
        jp_result_document *to = &x->documents[x->n_documents++];
        *to = (jp_result_document){.title = strdup(d->at[i].title),
                                   .message = d->at[i].message,
                                   .start = d->at[i].place.start,
                                   .end = d->at[i].place.end};
        if (!to->title) return jp_fail_memory(e);
    }
    return JP_OK;
}

static int64_t count_characters(const char *text, size_t size) {
    int64_t n = 0;
    for (size_t i = 0; i < size; i++) n += ((unsigned char)text[i] & 0xc0) != 0x80;
    return n;
}

/* A unit as people cite: characters of its document as it was given. */
static int fill_source(jp_result_source *to, const jp_explain_problem *p, const jp_documents *d, int unit,
                       jopa_error *e) {
    const jp_unit     *u = &p->prompt.units[unit];
    int                i = jp_documents_at(d, u->start, u->end);
    const jp_document *one = &d->at[i];
    size_t             start = u->start - one->place.start + one->core.start, size = u->end - u->start;
    *to = (jp_result_source){.type = strdup("char_location"),
                             .document_title = strdup(one->title),
                             .document_index = i,
                             .unit = unit,
                             .start_char = count_characters(one->text, start)};
    to->cited_text = jp_utf8_repair(one->text + start, size);
    to->end_char = to->start_char + count_characters(one->text + start, size);
    return to->type && to->document_title && to->cited_text ? JP_OK : jp_fail_memory(e);
}

/* Bytes that the first `size` of the response are in the result, which holds valid UTF-8. */
static int place_in_result(size_t *out, const char *written, size_t size, jopa_error *e) {
    char *before = jp_utf8_repair(written, size);
    if (!before) return jp_fail_memory(e);
    *out = strlen(before);
    free(before);
    return JP_OK;
}

int jp_cite_fill(jp_explanation *x, const jp_explain_problem *p, const jp_documents *d, const jp_target *target,
                 const jp_cited *found, jopa_error *e) {
    jp_result_citation *more = realloc(x->citations, (size_t)(x->n_citations + 1) * sizeof *more);
    int                 n = jp_bitset_count(&found->selected), status = JP_OK;
    jp_range            bytes = target->bytes;
    if (!more) return jp_fail_memory(e);
    x->citations = more;
    jp_result_citation *to = &more[x->n_citations++];
    *to = (jp_result_citation){.first = found->first,
                               .last = found->last,
                               .drop = found->drop,
                               .documents_drop = found->documents_drop,
                               .covered = found->covered,
                               .shown = found->shown,
                               .from_documents = found->from_documents};
    to->text = jp_utf8_repair(p->written + bytes.start, bytes.end - bytes.start);
    to->sources = calloc((size_t)n + 1, sizeof *to->sources);
    if (!to->text || !to->sources) return jp_fail_memory(e);
    status = place_in_result(&to->start, p->written, bytes.start, e);
    if (!status) status = place_in_result(&to->end, p->written, bytes.end, e);
    for (int u = jp_bitset_next(&found->selected, 0); u >= 0 && !status; u = jp_bitset_next(&found->selected, u + 1))
        status = fill_source(&to->sources[to->n_sources++], p, d, u, e);
    return status;
}
