#include "prompt/build.h"

#include <stdlib.h>
#include <string.h>

#include "base/excerpt.h"
#include "base/utf8.h"
#include "prompt/chat.h"
#include "prompt/marks.h"
#include "prompt/place.h"
#include "prompt/protect.h"
#include "prompt/segment.h"
#include "prompt/tokens.h"
#include "prompt/units.h"

/* The options with their defaults, and what is made of the contents on the way. */
typedef struct {
    const jp_prompt_source  *source;
    const jp_prompt_options *o;
    const char              *mask_roles;
    jp_unit_kind             kind;
    jp_chat                  chat;     /* where the source renders */
    jp_marks                *marks;    /* [n_texts] zeroed where a text has none; owned */
    int                      n_texts;  /* of the chat, or messages */
    const char             **contents; /* [n] without markers; owned array of borrowed strings; NULL with a chat */
    jp_range                *ranges;   /* marks in the templated text; owned */
    int                      n_ranges;
    jp_token_list            tokens;
} work;

static void work_free(work *w) {
    for (int i = 0; w->marks && i < w->n_texts; i++) jp_marks_free(&w->marks[i]);
    free(w->marks);
    free(w->contents);
    jp_chat_free(&w->chat);
    free(w->ranges);
    jp_token_list_free(&w->tokens);
}

static const char *role_of(const jp_prompt_options *o, int i) { return o->raw ? "user" : o->roles[i]; }

/* ---- input ---------------------------------------------------------------------------------------------- */

/* A role stands in the template's own text, where special tokens are parsed: it has to be a plain name. */
static bool is_role_name(const char *role) {
    size_t length = strspn(role, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.");
    return length && !role[length];
}

static int check_input(const work *w, jopa_error *e) {
    const jp_prompt_options *o = w->o;
    bool                     text = false;
    if (w->kind == JP_UNIT_MARKED && o->keep_marked)
        return jp_fail(e, JOPA_ERROR_USAGE, "`unit` marked: marked spans are what is kept here; choose another unit");
    if (o->raw && o->n != 1) return jp_fail(e, JOPA_ERROR_USAGE, "a raw prompt is one text, not %d messages", o->n);
    for (int i = 0; i < o->n; i++) {
        size_t size = strlen(o->contents[i]), valid = jp_utf8_valid(o->contents[i], size);
        if (!is_role_name(role_of(o, i)))
            return jp_fail(e, JOPA_ERROR_INPUT,
                           "message %d has a role that is not a name of letters, digits, '_', '-' and '.'", i + 1);
        if (valid < size)
            return jp_fail(e, JOPA_ERROR_INPUT, "the text of role %s is not valid UTF-8 at byte %zu",
                           jp_excerpt(role_of(o, i), 100).text, valid);
        text |= size > 0 || (o->extras && o->extras[i]);
    }
    return text ? JP_OK : jp_fail(e, JOPA_ERROR_INPUT, "the prompt is empty");
}

/* ---- marks ---------------------------------------------------------------------------------------------- */

static bool reads_marks(const work *w, const char *role) {
    return (w->kind == JP_UNIT_MARKED || w->o->keep_marked) && jp_role_listed(w->mask_roles, role);
}

static int strip_contents(work *w, jopa_error *e) {
    const jp_prompt_options *o = w->o;
    w->n_texts = o->n;
    w->marks = calloc((size_t)o->n + 1, sizeof *w->marks);
    w->contents = calloc((size_t)o->n + 1, sizeof *w->contents);
    if (!w->marks || !w->contents) return jp_fail_memory(e);
    for (int i = 0; i < o->n; i++) {
        w->contents[i] = o->contents[i];
        if (!reads_marks(w, role_of(o, i))) continue;
        int status = jp_marks_parse(&w->marks[i], o->contents[i], strlen(o->contents[i]), e);
        if (status) return status;
        w->contents[i] = w->marks[i].text;
    }
    return JP_OK;
}

static int strip_texts(work *w, jopa_error *e) {
    w->n_texts = w->chat.n_texts;
    w->marks = calloc((size_t)w->n_texts + 1, sizeof *w->marks);
    if (!w->marks) return jp_fail_memory(e);
    for (int i = 0; i < w->n_texts; i++) {
        const jp_chat_text *text = &w->chat.texts[i];
        const char         *said = json_string_value(text->node);
        if (!reads_marks(w, text->role)) continue;
        int status = jp_marks_parse(&w->marks[i], said, strlen(said), e);
        if (status) return status;
        if (json_string_set(text->node, w->marks[i].text)) return jp_fail_memory(e);
    }
    return JP_OK;
}

/* Marks of texts -> ranges of the templated text. */
static int place_marks(work *w, const jp_prompt *p, jopa_error *e) {
    size_t count = 0;
    for (int s = 0; s < p->n_spans; s++) count += (size_t)w->marks[p->spans[s].text].n_ranges;
    w->ranges = calloc(count + 1, sizeof *w->ranges);
    if (!w->ranges) return jp_fail_memory(e);
    for (int s = 0; s < p->n_spans; s++) {
        const jp_marks *m = &w->marks[p->spans[s].text];
        for (int i = 0; i < m->n_ranges; i++) {
            jp_range r = jp_span_place(&p->spans[s], m->ranges[i]);
            if (r.start < r.end) w->ranges[w->n_ranges++] = r;
        }
    }
    return JP_OK;
}

/* ---- the stages in order -------------------------------------------------------------------------------- */

static int render_chat(work *w, jp_prompt *p, jopa_error *e) {
    jp_rendered    r = {0};
    const json_t **texts = NULL;
    jp_render_task task = {0};
    int            status = jp_chat_build(&w->chat, w->o, w->source->style, e);
    if (!status) status = strip_texts(w, e);
    if (!status && !(texts = malloc(((size_t)w->n_texts + 1) * sizeof *texts))) status = jp_fail_memory(e);
    if (status) return status;
    for (int i = 0; i < w->n_texts; i++) texts[i] = w->chat.texts[i].node;
    task = (jp_render_task){w->chat.messages, w->chat.tools, texts, w->n_texts, w->chat.begun};
    status = w->source->render(w->source->user, &task, &r, e);
    free(texts);
    if (!status) return jp_place(p, &r, &w->chat, e);
    jp_rendered_free(&r);
    return status;
}

/* Without an interpreter: only roles and contents can be told. */
static int check_simple(const work *w, jopa_error *e) {
    for (int i = 0; i < w->o->n && w->o->extras; i++)
        if (w->o->extras[i])
            return jp_fail(e, JOPA_ERROR_UNSUPPORTED,
                           "message %d has more than a role and a content, which this model's template cannot tell: "
                           "give a `template`",
                           i + 1);
    return w->o->tools
               ? jp_fail(e, JOPA_ERROR_UNSUPPORTED, "this model's template cannot tell `tools`: give a `template`")
               : JP_OK;
}

static int find_spans(work *w, jp_prompt *p, jopa_error *e) {
    int *message = NULL, status;
    if (!w->o->raw && w->source->style & JP_STYLE_RENDERS) return render_chat(w, p, e);
    status = w->o->raw ? JP_OK : check_simple(w, e);
    if (!status) status = strip_contents(w, e);
    if (!status && w->o->raw) status = jp_segment_raw(p, &message, w->contents[0], e);
    else if (!status) status = jp_segment_chat(p, &message, w->source, w->o->roles, w->contents, w->o->n, e);
    for (int s = 0; s < p->n_spans && !status; s++) {
        jp_span *span = &p->spans[s];
        if (!jp_segment_offset(p, span, w->contents[message[s]], &span->offset) && w->marks[message[s]].n_ranges)
            status = jp_fail(e, JOPA_ERROR_UNSUPPORTED,
                             "the model's chat template changes the marked text of role %s; use `raw`",
                             jp_excerpt(span->role, 100).text);
    }
    free(message);
    return status;
}

static int find_tokens(work *w, jp_prompt *p, jopa_error *e) {
    int status = jp_tokens_build(&w->tokens, w->source, p, w->o->raw, e);
    if (status) return status;
    p->tokens = w->tokens.tokens;
    p->n_tokens = w->tokens.n;
    w->tokens.tokens = NULL;
    return JP_OK;
}

static int find_units(work *w, jp_prompt *p, jopa_error *e) {
    jp_unit_options options = {
        .kind = w->kind, .mask_roles = w->mask_roles, .whole = w->o->whole_words, .fixed = w->tokens.fixed};
    int status = place_marks(w, p, e);
    options.marks = w->ranges;
    options.n_marks = w->n_ranges;
    options.may_lack = w->o->later;
    return status ? status : jp_units_build(p, &options, e);
}

/* After find_units: take away what is to stay. */
static int protect(work *w, jp_prompt *p, jopa_error *e) {
    int status = JP_OK;
    if (w->kind == JP_UNIT_MARKED) w->n_ranges = 0;
    for (int i = 0; i < w->o->n_keep && !status; i++)
        status = jp_find_occurrences(p, w->o->keep[i], &w->ranges, &w->n_ranges, e);
    if (!status) jp_units_protect(p, w->ranges, w->n_ranges);
    return status || p->n_units || w->o->later
               ? status
               : jp_fail(e, JOPA_ERROR_INPUT, "nothing to hide: all of the text is to be kept");
}

int jp_prompt_build(jp_prompt *out, const jp_prompt_source *source, const jp_prompt_options *options, jopa_error *e) {
    work      w = {.source = source, .o = options, .mask_roles = options->mask_roles ? options->mask_roles : "user"};
    jp_prompt p = {0};
    int       status = jp_unit_kind_parse(options->unit ? options->unit : "token", &w.kind, e);
    if (!status) status = check_input(&w, e);
    if (!status) status = find_spans(&w, &p, e);
    if (!status) status = find_tokens(&w, &p, e);
    if (!status) status = find_units(&w, &p, e);
    if (!status) status = protect(&w, &p, e);
    work_free(&w);
    if (status) jp_prompt_free(&p);
    else *out = p;
    return status;
}
