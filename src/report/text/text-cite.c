/* The text report of `cite`: the answer with the numbers of its sources, then the sources. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "report/flow.h"
#include "report/footnotes.h"
#include "report/label.h"
#include "report/text/text-parts.h"

enum { QUOTE = 400 };

typedef struct {
    jp_buffer    text;
    jp_footnotes notes;
} answer;

static void put_statement(void *user, const char *text, size_t size, const jp_result_citation *c) {
    answer *a = user;
    jp_buffer_bytes(&a->text, text, size);
    for (int i = 0; c && i < c->n_sources; i++)
        jp_buffer_format(&a->text, "[%d]", jp_footnote_number(&a->notes, &c->sources[i]));
    if (c && !c->from_documents) jp_buffer_text(&a->text, "[-]");
}

static int page_answer(jp_page *p, answer *a) {
    jp_page_heading(p, "ANSWER");
    int status = a->text.failed ? jp_fail_memory(p->e) : JP_OK;
    return status ? status : jp_page_paragraph(p, a->text.data ? a->text.data : "", JP_LOOK_PLAIN);
}

static int page_note(jp_page *p, const jp_result_source *s, int number) {
    char      label[32];
    jp_buffer t = {0};
    snprintf(label, sizeof label, "[%d]", number);
    jp_put_document_name(&t, s);
    jp_buffer_format(&t, ", characters %lld to %lld: ", (long long)s->start_char, (long long)s->end_char);
    jp_put_quoted(&t, s->cited_text, 0, strlen(s->cited_text), QUOTE);
    return jp_page_fact(p, label, &t);
}

static int page_sources(jp_page *p, const jp_explanation *x, const jp_footnotes *notes) {
    int status = JP_OK;
    if (notes->n) jp_page_heading(p, "SOURCES");
    for (int i = 0; i < notes->n && !status; i++) status = page_note(p, notes->at[i], i + 1);
    for (int i = 0, first = 1; i < x->n_citations && !status; i++) {
        jp_buffer t = {0};
        if (x->citations[i].from_documents) continue;
        if (first) jp_page_heading(p, "NOT FROM THE DOCUMENTS");
        first = 0;
        jp_put_unsupported(&t, &x->citations[i]);
        status = jp_page_fact(p, "[-]", &t);
    }
    return status;
}

/* What hiding a statement's sources costs it, and how much of what the documents carry that is. */
static int fact_statement(jp_page *p, const jp_result_citation *c, int number) {
    char      label[32];
    jp_buffer t = {0};
    if (!c->from_documents || !isfinite(c->drop)) return JP_OK;
    snprintf(label, sizeof label, "part %d", number);
    jp_put_figure(&t, c->drop);
    jp_buffer_format(&t, " nats once %s hidden, ", c->n_sources == 1 ? "its source is" : "its sources are");
    jp_put_figure(&t, c->documents_drop);
    jp_buffer_text(&t, " once all documents are; the sources carry ");
    jp_put_fixed(&t, 100 * c->covered, 0);
    jp_buffer_text(&t, " % of what the documents carry");
    return jp_page_fact(p, label, &t);
}

static int page_citations(jp_page *p, const jp_explanation *x, answer *a) {
    jp_buffer finding = {0};
    jp_put_citing_finding(&finding, x, &a->notes);
    int status = jp_page_finding(p, &finding);
    if (!status) status = page_answer(p, a);
    if (!status) status = page_sources(p, x, &a->notes);
    if (!status) jp_page_heading(p, "CITATIONS");
    for (int i = 0; i < x->n_citations && !status; i++) status = fact_statement(p, &x->citations[i], i + 1);
    return status ? status : jp_page_run(p, x);
}

int jp_text_cite(jp_page *p, const jp_explanation *x) {
    answer a = {{0}, {0}};
    int    status = jp_footnotes_make(&a.notes, x, p->e);
    if (!status) jp_each_statement(x, put_statement, &a);
    if (!status) status = page_citations(p, x, &a);
    jp_buffer_free(&a.text);
    jp_footnotes_free(&a.notes);
    return status;
}
