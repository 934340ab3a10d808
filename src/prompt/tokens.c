#include "prompt/tokens.h"

#include <stdlib.h>
#include <string.h>

#include "prompt/range.h"

void jp_token_list_free(jp_token_list *l) {
    free(l->tokens);
    free(l->fixed);
    *l = (jp_token_list){0};
}

/* ---- runs of plain text between the template's control tokens -------------------------------------------- */

typedef struct {
    int32_t *ids;
    int      n;
} id_list;

static int append_tokens(id_list *l, const int32_t *ids, int n, jopa_error *e) {
    if (n <= 0) return JP_OK;
    int32_t *grown = realloc(l->ids, ((size_t)l->n + (size_t)n) * sizeof *grown);
    if (!grown) return jp_fail_memory(e);
    memcpy(grown + l->n, ids, (size_t)n * sizeof *ids);
    l->ids = grown;
    l->n += n;
    return JP_OK;
}

static int append_plain(id_list *l, const jp_prompt_source *source, const char *text, jp_range r, jopa_error *e) {
    int32_t *ids = NULL;
    int      n = 0;
    if (r.start >= r.end) return JP_OK;
    int status = source->tokenize(source->user, text + r.start, r.end - r.start, false, &ids, &n, e);
    if (!status) status = append_tokens(l, ids, n, e);
    free(ids);
    return status;
}

static int tokenize_special(jp_token_list *out, const jp_prompt_source *source, const char *text, size_t size,
                            jopa_error *e) {
    int32_t *ids = NULL;
    int      n = 0;
    int      status = source->tokenize(source->user, text, size, true, &ids, &n, e);
    if (!status) status = jp_tokens_align(out, source, text, size, ids, n, e);
    free(ids);
    return status;
}

/* Go through the template's text `piece`: plain text from *from up to each control token, and that token. */
static int append_template(id_list *l, const jp_prompt_source *source, const char *text, jp_range piece, size_t *from,
                           jopa_error *e) {
    jp_token_list list = {0};
    if (piece.start >= piece.end) return JP_OK;
    int status = tokenize_special(&list, source, text + piece.start, piece.end - piece.start, e);
    for (int i = 0; i < list.n && !status; i++) {
        const jp_token *t = &list.tokens[i];
        if (!list.fixed[i] || t->start == t->end) continue;
        status = append_plain(l, source, text, (jp_range){*from, piece.start + t->start}, e);
        if (!status) status = append_tokens(l, &t->id, 1, e);
        *from = piece.start + t->end;
    }
    jp_token_list_free(&list);
    return status;
}

/* Stretch i of what is a person's. */
static jp_range person_at(const jp_prompt *p, int i) {
    return p->persons ? p->persons[i] : (jp_range){p->spans[i].start, p->spans[i].end};
}

static int count_persons(const jp_prompt *p) { return p->persons ? p->n_persons : p->n_spans; }

/* `whole`: the tokens of the whole text, for the BOS that is not in it. */
static int tokenize_runs(jp_token_list *out, const jp_prompt_source *source, const jp_prompt *p,
                         const jp_token_list *whole, jopa_error *e) {
    id_list l = {0};
    size_t  from = 0, template_start = 0;
    int     status = JP_OK, n = count_persons(p);
    if (whole->n && whole->fixed[0] && whole->tokens[0].start == whole->tokens[0].end)
        status = append_tokens(&l, &whole->tokens[0].id, 1, e);
    for (int s = 0; s <= n && !status; s++) {
        size_t template_end = s < n ? person_at(p, s).start : p->size;
        status = append_template(&l, source, p->text, (jp_range){template_start, template_end}, &from, e);
        if (s < n) template_start = person_at(p, s).end;
    }
    if (!status) status = append_plain(&l, source, p->text, (jp_range){from, p->size}, e);
    if (!status) status = jp_tokens_align(out, source, p->text, p->size, l.ids, l.n, e);
    free(l.ids);
    return status;
}

static bool imitates_template(const jp_token_list *l, const jp_prompt *p) {
    int n = count_persons(p);
    for (int i = 0, s = 0; i < l->n; i++) {
        const jp_token *t = &l->tokens[i];
        if (!l->fixed[i]) continue;
        while (s < n && person_at(p, s).end <= t->start) s++;
        if (s < n && person_at(p, s).start < t->end) return true;
    }
    return false;
}

int jp_tokens_build(jp_token_list *out, const jp_prompt_source *source, const jp_prompt *p, bool raw, jopa_error *e) {
    jp_token_list whole = {0};
    int           status = tokenize_special(&whole, source, p->text, p->size, e);
    if (status) return status;
    if (raw || !imitates_template(&whole, p)) {
        *out = whole;
        return JP_OK;
    }
    status = tokenize_runs(out, source, p, &whole, e);
    jp_token_list_free(&whole);
    return status;
}
