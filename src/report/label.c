#include "report/label.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/unseen.h"
#include "report/breaks.h"
#include "base/number.h"
#include "report/view.h"

static void put_character(jp_buffer *out, const char *text, size_t size) {
    unsigned char c = (unsigned char)*text;
    if (c == '\n' || c == '\r') jp_buffer_text(out, "⏎");
    else if (c == '\t') jp_buffer_text(out, "⇥");
    else if (c < 0x20 || c == 0x7f) jp_buffer_text(out, "\xef\xbf\xbd");
    else jp_buffer_bytes(out, text, size);
}

/* The text with marks for unseen characters; control characters stay. */
static void mark_unseen(jp_buffer *out, const char *text, size_t size) {
    char mark[JP_UNSEEN_SIZE];
    for (size_t at = 0; at < size;) {
        size_t length = (unsigned char)text[at] < 0x20 || text[at] == 0x7f ? 0 : jp_unseen(text, size, at, mark);
        jp_buffer_bytes(out, length ? mark : text + at, length ? strlen(mark) : 1);
        at += length ? length : 1;
    }
}

static void put_seen_quoted(jp_buffer *out, const char *text, size_t size, int columns, const unsigned char *breaks) {
    bool   cut = jp_flagged_width(text, size, breaks) > columns;
    int    used = 0;
    size_t at = 0, next;
    jp_buffer_text(out, "“");
    for (; at < size; at = next) {
        for (next = at + 1; !(breaks[next] & JP_BREAK_CHARACTER);) next++;
        used += jp_character_width(text + at, next - at);
        if (cut && used > columns - 1) break;
        if (size == next - at && *text == ' ') jp_buffer_text(out, "␣");
        else put_character(out, text + at, next - at);
    }
    jp_buffer_text(out, cut ? "…”" : "”");
}

void jp_put_quoted(jp_buffer *out, const char *text, size_t start, size_t end, int columns) {
    unsigned char *breaks = NULL;
    jp_buffer      seen = {0};
    jp_trim(text, &start, &end);
    jp_buffer_text(&seen, "");
    mark_unseen(&seen, text + start, end - start);
    if (seen.failed || jp_breaks(seen.data, seen.size, &breaks, NULL)) out->failed = true;
    else put_seen_quoted(out, seen.data, seen.size, columns, breaks);
    free(breaks);
    jp_buffer_free(&seen);
}

void jp_put_unit(jp_buffer *out, const jp_explanation *x, int unit) {
    const char *text = x->units[unit].text;
    jp_put_quoted(out, text, 0, strlen(text), 32);
}

typedef struct {
    jp_buffer  *out;
    const char *text;
    int         n;
} list;

static void put_phrase(void *user, size_t start, size_t end) {
    list *l = user;
    if (l->n++) jp_buffer_text(l->out, ", ");
    jp_put_quoted(l->out, l->text, start, end, 48);
}

void jp_put_selection(jp_buffer *out, const jp_explanation *x) {
    list l = {out, x->prompt_text, 0};
    if (x->failed) {
        jp_buffer_format(out, "cannot run: %s", x->failed);
        return;
    }
    jp_each_phrase(x, put_phrase, &l);
    if (!l.n) jp_buffer_text(out, "nothing");
}

void jp_put_units(jp_buffer *out, const jp_explanation *x, int n) {
    const char *unit = x->unit && strcmp(x->unit, "marked") ? x->unit : x->unit ? "marked span" : "unit";
    jp_buffer_format(out, "%s%s", unit, n == 1 ? "" : "s");
}

void jp_put_change(jp_buffer *out, const char *before, double drop) {
    jp_buffer_text(out, before);
    jp_buffer_text(out, drop < 0 ? "gains " : "loses ");
    jp_put_figure(out, fabs(drop));
}

static void put_parameters(jp_buffer *out, int64_t n) {
    if (n >= 1000000000) jp_put_fixed(out, (double)n / 1e9, n < 10000000000 ? 1 : 0);
    else if (n >= 1000000) jp_put_fixed(out, (double)n / 1e6, 0);
    else jp_put_count(out, n);
    jp_buffer_text(out, n >= 1000000000 ? "B parameters" : n >= 1000000 ? "M parameters" : " parameters");
}

void jp_put_model(jp_buffer *out, const jp_explanation *x) {
    const char *file = x->model.file ? x->model.file : "", *slash = strrchr(file, '/');
    const char *details[] = {x->model.architecture, x->model.quantization};
    int         n = 0;
    jp_buffer_text(out, slash && slash[1] ? slash + 1 : *file ? file : "a model without a name");
    for (size_t i = 0; i < sizeof details / sizeof *details; i++)
        if (details[i] && *details[i]) jp_buffer_format(out, "%s%s", n++ ? ", " : " (", details[i]);
    if (x->model.parameters > 0) {
        jp_buffer_text(out, n++ ? ", " : " (");
        put_parameters(out, x->model.parameters);
    }
    if (n) jp_buffer_text(out, ")");
}

void jp_put_metric_name(jp_buffer *out, const char *name) {
    for (const char *p = name; *p; p++) jp_buffer_bytes(out, *p == '_' ? " " : p, 1);
}
