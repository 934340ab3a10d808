#include "report/view.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "report/breaks.h"

typedef struct {
    size_t start, end;
} range;

static bool begins_message(const jp_explanation *x, int unit) {
    const jp_result_unit *u = &x->units[unit];
    return !unit || strcmp(u->role ? u->role : "", u[-1].role ? u[-1].role : "");
}

static int derive_messages(const jp_explanation *x, jp_result_message *out) {
    int n = 0;
    for (int i = 0; i < x->n_units; i++) {
        if (begins_message(x, i)) out[n++] = (jp_result_message){x->units[i].role, -1, x->units[i].start, 0};
        out[n - 1].end = x->units[i].end;
    }
    if (!n) out[n++] = (jp_result_message){NULL, -1, 0, strlen(x->prompt_text)};
    return n;
}

int jp_view_messages(const jp_explanation *x, jp_result_message **out, int *n, jopa_error *e) {
    size_t room = (size_t)(x->n_messages > x->n_units ? x->n_messages : x->n_units) + 1;
    *out = calloc(room, sizeof **out);
    if (!*out) return jp_fail_memory(e);
    if (x->n_messages) memcpy(*out, x->messages, (size_t)x->n_messages * sizeof **out);
    *n = x->n_messages ? x->n_messages : derive_messages(x, *out);
    return JP_OK;
}

static void add_piece_view(jp_pieces *p, const char *text, jp_piece piece) {
    if (piece.start >= piece.end) return;
    piece.ink_start = piece.start;
    piece.ink_end = piece.end;
    jp_trim(text, &piece.ink_start, &piece.ink_end);
    p->at[p->n++] = piece;
}

/* Cut text[from, to) at the ranges' borders, moved outwards to the borders of characters; ranges that then
 * overlap become one piece. ranges: [n], ascending; piece numbers start at `first`. */
static int cut_view(const char *text, size_t from, size_t to, const range *ranges, int n, int first, jp_pieces *out,
                    jopa_error *e) {
    unsigned char *flags;
    int            status = jp_breaks(text + from, to - from, &flags, e);
    if (status) return status;
    *out = (jp_pieces){calloc((size_t)n * 2 + 1, sizeof *out->at), 0};
    size_t at = from;
    for (int i = 0; out->at && i < n; i++) {
        size_t start = ranges[i].start < from ? from : ranges[i].start, end = ranges[i].end > to ? to : ranges[i].end;
        if (start >= end) continue;
        while (!(flags[start - from] & JP_BREAK_CHARACTER)) start--;
        while (!(flags[end - from] & JP_BREAK_CHARACTER)) end++;
        jp_piece *before = out->n ? &out->at[out->n - 1] : NULL;
        if (start < at && before && before->last > before->first) { /* shares a character with the piece before */
            before->last = first + i + 1;
            if (end > before->end) before->end = before->ink_end = end;
            jp_trim(text, &before->ink_start, &before->ink_end);
        } else {
            add_piece_view(out, text, (jp_piece){.start = at, .end = start, .value = NAN});
            add_piece_view(
                out, text,
                (jp_piece){.start = start, .end = end, .first = first + i, .last = first + i + 1, .value = NAN});
        }
        if (end > at) at = end;
    }
    if (out->at) add_piece_view(out, text, (jp_piece){.start = at, .end = to, .value = NAN});
    free(flags);
    return out->at ? JP_OK : jp_fail_memory(e);
}

static double sum_values(double a, double b) { return isnan(a) ? b : isnan(b) ? a : a + b; }

double jp_unit_value(const jp_explanation *x, int unit) {
    const jp_result_unit *u = &x->units[unit];
    return isfinite(u->score) ? u->score : u->probability;
}

int jp_heat_step(double value, double max, int steps) {
    if (!isfinite(value) || !(max > 0)) return 0;
    return (int)ceil(fmin(fabs(value) / max, 1) * steps - 1e-9);
}

bool jp_has_values(const jp_explanation *x) {
    for (int i = 0; i < x->n_units; i++)
        if (isfinite(jp_unit_value(x, i))) return true;
    return false;
}

int jp_view_prompt(const jp_explanation *x, const jp_result_message *m, jp_pieces *out, jopa_error *e) {
    int first = 0, last;
    while (first < x->n_units && x->units[first].end <= m->start) first++;
    for (last = first; last < x->n_units && x->units[last].start < m->end;) last++;
    range *ranges = calloc((size_t)(last - first) + 1, sizeof *ranges);
    if (!ranges) return jp_fail_memory(e);
    for (int i = first; i < last; i++) ranges[i - first] = (range){x->units[i].start, x->units[i].end};
    int status = cut_view(x->prompt_text, m->start, m->end, ranges, last - first, first, out, e);
    free(ranges);
    for (int i = 0; !status && i < out->n; i++) {
        jp_piece *p = &out->at[i];
        for (int u = p->first; u < p->last; u++) {
            p->selected = p->selected || x->units[u].selected;
            p->value = sum_values(p->value, jp_unit_value(x, u));
        }
    }
    return status;
}

double jp_token_drop(const jp_explanation *x, int t) {
    if (t < x->target_first || t >= x->target_last) return NAN;
    return x->response_tokens[t].log_prob - x->response_tokens[t].masked_log_prob;
}

/* Tokens' places in the response. A token that cuts a character has U+FFFD in its text: it, and those up to the
 * next token that is found again, share the bytes between. */
static void align(const jp_explanation *x, range *ranges) {
    const char *text = x->response_text;
    size_t      at = 0, size = strlen(text);
    for (int i = 0; i < x->n_response_tokens;) {
        const char *token = x->response_tokens[i].text;
        size_t      length = strlen(token);
        if (!strncmp(text + at, token, length)) {
            ranges[i++] = (range){at, at + length};
            at += length;
            continue;
        }
        int    next = i + 1;
        size_t end = size;
        for (; next < x->n_response_tokens; next++) {
            const char *whole = x->response_tokens[next].text;
            const char *found = *whole && !strstr(whole, "\xef\xbf\xbd") ? strstr(text + at, whole) : NULL;
            if (found) {
                end = (size_t)(found - text);
                break;
            }
        }
        for (; i < next; i++) ranges[i] = (range){at, end};
        at = end;
    }
}

int jp_view_response(const jp_explanation *x, jp_pieces *out, jopa_error *e) {
    int    n = x->n_response_tokens;
    range *ranges = calloc((size_t)n + 1, sizeof *ranges);
    if (!ranges) return jp_fail_memory(e);
    align(x, ranges);
    int status = cut_view(x->response_text, 0, strlen(x->response_text), ranges, n, 0, out, e);
    free(ranges);
    for (int i = 0; !status && i < out->n; i++)
        for (int t = out->at[i].first; t < out->at[i].last; t++)
            out->at[i].value = sum_values(out->at[i].value, jp_token_drop(x, t));
    return status;
}

double jp_pieces_max(const jp_pieces *p) {
    double max = 0;
    for (int i = 0; i < p->n; i++)
        if (isfinite(p->at[i].value) && p->at[i].value > max) max = p->at[i].value;
    return max;
}

void jp_each_phrase(const jp_explanation *x, void (*visit)(void *user, size_t start, size_t end), void *user) {
    size_t size = strlen(x->prompt_text);
    for (int i = 0; i < x->n_selected;) {
        size_t start = x->units[x->selected[i]].start, end = x->units[x->selected[i]].end;
        for (i++; i < x->n_selected && x->selected[i] == x->selected[i - 1] + 1; i++) {
            const jp_result_unit *u = &x->units[x->selected[i]];
            size_t                ink = u->start, last = u->end, before = start, before_end = end;
            jp_trim(x->prompt_text, &ink, &last);
            jp_trim(x->prompt_text, &before, &before_end);
            if (u->start != end || ink != u->start || before_end != end) break;
            end = u->end;
        }
        while (start && !jp_utf8_is_boundary(x->prompt_text, size, start)) start--;
        while (!jp_utf8_is_boundary(x->prompt_text, size, end)) end++;
        jp_trim(x->prompt_text, &start, &end);
        visit(user, start, end);
    }
}

bool jp_is_best(double drop, double best) { return drop >= best || (best > 0 && drop >= 0.995 * best); }

int jp_best_explanation(const jopa_result *r) {
    int best = 0;
    for (int i = 1; i < r->n_items; i++) {
        double drop = r->items[i].log_prob.drop, known = r->items[best].log_prob.drop;
        if (drop > known || (isnan(known) && !isnan(drop))) best = i;
    }
    for (int i = 0; i < best; i++)
        if (jp_is_best(r->items[i].log_prob.drop, r->items[best].log_prob.drop)) return i;
    return best;
}
