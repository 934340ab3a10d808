#include "report/footnotes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "report/label.h"

/* ---- numbers -------------------------------------------------------------------------------------------------------
 */

int jp_footnote_number(const jp_footnotes *f, const jp_result_source *s) {
    for (int i = 0; i < f->n; i++)
        if (f->at[i]->unit == s->unit) return i + 1;
    return 0;
}

bool jp_shows_citations(const jp_explanation *x) { return x->command && !strcmp(x->command, "cite"); }

int jp_footnotes_make(jp_footnotes *f, const jp_explanation *x, jopa_error *e) {
    size_t room = 1;
    for (int i = 0; i < x->n_citations; i++) room += (size_t)x->citations[i].n_sources;
    *f = (jp_footnotes){.at = calloc(room, sizeof *f->at)};
    if (!f->at) return jp_fail_memory(e);
    for (int i = 0; i < x->n_citations; i++)
        for (int j = 0; j < x->citations[i].n_sources; j++) {
            const jp_result_source *s = &x->citations[i].sources[j];
            if (!jp_footnote_number(f, s)) f->at[f->n++] = s;
        }
    return JP_OK;
}

void jp_footnotes_free(jp_footnotes *f) {
    free(f->at);
    *f = (jp_footnotes){0};
}

/* ---- words ---------------------------------------------------------------------------------------------------------
 */

void jp_put_document_name(jp_buffer *out, const jp_result_source *s) {
    if (s->document_title && *s->document_title) jp_buffer_text(out, s->document_title);
    else jp_buffer_format(out, "document %d", s->document_index + 1);
}

static int count_documents(const jp_footnotes *f) {
    int n = 0;
    for (int i = 0; i < f->n; i++) {
        bool known = false;
        for (int j = 0; j < i; j++) known |= f->at[j]->document_index == f->at[i]->document_index;
        n += !known;
    }
    return n;
}

void jp_put_citing_finding(jp_buffer *out, const jp_explanation *x, const jp_footnotes *f) {
    int from = 0, n = x->n_citations, documents = count_documents(f);
    for (int i = 0; i < n; i++) from += x->citations[i].from_documents;
    if (!from) {
        jp_buffer_text(out, "Nothing in the answer comes from the documents.");
        return;
    }
    if (n == 1) jp_buffer_text(out, "The answer comes from ");
    else if (from == n) jp_buffer_format(out, "All %d parts of the answer come from ", n);
    else jp_buffer_format(out, "%d of the %d parts of the answer %s from ", from, n, from == 1 ? "comes" : "come");
    jp_buffer_format(out, "%d %s%s of %d %s", f->n, x->unit ? x->unit : "part", f->n == 1 ? "" : "s", documents,
                     documents == 1 ? "document." : "documents.");
}

void jp_put_unsupported(jp_buffer *out, const jp_result_citation *c) {
    int tokens = c->last - c->first;
    jp_put_quoted(out, c->text, 0, strlen(c->text), 200);
    if (!isfinite(c->documents_drop) || tokens <= 0) return;
    jp_buffer_text(out, ": with all documents hidden it ");
    jp_put_change(out, "", c->documents_drop / tokens);
    jp_buffer_text(out, " nats per token");
    if (isfinite(c->covered)) jp_buffer_text(out, ", spread over many of their parts");
}

/* ---- the answer ----------------------------------------------------------------------------------------------------
 */

/* The next statement that begins at `from` or later. */
static const jp_result_citation *next_statement(const jp_explanation *x, size_t from) {
    const jp_result_citation *next = NULL;
    for (int i = 0; i < x->n_citations; i++) {
        const jp_result_citation *c = &x->citations[i];
        if (c->start < from || c->end <= c->start) continue;
        if (!next || c->start < next->start) next = c;
    }
    return next;
}

void jp_each_statement(const jp_explanation *x, jp_answer_visit visit, void *user) {
    const char *text = x->response_text;
    size_t      at = 0;
    for (const jp_result_citation *c; (c = next_statement(x, at)) != NULL; at = c->end) {
        if (c->start > at) visit(user, text + at, c->start - at, NULL);
        visit(user, text + c->start, c->end - c->start, c);
    }
    if (text[at]) visit(user, text + at, strlen(text + at), NULL);
}
