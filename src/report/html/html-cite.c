/* The page of `cite`: the answer with the numbers of its sources, the sources, and the documents as a heat map. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "report/footnotes.h"
#include "report/html/html-parts.h"
#include "report/label.h"
#include "report/markup.h"

typedef struct {
    jp_html              *h;
    const jp_explanation *x;
    jp_footnotes          notes;
} page;

static void put_taken_html(jp_html *h, jp_buffer *text) {
    if (text->failed) h->out->failed = true;
    else if (text->data) jp_put_html(h->out, text->data, text->size);
    jp_buffer_free(text);
}

/* data-units="3,5": the units of its sources. */
static void open_statement(jp_buffer *out, const jp_result_citation *c) {
    jp_buffer_text(out, "<span class=\"statement\" data-units=\"");
    for (int i = 0; i < c->n_sources; i++) jp_buffer_format(out, "%s%d", i ? "," : "", c->sources[i].unit);
    jp_buffer_text(out, "\">");
}

static void put_statement_html(void *user, const char *text, size_t size, const jp_result_citation *c) {
    page      *g = user;
    jp_buffer *out = g->h->out;
    if (c) open_statement(out, c);
    jp_put_html(out, text, size);
    for (int i = 0; c && i < c->n_sources; i++) {
        int number = jp_footnote_number(&g->notes, &c->sources[i]);
        jp_buffer_format(out, "<sup><a href=\"#source-%d\" aria-label=\"source %d\">%d</a></sup>", number, number,
                         number);
    }
    if (c && !c->from_documents)
        jp_buffer_text(out, "<sup><a href=\"#unsupported\" aria-label=\"not from the documents\">&ndash;</a></sup>");
    if (c) jp_buffer_text(out, "</span>");
}

static void put_answer_html(page *g) {
    jp_html_section(g->h, "answer", "Answer", "The numbers lead to the sources that carry what stands before them.");
    jp_buffer_text(g->h->out, "<div class=\"text\" dir=\"auto\">");
    jp_each_statement(g->x, put_statement_html, g);
    jp_buffer_text(g->h->out, "</div>\n");
    jp_html_end_section(g->h);
}

static void put_sources_html(page *g) {
    jp_buffer *out = g->h->out;
    if (!g->notes.n) return;
    jp_html_section(g->h, "sources", "Sources", NULL);
    jp_buffer_text(out, "<ol class=\"sources\">\n");
    for (int i = 0; i < g->notes.n; i++) {
        const jp_result_source *s = g->notes.at[i];
        jp_buffer               name = {0};
        jp_put_document_name(&name, s);
        jp_buffer_format(out, "<li id=\"source-%d\"><b dir=\"auto\">", i + 1);
        put_taken_html(g->h, &name);
        jp_buffer_text(out, "</b> <q dir=\"auto\">");
        jp_html_text(g->h, s->cited_text);
        jp_buffer_format(out, "</q> <small>characters %lld to %lld</small></li>\n", (long long)s->start_char,
                         (long long)s->end_char);
    }
    jp_buffer_text(out, "</ol>\n");
    jp_html_end_section(g->h);
}

static void put_unsupported_html(page *g) {
    int n = 0;
    for (int i = 0; i < g->x->n_citations; i++) {
        jp_buffer text = {0};
        if (g->x->citations[i].from_documents) continue;
        if (!n++) {
            jp_html_section(g->h, "unsupported", "Not from the documents", NULL);
            jp_buffer_text(g->h->out, "<ul class=\"facts\">\n");
        }
        jp_put_unsupported(&text, &g->x->citations[i]);
        jp_buffer_text(g->h->out, "<li dir=\"auto\">");
        put_taken_html(g->h, &text);
        jp_buffer_text(g->h->out, "</li>\n");
    }
    if (!n) return;
    jp_buffer_text(g->h->out, "</ul>\n");
    jp_html_end_section(g->h);
}

static int put_documents_html(page *g) {
    const jp_explanation *x = g->x;
    double               *values = calloc((size_t)x->n_units + 1, sizeof *values), max = 0;
    if (!values) return jp_fail_memory(g->h->e);
    for (int u = 0; u < x->n_units; u++) {
        values[u] = jp_unit_value(x, u);
        if (isfinite(values[u])) max = fmax(max, values[u]);
    }
    jp_html_section(g->h, "prompt", "Documents",
                    "What the model read. Colour: what a part gives back to the answer when it alone is shown.");
    int status = jp_html_prompt(g->h, x, values, max, true);
    free(values);
    jp_html_legend(g->h, max > 0 ? "gives little" : NULL, "gives much", "what is cited");
    jp_html_end_section(g->h);
    return status;
}

static void put_head_cite_html(page *g) {
    jp_buffer finding = {0}, value = {0}, detail = {0};
    jp_buffer_text(g->h->out, "<p class=\"eyebrow\">Sources of an answer</p>\n<h1>");
    jp_put_citing_finding(&finding, g->x, &g->notes);
    put_taken_html(g->h, &finding);
    jp_buffer_text(g->h->out, "</h1>\n<dl class=\"tiles\">\n");
    jp_buffer_format(&value, "%d", g->x->n_documents);
    jp_buffer_format(&detail, "%d ", g->x->n_units);
    jp_put_units(&detail, g->x, g->x->n_units);
    jp_html_tile(g->h, "Documents", &value, &detail);
    jp_buffer_format(&value, "%d", g->notes.n);
    jp_put_units(&detail, g->x, g->notes.n);
    jp_html_tile(g->h, "Cited", &value, &detail);
    jp_put_count(&value, g->x->cost.evaluations);
    jp_buffer_text(&detail, "evaluations");
    jp_html_tile(g->h, "Cost", &value, &detail);
    jp_buffer_text(g->h->out, "</dl>\n");
}

int jp_html_cite(jp_html *h, const jp_explanation *x) {
    page g = {.h = h, .x = x};
    int  status = jp_footnotes_make(&g.notes, x, h->e);
    if (status) return status;
    jp_html_open(h, "Sources of an answer", "answer");
    put_head_cite_html(&g);
    put_answer_html(&g);
    put_sources_html(&g);
    put_unsupported_html(&g);
    status = put_documents_html(&g);
    if (!status) status = jp_html_details(h, x);
    jp_html_close(h, x);
    jp_footnotes_free(&g.notes);
    return status;
}
