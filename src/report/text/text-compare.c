/* The text report of `compare`: the first method's set in the prompt, what hiding it did, then a row a method. */
#include <math.h>
#include <string.h>

#include "report/breaks.h"
#include "report/finding.h"
#include "report/flow.h"
#include "report/label.h"
#include "base/number.h"
#include "report/text/text-parts.h"
#include "report/view.h"

enum { COLUMNS = 7, GAP = 2, INDENT = 2, MIN_WORDS = 24, CELL = 64 };

typedef const char *titles[COLUMNS];
static const titles method_titles = {"method", "drop", "of best", "units", "sparsity", "evaluations", "seconds"},
                    set_titles = {"set", "drop", "of best", "units", "sparsity", "evaluations", "seconds"};
static const int expendable[] = {3, 4, 6, 2, 5}; /* columns that a narrow page leaves out, first to last */

typedef struct {
    char text[COLUMNS][CELL];
} row;

static bool               is_of_sets(const jopa_result *r) { return !strcmp(r->command, "score"); }
static const char *const *titles_of(const jopa_result *r) { return is_of_sets(r) ? set_titles : method_titles; }

static double best_drop_comparison(const jopa_result *r) {
    double best = -INFINITY;
    for (int i = 0; i < r->n_items; i++)
        if (r->items[i].log_prob.drop > best) best = r->items[i].log_prob.drop;
    return best;
}

static void take_comparison(jp_page *p, jp_buffer *b, char *cell) {
    if (b->failed) p->out->failed = true;
    jp_one_line(cell, CELL, "%s", b->failed ? "" : b->data);
    jp_buffer_free(b);
}

static void fill_comparison(jp_page *p, const jp_explanation *x, double best, row *out) {
    jp_buffer b = {0};
    *out = (row){0};
    jp_one_line(out->text[0], CELL, "%s", jp_explanation_label(x));
    if (x->failed) return; /* why stands where the words would */
    jp_put_fixed(&b, x->log_prob.drop, 2);
    take_comparison(p, &b, out->text[1]);
    jp_put_fixed(&b, best > 0 ? 100 * x->log_prob.drop / best : NAN, 0);
    if (best > 0) jp_buffer_text(&b, " %");
    take_comparison(p, &b, out->text[2]);
    jp_one_line(out->text[3], CELL, "%d", x->n_selected);
    jp_put_fixed(&b, 100 * x->sparsity, 1);
    jp_buffer_text(&b, " %");
    take_comparison(p, &b, out->text[4]);
    jp_put_count(&b, x->cost.evaluations);
    take_comparison(p, &b, out->text[5]);
    jp_put_fixed(&b, x->cost.seconds, x->cost.seconds < 10 ? 2 : 1);
    take_comparison(p, &b, out->text[6]);
}

static int columns(jp_buffer *out, const char *text) {
    int width = jp_text_width(text, strlen(text));
    if (width < 0) out->failed = true;
    return width < 0 ? 0 : width;
}

static void put_row_comparison(jp_buffer *out, const char *const *cells, const int *widths, const char *start,
                               const char *end) {
    jp_buffer_format(out, "%*s%s", INDENT, "", start);
    for (int c = 0; c < COLUMNS; c++) {
        if (!widths[c]) continue;
        int pad = widths[c] - columns(out, cells[c]);
        jp_buffer_format(out, "%*s%s%*s", c ? GAP + pad : 0, "", cells[c], c ? 0 : pad, "");
    }
    jp_buffer_text(out, end);
}

/* The hidden words beside the row, or below it where the page is too narrow. */
static int put_words(jp_page *p, const jp_explanation *x, int used) {
    jp_flow   f = {0};
    jp_buffer words = {0}, lines = {0};
    bool      beside = p->width - used >= MIN_WORDS;
    jp_paint  how = {p->width, beside ? used : INDENT + GAP, p->color, false};
    jp_put_selection(&words, x);
    int status = words.failed ? jp_fail_memory(p->e) : jp_flow_string(&f, words.data, JP_LOOK_PLAIN, p->e);
    if (!status) {
        jp_flow_paint(&f, &how, &lines);
        jp_buffer_format(p->out, "%s%s", beside ? "" : "\n",
                         lines.data && !lines.failed ? lines.data + (beside ? used - GAP : 0) : "\n");
        if (f.failed || lines.failed) status = jp_fail_memory(p->e);
    }
    jp_flow_free(&f);
    jp_buffer_free(&words);
    jp_buffer_free(&lines);
    return status;
}

static int total(const int *widths) {
    int used = INDENT;
    for (int c = 0; c < COLUMNS; c++) used += widths[c] ? widths[c] + GAP : 0;
    return used;
}

/* The columns' widths; 0 for those left out because the page is too narrow. */
static void measure_comparison(jp_page *p, const jopa_result *r, double best, int *widths) {
    for (int c = 0; c < COLUMNS; c++) widths[c] = columns(p->out, titles_of(r)[c]);
    for (int i = 0; i < r->n_items; i++) {
        row cells;
        fill_comparison(p, &r->items[i], best, &cells);
        for (int c = 0; c < COLUMNS; c++)
            if (columns(p->out, cells.text[c]) > widths[c]) widths[c] = columns(p->out, cells.text[c]);
    }
    for (size_t i = 0; i < sizeof expendable / sizeof *expendable && total(widths) - GAP > p->width; i++)
        widths[expendable[i]] = 0;
}

static int put_table_comparison(jp_page *p, const jopa_result *r) {
    int    widths[COLUMNS], status = JP_OK;
    double best = best_drop_comparison(r);
    measure_comparison(p, r, best, widths);
    int  used = total(widths);
    bool beside = p->width - used >= MIN_WORDS;
    put_row_comparison(p->out, titles_of(r), widths, jp_look_start(JP_LOOK_DIM, p->color), beside ? "  hidden" : "");
    jp_buffer_format(p->out, "%s\n", jp_look_end(JP_LOOK_DIM, p->color));
    for (int i = 0; !status && i < r->n_items; i++) {
        row         cells;
        const char *texts[COLUMNS];
        int         look = jp_is_best(r->items[i].log_prob.drop, best) ? JP_LOOK_BOLD : JP_LOOK_PLAIN;
        fill_comparison(p, &r->items[i], best, &cells);
        for (int c = 0; c < COLUMNS; c++) texts[c] = cells.text[c];
        put_row_comparison(p->out, texts, widths, jp_look_start(look, p->color), jp_look_end(look, p->color));
        while (r->items[i].failed && !beside && p->out->size && p->out->data[p->out->size - 1] == ' ') p->out->size--;
        status = put_words(p, &r->items[i], used);
    }
    return status;
}

static const jp_explanation *first_that_ran(const jopa_result *r) {
    int i = 0;
    while (i < r->n_items && r->items[i].failed) i++;
    return &r->items[i < r->n_items ? i : 0];
}

int jp_text_compare(jp_page *p, const jopa_result *r) {
    const jp_explanation *x = first_that_ran(r);
    jp_buffer             model = {0}, finding = {0};
    if (!is_of_sets(r)) jp_put_comparison_finding(&finding, r);
    int status = jp_page_finding(p, &finding);
    if (!status) status = jp_page_prompt(p, x, true);
    if (!status) status = jp_page_response(p, x);
    if (!status) status = jp_page_masked_response(p, x);
    jp_page_heading(p, is_of_sets(r) ? "SETS" : "METHODS");
    if (!status) status = put_table_comparison(p, r);
    jp_buffer_format(p->out, "\n");
    jp_put_model(&model, x);
    jp_buffer_format(&model, ", operator %s, seed %llu", x->op ? x->op : "unknown", (unsigned long long)x->seed);
    if (!status) status = model.failed ? jp_fail_memory(p->e) : jp_page_paragraph(p, model.data, JP_LOOK_DIM);
    jp_buffer_free(&model);
    return status;
}
