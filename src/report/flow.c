#include "report/flow.h"

#include <stdlib.h>
#include <string.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include "report/breaks.h"

static const char *const bars[JP_HEATS] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};

/* Black on a ramp from sand to red, none for what hardly counts: readable on dark and on light terminals. */
static const char *const looks[] = {
    "",
    "\x1b[2m",
    "\x1b[1m",
    "\x1b[1;38;5;16;48;5;220m",
    "",
    "",
    "",
    "\x1b[38;5;16;48;5;223m",
    "\x1b[38;5;16;48;5;216m",
    "\x1b[38;5;16;48;5;209m",
    "\x1b[38;5;16;48;5;203m",
    "\x1b[1;38;5;16;48;5;203m",
};

const char *jp_look_start(int look, bool color) { return color ? looks[look] : ""; }

const char *jp_look_end(int look, bool color) { return color && *looks[look] ? "\x1b[0m" : ""; }

const char *jp_cell_text(const jp_cell *c) { return *c->mark ? c->mark : c->text; }

void jp_flow_free(jp_flow *f) {
    free(f->cells);
    *f = (jp_flow){0};
}

void jp_flow_cell(jp_flow *f, jp_cell cell) {
    if (f->failed) return;
    if (f->n == f->capacity) {
        size_t   capacity = f->capacity ? f->capacity * 2 : 64;
        jp_cell *cells = realloc(f->cells, capacity * sizeof *cells);
        if (!cells) {
            f->failed = true;
            return;
        }
        f->cells = cells;
        f->capacity = capacity;
    }
    f->cells[f->n++] = cell;
}

/* Signs for ASCII's control characters: U+2400 and up; DEL is U+2421. */
static const char control_signs[] = "␀␁␂␃␄␅␆␇␈␉␊␋␌␍␎␏␐␑␒␓␔␕␖␗␘␙␚␛␜␝␞␟␡";

static jp_cell visible(const char *text, size_t size) {
    unsigned char c = (unsigned char)text[0];
    if (c == '\t') return (jp_cell){.text = "    ", .size = 4, .width = 4, .space = true};
    if (c < 0x20 || c == 0x7f)
        return (jp_cell){.text = control_signs + 3 * (c == 0x7f ? 0x20 : c), .size = 3, .width = 1};
    UChar32 first;
    int32_t at = 0;
    U8_NEXT((const uint8_t *)text, at, (int32_t)size, first);
    return (jp_cell){
        .text = text, .size = size, .width = jp_character_width(text, size), .space = u_isUWhiteSpace(first)};
}

static bool ends_line(const char *text, size_t size) {
    return *text == '\n' || *text == '\r' ||
           (size == 3 && (!memcmp(text, "\xe2\x80\xa8", 3) || !memcmp(text, "\xe2\x80\xa9", 3)));
}

/* The cell of an unseen character's mark; .size 0: the character is seen. */
static jp_cell marked_cell(const char *text, size_t size, size_t at, size_t *length) {
    jp_cell cell = {.text = ""};
    *length = jp_unseen(text, size, at, cell.mark);
    if (!*length) return cell;
    cell.size = strlen(cell.mark);
    for (const char *c = cell.mark; *c; c++) cell.width += ((unsigned char)*c & 0xc0) != 0x80; /* none is wide */
    return cell;
}

/* One user-perceived character: a cell, or more where unseen characters hide in it. */
static void put_cluster(jp_flow *f, const char *text, size_t size, jp_cell like) {
    bool may_break = like.may_break;
    for (size_t at = 0, end, length; at < size; at = end) {
        jp_cell cell = marked_cell(text, size, at, &length);
        end = at + length;
        if (!length || (unsigned char)text[at] < 0x20 || text[at] == 0x7f) {
            char mark[JP_UNSEEN_SIZE];
            for (end = at + 1; end < size && !jp_unseen(text, size, end, mark);) end++;
            cell = visible(text + at, end - at);
        }
        cell.look = like.look;
        cell.bar = like.bar;
        cell.may_break = end == size && may_break;
        jp_flow_cell(f, cell);
    }
}

void jp_flow_text(jp_flow *f, const char *text, size_t size, const unsigned char *breaks, int look, int bar) {
    for (size_t at = 0, end; at < size; at = end) {
        for (end = at + 1; end < size && !(breaks[end] & JP_BREAK_CHARACTER);) end++;
        jp_cell like = {.look = (unsigned char)look, .bar = (signed char)bar, .may_break = breaks[end] & JP_BREAK_LINE};
        if (ends_line(text + at, end - at)) jp_flow_cell(f, (jp_cell){.text = NULL, .bar = -1});
        else put_cluster(f, text + at, end - at, like);
    }
}

int jp_flow_string(jp_flow *f, const char *text, int look, jopa_error *e) {
    unsigned char *breaks;
    int            status = jp_breaks(text, strlen(text), &breaks, e);
    if (status) return status;
    jp_flow_text(f, text, strlen(text), breaks, look, -1);
    free(breaks);
    return JP_OK;
}

size_t jp_flow_line_end(const jp_flow *f, size_t from, int room) {
    size_t good = from;
    int    used = 0;
    for (size_t i = from; i < f->n; i++) {
        const jp_cell *c = &f->cells[i];
        if (!c->text) return i;
        used += c->width;
        if (used > room && !c->space) return good > from ? good : i > from ? i : i + 1;
        if (c->may_break) good = i + 1;
    }
    return f->n;
}

static void paint_line(const jp_cell *cells, size_t n, const jp_paint *how, jp_buffer *out) {
    int look = JP_LOOK_PLAIN;
    jp_buffer_format(out, "%*s", n ? how->indent : 0, "");
    for (size_t i = 0; i < n; i++) {
        if (cells[i].look != look) {
            jp_buffer_text(out, jp_look_end(look, how->color));
            jp_buffer_text(out, jp_look_start(cells[i].look, how->color));
            look = cells[i].look;
        }
        jp_buffer_bytes(out, jp_cell_text(&cells[i]), cells[i].size);
    }
    jp_buffer_text(out, jp_look_end(look, how->color));
    jp_buffer_text(out, "\n");
}

static void paint_bars(const jp_cell *cells, size_t n, const jp_paint *how, jp_buffer *out) {
    int  blanks = how->indent;
    bool any = false;
    for (size_t i = 0; i < n; i++)
        for (int column = 0; column < cells[i].width; column++) {
            if (cells[i].bar < 0 || cells[i].space) {
                blanks++;
                continue;
            }
            jp_buffer_format(out, "%*s%s", blanks, "", bars[cells[i].bar]);
            blanks = 0;
            any = true;
        }
    if (any) jp_buffer_text(out, "\n");
}

void jp_flow_paint(const jp_flow *f, const jp_paint *how, jp_buffer *out) {
    int room = how->width - how->indent > 1 ? how->width - how->indent : 1;
    for (size_t from = 0; from < f->n;) {
        size_t end = jp_flow_line_end(f, from, room), ink = end;
        while (ink > from && f->cells[ink - 1].space && f->cells[ink - 1].look < JP_LOOK_SELECTED) ink--;
        paint_line(f->cells + from, ink - from, how, out);
        if (how->bars) paint_bars(f->cells + from, ink - from, how, out);
        from = end < f->n && !f->cells[end].text ? end + 1 : end;
    }
}
