#include "prompt/place.h"

#include <stdlib.h>
#include <string.h>

#include "base/excerpt.h"
#include "base/utf8.h"
#include "prompt/thinking.h"

void jp_rendered_free(jp_rendered *r) {
    free(r->text);
    free(r->runs);
    free(r->template_name);
    free(r->template_hash);
    free(r->template_date);
    *r = (jp_rendered){0};
}

jp_range jp_span_place(const jp_span *span, jp_range r) {
    jp_range found = {span->end, span->end};
    for (size_t at = span->start; at < span->end; at++) {
        size_t source = jp_span_source(span, at);
        if (source < r.start || source >= r.end) continue;
        if (found.start > at) found.start = at;
        found.end = at + 1;
    }
    if (found.start == span->end) found.start = found.end = span->start;
    return found;
}

static bool is_white_byte(char c) { return strchr(" \t\r\n\f\v", c) != NULL; }

/* ---- the end where the chat ends in the midst of an answer ---------------------------------------------------------
 */

/* Bytes of the rendered text up to the last of the last message's content, or of its thinking where it has no content.
 * 0: there is none. */
static size_t end_of_begun(const jp_rendered *r, const jp_chat *c) {
    int    last = (int)json_array_size(c->messages) - 1;
    size_t at = 0, content = 0, thinking = 0;
    for (int i = 0; i < r->n_runs; i++) {
        const jp_text_run *run = &r->runs[i];
        at += run->size;
        if (run->text < 0 || c->texts[run->text].message != last) continue;
        if (c->texts[run->text].kind == JP_TEXT_CONTENT) content = at;
        else if (c->texts[run->text].kind == JP_TEXT_THINKING) thinking = at;
    }
    return content ? content : thinking;
}

static void cut_rendered(jp_rendered *r, size_t size) {
    size_t at = 0;
    int    n = 0;
    while (n < r->n_runs && at + r->runs[n].size <= size) at += r->runs[n++].size;
    r->n_runs = n;
    r->size = size;
    r->text[size] = '\0';
}

static int refuse_lost(const jp_chat *c, const char *what, int message, jopa_error *e) {
    const json_t *m = json_array_get(c->messages, (size_t)message);
    return jp_fail(e, JOPA_ERROR_INPUT, "the model's chat template leaves out %s message %d (role %s)", what,
                   message + 1, jp_excerpt(json_string_value(json_object_get(m, "role")), 100).text);
}

static int end_rendered(jp_rendered *r, const jp_chat *c, jopa_error *e) {
    if (!c->begun) return JP_OK;
    size_t size = end_of_begun(r, c);
    if (!size) return refuse_lost(c, "the text of", (int)json_array_size(c->messages) - 1, e);
    cut_rendered(r, size);
    return JP_OK;
}

/* ---- spans ------------------------------------------------------------------------------------------------------- */

/* One run as a span of its own. */
static int add_run(jp_prompt *p, const jp_chat *c, const jp_text_run *run, size_t at, jopa_error *e) {
    const jp_chat_text *text = &c->texts[run->text];
    jp_span             span = {.start = at, .end = at + run->size, .message = text->message, .text = run->text};
    span.content = text->kind == JP_TEXT_CONTENT &&
                   !json_is_array(json_object_get(json_array_get(c->messages, (size_t)text->message), "content"));
    span.offset = run->from;
    span.role = strdup(text->role);
    if (run->covers) span.map = malloc(run->size * sizeof *span.map);
    if (!span.role || (run->covers && !span.map)) {
        free(span.role);
        free(span.map);
        return jp_fail_memory(e);
    }
    for (size_t i = 0; i < run->size && span.map; i++) span.map[i] = run->from;
    p->spans[p->n_spans++] = span;
    return JP_OK;
}

/* Whether the run goes on where the span ends, but for white space between them. */
static bool run_joins(const jp_prompt *p, const jp_span *span, const jp_text_run *run, size_t at) {
    enum { MOST_BETWEEN = 64 };
    if (span->text != run->text || run->from < jp_span_source(span, span->end) || at - span->end > MOST_BETWEEN)
        return false;
    for (size_t i = span->end; i < at; i++)
        if (!is_white_byte(p->text[i])) return false;
    return true;
}

static int join_run(jp_span *span, const jp_text_run *run, size_t at, jopa_error *e) {
    size_t end = at + run->size, size = span->end - span->start;
    bool   same = !span->map && !run->covers && at == span->end && span->offset + size == run->from;
    if (!same) {
        size_t *map = realloc(span->map, (end - span->start) * sizeof *map);
        if (!map) return jp_fail_memory(e);
        for (size_t i = 0; i < size && !span->map; i++) map[i] = span->offset + i;
        span->map = map;
        for (size_t i = size; i < at - span->start; i++) map[i] = run->from;
        for (size_t i = 0; i < run->size; i++) map[at - span->start + i] = run->covers ? run->from : run->from + i;
    }
    span->end = end;
    return JP_OK;
}

static void add_person(jp_prompt *p, size_t start, size_t end) {
    jp_range *last = p->n_persons ? &p->persons[p->n_persons - 1] : NULL;
    if (last && last->end == start) last->end = end;
    else p->persons[p->n_persons++] = (jp_range){start, end};
}

static int place_runs(jp_prompt *p, const jp_rendered *r, const jp_chat *c, jopa_error *e) {
    size_t at = 0;
    int    status = JP_OK;
    p->spans = calloc(3 * (size_t)r->n_runs + 1, sizeof *p->spans); /* room for thinking that is cut out of them */
    p->persons = calloc((size_t)r->n_runs + 1, sizeof *p->persons);
    if (!p->spans || !p->persons) return jp_fail_memory(e);
    for (int i = 0; i < r->n_runs && !status; i++) {
        const jp_text_run *run = &r->runs[i];
        jp_span           *last = p->n_spans ? &p->spans[p->n_spans - 1] : NULL;
        if (run->text != JP_RUN_TEMPLATE) add_person(p, at, at + run->size);
        if (run->text >= 0)
            status = last && run_joins(p, last, run, at) ? join_run(last, run, at, e) : add_run(p, c, run, at, e);
        at += run->size;
    }
    return status;
}

/* ---- what is lost ------------------------------------------------------------------------------------------------ */

/* Which bytes of text t are there. */
static void mark_there(const jp_rendered *r, int t, size_t size, bool *there) {
    for (int i = 0; i < r->n_runs; i++) {
        const jp_text_run *run = &r->runs[i];
        size_t             n = run->covers ? run->covers : run->size;
        if (run->text != t || run->from > size) continue;
        memset(there + run->from, true, n < size - run->from ? n : size - run->from);
    }
}

/* Whether the template names the bytes as a word of its own: '/no_think'. */
static bool is_named(const char *source, const char *word, size_t size) {
    enum { LEAST = 3 };
    for (const char *at = size < LEAST ? NULL : source; at && (at = strpbrk(at, "'\"")); at++)
        if (!strncmp(at + 1, word, size) && at[1 + size] == at[0]) return true;
    return false;
}

/* Where what has to be there begins: behind the thinking of an assistant. */
static size_t begin_of_needed(const jp_chat_text *text) {
    jp_thinking thinking;
    const char *said = json_string_value(text->node);
    bool        has = !strcmp(text->role, "assistant") && jp_thinking_find(said, strlen(said), &thinking);
    return has ? thinking.end : 0;
}

/* The first stretch of the text that should be there and is not; false: none. */
static bool find_lost(const jp_rendered *r, const jp_chat_text *text, const bool *there, jp_range *lost) {
    const char *said = json_string_value(text->node);
    size_t      size = strlen(said);
    for (size_t i = begin_of_needed(text); i < size; i++) {
        if (there[i] || is_white_byte(said[i])) continue;
        *lost = (jp_range){i, i};
        for (; i < size && !there[i]; i++)
            if (!is_white_byte(said[i])) lost->end = i + 1;
        if (!is_named(r->source, said + lost->start, lost->end - lost->start)) return true;
    }
    return false;
}

static int check_content(const jp_rendered *r, const jp_chat *c, int t, const bool *there, jopa_error *e) {
    jp_range    lost;
    const char *said = json_string_value(c->texts[t].node);
    if (!find_lost(r, &c->texts[t], there, &lost)) return JP_OK;
    const json_t *m = json_array_get(c->messages, (size_t)c->texts[t].message);
    return jp_fail(e, JOPA_ERROR_INPUT, "the model's chat template leaves out or rewrites '%s' of message %d (role %s)",
                   jp_excerpt_of(said + lost.start, lost.end - lost.start, 60).text, c->texts[t].message + 1,
                   jp_excerpt(json_string_value(json_object_get(m, "role")), 100).text);
}

/* Of texts of a kind that belong together (a message's calls, the tools) something has to be there. A template that
 * knows nothing of calls leaves them out for whoever serves the model, too. */
static int check_any(const jp_rendered *r, const jp_chat *c, int t, jopa_error *e) {
    const jp_chat_text *text = &c->texts[t];
    for (int i = 0; i < r->n_runs; i++) {
        const jp_chat_text *other = r->runs[i].text < 0 ? NULL : &c->texts[r->runs[i].text];
        if (other && other->kind == text->kind && other->message == text->message) return JP_OK;
    }
    if (text->kind == JP_TEXT_CALL && !strstr(r->source, "tool_call")) return JP_OK;
    if (text->kind == JP_TEXT_TOOL)
        return jp_fail(e, JOPA_ERROR_INPUT, "the model's chat template leaves out the `tools`");
    return refuse_lost(c, "the tool calls of", text->message, e);
}

static int check_lost(const jp_rendered *r, const jp_chat *c, jopa_error *e) {
    int status = JP_OK;
    for (int t = 0; t < c->n_texts && !status; t++) {
        const jp_chat_text *text = &c->texts[t];
        size_t              size = strlen(json_string_value(text->node));
        if (!size || text->kind == JP_TEXT_THINKING) continue;
        if (text->kind != JP_TEXT_CONTENT) {
            status = check_any(r, c, t, e);
            continue;
        }
        bool *there = calloc(size, sizeof *there);
        if (!there) return jp_fail_memory(e);
        mark_there(r, t, size, there);
        status = check_content(r, c, t, there, e);
        free(there);
    }
    return status;
}

/* ---- all of it ----------------------------------------------------------------------------------------------------
 */

static void take_rendered(jp_prompt *p, jp_rendered *r) {
    p->text = r->text;
    p->size = r->size;
    p->template_name = r->template_name;
    p->template_hash = r->template_hash;
    p->template_date = r->template_date;
    p->date_set = r->date_set;
    r->text = r->template_name = r->template_hash = r->template_date = NULL;
}

int jp_place(jp_prompt *p, jp_rendered *r, const jp_chat *c, jopa_error *e) {
    size_t valid = jp_utf8_valid(r->text, r->size);
    int    status = valid == r->size ? JP_OK
                                     : jp_fail(e, JOPA_ERROR_MODEL,
                                               "the model's chat template yields invalid UTF-8 at byte %zu", valid);
    if (!status) status = check_lost(r, c, e);
    if (!status) status = end_rendered(r, c, e);
    if (!status) take_rendered(p, r);
    if (!status) status = place_runs(p, r, c, e);
    if (!status) status = jp_thinking_split(p, e);
    jp_rendered_free(r);
    return status;
}
