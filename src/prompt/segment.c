#include "prompt/segment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/excerpt.h"
#include "base/utf8.h"
#include "prompt/range.h"

/* ---- spans ---------------------------------------------------------------------------------------------- */

/* Insert a span so that spans stay in text order. */
static int add_span(jp_prompt *p, int **message, jp_range r, const char *role, int index, jopa_error *e) {
    jp_span *spans = realloc(p->spans, ((size_t)p->n_spans + 1) * sizeof *spans);
    if (spans) p->spans = spans;
    int *owners = realloc(*message, ((size_t)p->n_spans + 1) * sizeof *owners);
    if (owners) *message = owners;
    char *copy = strdup(role);
    if (!spans || !owners || !copy) {
        free(copy);
        return jp_fail_memory(e);
    }
    int at = p->n_spans++;
    for (; at > 0 && spans[at - 1].start > r.start; at--) {
        spans[at] = spans[at - 1];
        owners[at] = owners[at - 1];
    }
    spans[at] =
        (jp_span){.start = r.start, .end = r.end, .role = copy, .message = index, .text = index, .content = true};
    owners[at] = index;
    return JP_OK;
}

/* ---- the template --------------------------------------------------------------------------------------- */

static int refuse_segment(const char *const *roles, int n, const char *what, jopa_error *e) {
    jp_buffer list = {0};
    for (int i = 0; i < n; i++) {
        if (i) jp_buffer_text(&list, ", ");
        jp_buffer_text(&list, roles[i]);
    }
    int status =
        list.failed ? jp_fail_memory(e)
                    : jp_fail(e, JOPA_ERROR_INPUT, "the model's chat template does not take messages of roles: %s (%s)",
                              jp_excerpt(list.data ? list.data : "none", 200).text,
                              what[0] ? jp_excerpt(what, 200).text : "no reason given");
    jp_buffer_free(&list);
    return status;
}

static int apply(const jp_prompt_source *source, const char *const *roles, const char *const *contents, int n,
                 char **text, jopa_error *e) {
    jopa_error inner = {0};
    *text = NULL;
    int status = source->apply_template(source->user, roles, contents, n, text, &inner);
    if (status == JOPA_ERROR_MEMORY) return jp_fail_memory(e);
    if (status || !*text) return refuse_segment(roles, n, inner.message, e);
    size_t size = strlen(*text), valid = jp_utf8_valid(*text, size);
    if (valid == size) return JP_OK;
    free(*text);
    *text = NULL;
    return jp_fail(e, JOPA_ERROR_MODEL, "the model's chat template yields invalid UTF-8 at byte %zu", valid);
}

/* A word that a template keeps as it is and that does not occur in `text`. */
static void choose_probe(char *out, size_t size, const char *text) {
    unsigned k = 0;
    do snprintf(out, size, "Jopaprobe%uend", k++);
    while (strstr(text, out));
}

/* ---- where content i landed ------------------------------------------------------------------------------- */

/* `probed` is the templated text with content i replaced by `probe` (`length` bytes), `times` times. Then content i
 * takes x = (size - (probed size - times * length)) / times bytes in `text`. Add its spans if all that is constant
 * agrees; *matched tells. */
static int match_probe(jp_prompt *p, int **message, const char *probed, const char *probe, const char *role, int i,
                       bool *matched, jopa_error *e) {
    size_t length = strlen(probe), times = 0, rest = strlen(probed);
    for (const char *at = strstr(probed, probe); at; at = strstr(at + length, probe)) times++;
    rest -= times * length;
    *matched = times && rest <= p->size && (p->size - rest) % times == 0;
    if (!*matched) return JP_OK;
    size_t x = (p->size - rest) / times;

    for (int add = 0; add <= 1; add++) { /* first compare, then add */
        const char *from = probed;
        size_t      at = 0;
        for (size_t t = 0; t <= times; t++) {
            const char *next = strstr(from, probe);
            size_t      constant = next ? (size_t)(next - from) : strlen(from);
            *matched = !memcmp(p->text + at, from, constant);
            if (!*matched) return JP_OK;
            at += constant;
            if (!next) break;
            if (add && x) {
                int status = add_span(p, message, (jp_range){at, at + x}, role, i, e);
                if (status) return status;
            }
            at += x;
            from = next + length;
        }
    }
    return JP_OK;
}

static const char *trimmed(const char *s, size_t *size) {
    s += strspn(s, " \t\r\n");
    *size = strlen(s);
    while (*size && strchr(" \t\r\n", s[*size - 1])) (*size)--;
    return s;
}

/* The content, trimmed, when it occurs exactly once: for templates whose own text depends on a content. */
static bool find_only(const jp_prompt *p, const char *content, jp_range *r) {
    size_t      size;
    const char *core = trimmed(content, &size), *found = NULL;
    if (!size) return false;
    for (const char *at = p->text; (at = strchr(at, core[0])); at++) {
        if (strncmp(at, core, size)) continue;
        if (found) return false;
        found = at;
    }
    if (!found) return false;
    r->start = (size_t)(found - p->text);
    r->end = r->start + size;
    return true;
}

static int locate_segment(jp_prompt *p, int **message, const jp_prompt_source *source, const char *const *roles,
                          const char **contents, int n, int i, const char *probe, jopa_error *e) {
    char       *probed;
    const char *content = contents[i];
    contents[i] = probe;
    int status = apply(source, roles, contents, n, &probed, e);
    contents[i] = content;
    if (status) return status;

    bool     matched, dropped = !strstr(probed, probe);
    jp_range only;
    status = match_probe(p, message, probed, probe, roles[i], i, &matched, e);
    free(probed);
    if (status || matched) return status;
    if (find_only(p, content, &only)) return add_span(p, message, only, roles[i], i, e);
    if (!content[strspn(content, " \t\r\n")]) return JP_OK; /* a blank one is nowhere */
    if (dropped)
        return jp_fail(e, JOPA_ERROR_INPUT, "the model's chat template leaves out or rewrites the message of role %s",
                       jp_excerpt(roles[i], 100).text);
    return jp_fail(
        e, JOPA_ERROR_UNSUPPORTED,
        "the model's chat template changes with the text: the message of role %s cannot be found in it; use `raw`",
        jp_excerpt(roles[i], 100).text);
}

int jp_segment_chat(jp_prompt *p, int **message, const jp_prompt_source *source, const char *const *roles,
                    const char *const *contents, int n, jopa_error *e) {
    char         probe[48];
    const char **changing = calloc((size_t)n + 1, sizeof *changing);
    *message = NULL;
    if (!changing) return jp_fail_memory(e);
    if (n) memcpy(changing, contents, (size_t)n * sizeof *changing);
    int status = apply(source, roles, contents, n, &p->text, e);
    if (!status) {
        p->size = strlen(p->text);
        choose_probe(probe, sizeof probe, p->text);
        for (int i = 0; i < n && !status; i++)
            if (contents[i][0]) status = locate_segment(p, message, source, roles, changing, n, i, probe, e);
    }
    free(changing);
    if (!status) return JP_OK;
    free(*message);
    *message = NULL;
    return status;
}

int jp_segment_raw(jp_prompt *p, int **message, const char *text, jopa_error *e) {
    *message = NULL;
    p->text = strdup(text);
    if (!p->text) return jp_fail_memory(e);
    p->size = strlen(text);
    if (!p->size) return JP_OK;
    int status = add_span(p, message, (jp_range){0, p->size}, "user", 0, e);
    if (status) {
        free(*message);
        *message = NULL;
    }
    return status;
}

bool jp_segment_offset(const jp_prompt *p, const jp_span *span, const char *content, size_t *offset) {
    size_t size = span->end - span->start, lead = strspn(content, " \t\r\n");
    if (strlen(content) < size) return false;
    *offset = 0;
    if (!memcmp(content, p->text + span->start, size)) return true;
    *offset = lead;
    return !strncmp(content + lead, p->text + span->start, size);
}
