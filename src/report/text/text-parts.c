#include "report/text/text-parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/breaks.h"
#include "report/flow.h"
#include "report/label.h"
#include "base/number.h"
#include "report/view.h"

enum { INDENT = 2, FACT_INDENT = 18, NARROW = 56, MOST_LOST = 5 };

void jp_page_heading(jp_page *p, const char *title) {
    jp_buffer_format(p->out, "%s%s%s%s\n", p->out->size ? "\n" : "", jp_look_start(JP_LOOK_BOLD, p->color), title,
                     jp_look_end(JP_LOOK_BOLD, p->color));
}

static int paint(jp_page *p, jp_flow *f, int indent, bool bars, jp_buffer *out) {
    jp_paint how = {p->width, indent, p->color, bars};
    jp_flow_paint(f, &how, out);
    bool failed = f->failed || out->failed;
    jp_flow_free(f);
    return failed ? jp_fail_memory(p->e) : JP_OK;
}

int jp_page_paragraph(jp_page *p, const char *text, int look) {
    jp_flow f = {0};
    int     status = jp_flow_string(&f, text, look, p->e);
    return status ? jp_flow_free(&f), status : paint(p, &f, INDENT, false, p->out);
}

int jp_page_finding(jp_page *p, jp_buffer *text) {
    jp_flow f = {0};
    if (!text->size) return text->failed ? jp_fail_memory(p->e) : JP_OK;
    int status = text->failed ? jp_fail_memory(p->e) : jp_flow_string(&f, text->data, JP_LOOK_BOLD, p->e);
    if (status) jp_flow_free(&f);
    else status = paint(p, &f, 0, false, p->out);
    jp_buffer_free(text);
    return status;
}

int jp_page_fact(jp_page *p, const char *name, jp_buffer *text) {
    jp_flow   f = {0};
    jp_buffer lines = {0};
    char      label[FACT_INDENT - INDENT]; /* ours, or a group of metrics, which a saved result may call anything */
    jp_one_line(label, sizeof label, "%s", name);
    bool beside = p->width >= NARROW;
    int  indent = beside ? FACT_INDENT : 2 * INDENT, columns = jp_text_width(label, strlen(label));
    jp_buffer_text(text, "");
    int status = text->failed ? jp_fail_memory(p->e) : jp_flow_string(&f, text->data, JP_LOOK_PLAIN, p->e);
    if (!status) status = paint(p, &f, indent, false, &lines);
    else jp_flow_free(&f);
    if (!status) {
        int pad = beside && columns >= 0 ? FACT_INDENT - INDENT - columns : 0;
        jp_buffer_format(p->out, "%*s%s%s%s%*s%s", INDENT, "", jp_look_start(JP_LOOK_DIM, p->color), label,
                         jp_look_end(JP_LOOK_DIM, p->color), pad, "", beside ? "" : "\n");
        jp_buffer_text(p->out, lines.data + (beside ? indent : 0));
    }
    jp_buffer_free(&lines);
    jp_buffer_free(text);
    return status;
}

/* Step of the ramp for `value` of 0..max, -1 for none. */
static int heat_terminal(double value, double max) {
    if (!isfinite(value) || max <= 0) return -1;
    int step = value > 0 ? jp_heat_step(value, max, JP_HEATS) : 0;
    return step ? step - 1 : 0;
}

/* What stands around what is hidden where there is no colour: signs that the text itself does not have. */
typedef struct {
    const char *open, *close;
    size_t      size;
} brackets;

static brackets choose_brackets(const char *text) {
    static const brackets pairs[] = {{"[", "]", 1}, {"⟦", "⟧", 3}, {"⟪", "⟫", 3}, {"【", "】", 3}};
    enum { N = sizeof pairs / sizeof *pairs };
    for (int i = 0; i < N; i++)
        if (!strstr(text, pairs[i].open) && !strstr(text, pairs[i].close)) return pairs[i];
    return pairs[N - 1];
}

static void bracket(jp_flow *f, const char *sign, size_t size, bool opens) {
    if (opens && f->n) f->cells[f->n - 1].may_break = f->cells[f->n - 1].space;
    bool may_break = !opens && f->n && f->cells[f->n - 1].may_break;
    if (!opens && f->n) f->cells[f->n - 1].may_break = false;
    jp_flow_cell(
        f, (jp_cell){
               .text = sign, .size = size, .width = jp_character_width(sign, size), .bar = -1, .may_break = may_break});
}

/* A selected line break has no width of its own: a sign stands for it. */
static void put_ink(jp_flow *f, const char *text, const jp_piece *piece, const unsigned char *breaks, int look,
                    int bar) {
    size_t size = piece->ink_end - piece->ink_start;
    bool   blank = strspn(text + piece->ink_start, " \t\r\n") >= size;
    if (piece->selected && blank)
        jp_flow_cell(f, (jp_cell){.text = strchr(" \t", text[piece->ink_start]) ? "␣" : "⏎",
                                  .size = 3,
                                  .width = 1,
                                  .look = (unsigned char)look,
                                  .bar = (signed char)bar});
    if (!piece->selected || !blank || !strchr(" \t", text[piece->ink_start]))
        jp_flow_text(f, text + piece->ink_start, size, breaks + piece->ink_start, look, bar);
}

/* Whether the ink of pieces i and i + 1 touches, so that one pair of brackets holds both. */
static bool joined(const jp_pieces *all, int i) {
    return i >= 0 && i + 1 < all->n && all->at[i].selected && all->at[i + 1].selected &&
           all->at[i].ink_end == all->at[i + 1].ink_start;
}

/* max: the value that gets the top of the ramp; 0: no ramp. */
static void put_pieces(const jp_page *p, jp_flow *f, const char *text, const jp_pieces *all,
                       const unsigned char *breaks, double max) {
    brackets b = choose_brackets(text);
    for (int i = 0; i < all->n; i++) {
        const jp_piece *piece = &all->at[i];
        int             bar = heat_terminal(piece->value, max);
        int look = piece->selected && p->color ? JP_LOOK_SELECTED : bar >= 0 ? JP_LOOK_HEAT + bar : JP_LOOK_PLAIN;
        jp_flow_text(f, text + piece->start, piece->ink_start - piece->start, breaks + piece->start, JP_LOOK_PLAIN, -1);
        if (piece->selected && !p->color && !joined(all, i - 1)) bracket(f, b.open, b.size, true);
        put_ink(f, text, piece, breaks, look, bar);
        if (piece->selected && !p->color && !joined(all, i)) bracket(f, b.close, b.size, false);
        jp_flow_text(f, text + piece->ink_end, piece->end - piece->ink_end, breaks + piece->ink_end, JP_LOOK_PLAIN, -1);
    }
}

static double max_value(const jp_explanation *x) {
    double max = 0;
    for (int i = 0; i < x->n_units; i++)
        if (isfinite(jp_unit_value(x, i)) && jp_unit_value(x, i) > max) max = jp_unit_value(x, i);
    return max;
}

static int page_message(jp_page *p, const jp_explanation *x, const jp_result_message *m, const unsigned char *breaks,
                        bool selection) {
    jp_pieces pieces = {0};
    jp_flow   f = {0};
    int       status = jp_view_prompt(x, m, &pieces, p->e);
    if (status) return status;
    for (int i = 0; i < pieces.n; i++) pieces.at[i].selected = pieces.at[i].selected && selection;
    put_pieces(p, &f, x->prompt_text, &pieces, breaks, selection && p->scores ? max_value(x) : 0);
    free(pieces.at);
    return paint(p, &f, INDENT, selection && p->scores, p->out);
}

int jp_page_prompt(jp_page *p, const jp_explanation *x, bool selection) {
    jp_result_message *messages = NULL;
    unsigned char     *breaks = NULL;
    int                n = 0, status = jp_view_messages(x, &messages, &n, p->e);
    if (!status) status = jp_breaks(x->prompt_text, strlen(x->prompt_text), &breaks, p->e);
    jp_page_heading(p, "PROMPT");
    for (int i = 0; !status && i < n; i++) {
        if (n > 1) status = jp_page_paragraph(p, messages[i].role ? messages[i].role : "text", JP_LOOK_DIM);
        if (!status) status = page_message(p, x, &messages[i], breaks, selection);
    }
    free(messages);
    free(breaks);
    if (!status && selection && p->scores)
        status = jp_page_paragraph(p,
                                   jp_has_values(x) ? "Bars: how much each part counts by this method."
                                                    : "This method gives the parts no scores.",
                                   JP_LOOK_DIM);
    return status;
}

/* The pieces that lost most, largest first, into out[MOST_LOST]; returns how many. */
static int most_lost(const jp_pieces *all, int *out) {
    int n = 0;
    for (int i = 0; i < all->n; i++) {
        if (!(all->at[i].value > 0)) continue;
        int at = n < MOST_LOST ? n++ : MOST_LOST;
        for (; at > 0 && all->at[out[at - 1]].value < all->at[i].value; at--)
            if (at < MOST_LOST) out[at] = out[at - 1];
        if (at < MOST_LOST) out[at] = i;
    }
    return n;
}

int jp_page_most_lost(jp_page *p, const jp_explanation *x) {
    jp_pieces pieces = {0};
    jp_buffer text = {0};
    int       most[MOST_LOST], status = jp_view_response(x, &pieces, p->e), n = most_lost(&pieces, most);
    for (int i = 0; i < n; i++) {
        const jp_piece *piece = &pieces.at[most[i]];
        jp_buffer_text(&text, i ? ", " : "");
        jp_put_quoted(&text, x->response_text, piece->ink_start, piece->ink_end, 24);
        jp_buffer_text(&text, " ");
        jp_put_figure(&text, -piece->value);
    }
    free(pieces.at);
    return status || !n ? status : jp_page_fact(p, "most lost", &text);
}

int jp_page_response(jp_page *p, const jp_explanation *x) {
    jp_pieces      pieces = {0};
    unsigned char *breaks = NULL;
    jp_flow        f = {0};
    jp_page_heading(p, "RESPONSE");
    int status = jp_view_response(x, &pieces, p->e);
    if (!status) status = jp_breaks(x->response_text, strlen(x->response_text), &breaks, p->e);
    if (!status) {
        put_pieces(p, &f, x->response_text, &pieces, breaks, jp_pieces_max(&pieces));
        status = paint(p, &f, INDENT, p->scores, p->out);
    }
    free(breaks);
    free(pieces.at);
    return status;
}
