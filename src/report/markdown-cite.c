/* The Markdown report of `cite`: the answer with footnotes' numbers, and the sources as a list. */
#include <math.h>
#include <string.h>

#include "base/number.h"
#include "report/footnotes.h"
#include "report/label.h"
#include "report/markdown-parts.h"
#include "report/plain.h"

typedef struct {
    jp_buffer   *out;
    jp_footnotes notes;
} answer;

static void put_statement_markdown(void *user, const char *text, size_t size, const jp_result_citation *c) {
    answer *a = user;
    jp_put_markdown(a->out, text, size, true);
    for (int i = 0; c && i < c->n_sources; i++)
        jp_buffer_format(a->out, "<sup>%d</sup>", jp_footnote_number(&a->notes, &c->sources[i]));
    if (c && !c->from_documents) jp_buffer_text(a->out, "<sup>–</sup>");
}

static void put_taken_markdown(jp_buffer *out, jp_buffer *text) {
    if (text->failed) out->failed = true;
    else if (text->data) jp_put_markdown(out, text->data, text->size, false);
    jp_buffer_free(text);
}

static void put_notes_markdown(jp_buffer *out, const jp_footnotes *notes) {
    for (int i = 0; i < notes->n; i++) {
        const jp_result_source *s = notes->at[i];
        jp_buffer               name = {0}, text = {0};
        jp_put_document_name(&name, s);
        jp_put_quoted(&text, s->cited_text, 0, strlen(s->cited_text), 400);
        jp_buffer_format(out, "%d. ", i + 1);
        put_taken_markdown(out, &name);
        jp_buffer_format(out, ", characters %lld to %lld: ", (long long)s->start_char, (long long)s->end_char);
        put_taken_markdown(out, &text);
        jp_buffer_text(out, "\n");
    }
    if (notes->n) jp_buffer_text(out, "\n");
}

static void put_unsupported_markdown(jp_buffer *out, const jp_explanation *x) {
    for (int i = 0; i < x->n_citations; i++) {
        jp_buffer text = {0};
        if (x->citations[i].from_documents) continue;
        jp_put_unsupported(&text, &x->citations[i]);
        jp_buffer_text(out, "Not from the documents: ");
        put_taken_markdown(out, &text);
        jp_buffer_text(out, ".\n\n");
    }
}

int jp_markdown_cite(jp_buffer *out, const jp_explanation *x, jopa_error *e) {
    answer    a = {.out = out};
    jp_buffer finding = {0}, model = {0};
    int       status = jp_footnotes_make(&a.notes, x, e);
    if (status) return status;
    jp_put_citing_finding(&finding, x, &a.notes);
    put_taken_markdown(out, &finding);
    jp_buffer_text(out, "\n\n> ");
    jp_each_statement(x, put_statement_markdown, &a);
    jp_buffer_text(out, "\n\n");
    put_notes_markdown(out, &a.notes);
    put_unsupported_markdown(out, x);
    jp_put_model(&model, x);
    put_taken_markdown(out, &model);
    jp_buffer_text(out, "\n");
    jp_footnotes_free(&a.notes);
    return out->failed ? jp_fail_memory(e) : JP_OK;
}
