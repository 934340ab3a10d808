#include "use/kept.h"

#include <string.h>

#include "base/utf8.h"
#include "prompt/boundary.h"

static bool is_white_space(const char *text, jp_range r) { return jp_boundary_ink(text, r) == 0; }

/* The characters that `r` begins and ends with. */
static jp_range first_of(const char *text, jp_range r) {
    return (jp_range){r.start, r.start + jp_utf8_sequence(text + r.start, r.end - r.start)};
}

static jp_range last_of(const char *text, jp_range r) {
    size_t at = r.end;
    while (at > r.start && !jp_utf8_is_boundary(text, r.end, --at)) continue;
    return (jp_range){at, r.end};
}

/* Where the white space that begins at `from` ends. */
static size_t white_end(const char *text, size_t from, size_t end) {
    for (jp_range c = {from, from}; c.end < end; from = c.end) {
        c = first_of(text, (jp_range){from, end});
        if (c.end == c.start || !is_white_space(text, c)) break;
    }
    return from;
}

/* The white space of `gap` that parts words: its last run with a line's end, or the first one. Empty: none. */
static jp_range parting(const char *text, jp_range gap) {
    jp_range found = {gap.start, gap.start};
    for (size_t at = gap.start; at < gap.end;) {
        jp_range run = {at, white_end(text, at, gap.end)};
        bool     ends_line = memchr(text + run.start, '\n', run.end - run.start);
        if (ends_line || (run.end > run.start && found.start == found.end)) found = run;
        at = run.end > at ? run.end : at + 1;
    }
    return found;
}

void jp_put_kept(jp_buffer *out, const char *text, jp_range gap, jp_range kept, bool apart) {
    if (kept.start == kept.end) return;
    if (apart && out->size && gap.start < gap.end &&
        !is_white_space(out->data, last_of(out->data, (jp_range){0, out->size})) &&
        !is_white_space(text, first_of(text, kept))) {
        jp_range space = parting(text, gap);
        jp_buffer_bytes(out, text + space.start, space.end - space.start);
    }
    jp_buffer_bytes(out, text + kept.start, kept.end - kept.start);
}
