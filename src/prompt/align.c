/* Byte ranges of tokens: see jp_tokens_align in tokens.h. */
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "prompt/tokens.h"

#define LOWER_BLOCK "\xe2\x96\x81" /* U+2581, which SentencePiece writes for a space */

typedef struct {
    const jp_prompt_source *source;
    const char             *text;
    size_t                  size;   /* bytes of text */
    size_t                  cursor; /* text before it belongs to tokens already placed */
    char                   *piece;  /* owned: bytes of the token at hand */
    int                     length, capacity;
    bool                    control;       /* the token at hand yields nothing as plain text */
    bool                    after_control; /* so did the last placed one that has bytes */
    int                     pending;       /* tokens just before that are not placed yet */
} aligner;

static int load_piece(aligner *a, int32_t id, jopa_error *e) {
    int length = a->source->piece(a->source->user, id, true, a->piece, a->capacity);
    if (length >= a->capacity) {
        char *grown = realloc(a->piece, (size_t)length + 64);
        if (!grown) return jp_fail_memory(e);
        a->piece = grown;
        a->capacity = length + 64;
        length = a->source->piece(a->source->user, id, true, a->piece, a->capacity);
    }
    if (length < 0) return jp_fail(e, JOPA_ERROR_MODEL, "token %d has no text in the model's vocabulary", (int)id);
    a->length = length;
    char none[1];
    a->control = a->source->piece(a->source->user, id, false, none, 0) == 0;
    return JP_OK;
}

/* Bytes of text at `at` that the piece without its first `skip` bytes covers; false if they differ. */
static bool covers(const aligner *a, size_t at, int skip, size_t *bytes) {
    size_t from = at;
    for (int i = skip; i < a->length; i++) {
        if (at < a->size && a->text[at] == a->piece[i]) at++;
        else if (a->piece[i] == ' ' && a->size - at >= 3 && !memcmp(a->text + at, LOWER_BLOCK, 3)) at += 3;
        else return false;
    }
    *bytes = at - from;
    return true;
}

/* Whether the piece, or the piece without an added leading space, stands at the cursor, or else after spaces there
 * that a control token beside it swallowed. *start and *bytes tell where. */
static bool place_align(const aligner *a, size_t *start, size_t *bytes) {
    bool space = a->length && a->piece[0] == ' ';
    *start = a->cursor;
    if (covers(a, *start, 0, bytes) || (space && covers(a, *start, 1, bytes))) return true;
    if (!a->control && !a->after_control) return false;
    while (*start < a->size && strchr(" \t\r\n", a->text[*start]))
        if (covers(a, ++*start, 0, bytes)) return true;
    return space && covers(a, *start, 1, bytes);
}

/* Unplaced tokens stand for characters that the vocabulary lacks: they share the text up to `end`. */
static void settle_align(aligner *a, jp_token_list *l, size_t end) {
    int first = l->n - a->pending;
    for (int i = first; i < l->n; i++) {
        bool bos = i == 0 && (a->pending > 1 || end == a->cursor);
        l->tokens[i].start = a->cursor;
        l->tokens[i].end = bos ? a->cursor : end;
        l->fixed[i] = bos || end == a->cursor;
    }
    a->cursor = end;
    a->pending = 0;
}

/* Where the piece next occurs after unplaced tokens. */
static bool search_ahead(const aligner *a, size_t *start, size_t *bytes) {
    for (*start = a->cursor + 1; *start < a->size; ++*start)
        if (jp_utf8_is_boundary(a->text, a->size, *start) && covers(a, *start, 0, bytes) && *bytes) return true;
    return false;
}

static int align_token(aligner *a, jp_token_list *l, int32_t id, jopa_error *e) {
    size_t start = 0, bytes = 0;
    int    status = load_piece(a, id, e);
    if (status) return status;
    bool found = (a->length || !a->pending) && place_align(a, &start, &bytes);
    if (!found && a->control) {
        a->pending++;
        l->tokens[l->n++] = (jp_token){.id = id, .unit = -1};
        return JP_OK;
    }
    if (!found && !(a->pending && search_ahead(a, &start, &bytes)))
        return jp_fail(e, JOPA_ERROR_UNSUPPORTED,
                       "the model's tokenizer does not keep the text: token %d is not what stands at byte %zu", (int)id,
                       a->cursor);
    if (a->pending) settle_align(a, l, start);
    l->tokens[l->n] = (jp_token){.id = id, .start = start, .end = start + bytes, .unit = -1};
    l->fixed[l->n++] = a->control;
    a->cursor = start + bytes;
    a->after_control = a->control || (a->after_control && !bytes);
    return JP_OK;
}

/* Tokens at the start that are a BOS added in front of a BOS that the text begins with. */
static int added_bos(aligner *a, const int32_t *ids, int n, int *drop, jopa_error *e) {
    int    tokens = 0, texts = 0;
    size_t bytes, at = 0;
    *drop = 0;
    if (!n) return JP_OK;
    int status = load_piece(a, ids[0], e);
    if (status || !a->control || !a->length) return status;
    while (tokens < n && ids[tokens] == ids[0]) tokens++;
    while (covers(a, at, 0, &bytes)) {
        at += bytes;
        texts++;
    }
    *drop = texts && tokens > texts ? tokens - texts : 0;
    return JP_OK;
}

/* The end of the text: an EOS that is not in it goes, unknown tokens take what is left. */
static int finish_align(aligner *a, jp_token_list *l, jopa_error *e) {
    size_t left = a->cursor;
    while (left < a->size && strchr(" \t\r\n", a->text[left])) left++;
    bool only_spaces = left == a->size && (a->after_control || a->pending);
    if (a->cursor == a->size || only_spaces) {
        l->n -= a->pending;
        if (l->n == 0 && a->pending) { /* a BOS and nothing else */
            l->n = a->pending = 1;
            settle_align(a, l, a->cursor);
        }
        return JP_OK;
    }
    if (!a->pending)
        return jp_fail(e, JOPA_ERROR_UNSUPPORTED,
                       "the model's tokenizer does not keep the text: nothing stands for byte %zu on", a->cursor);
    settle_align(a, l, a->size);
    return JP_OK;
}

int jp_tokens_align(jp_token_list *out, const jp_prompt_source *source, const char *text, size_t size,
                    const int32_t *ids, int n, jopa_error *e) {
    aligner       a = {.source = source, .text = text, .size = size, .capacity = 256};
    jp_token_list l = {0};
    int           first = 0, status;
    a.piece = malloc((size_t)a.capacity);
    l.tokens = calloc((size_t)n + 1, sizeof *l.tokens);
    l.fixed = calloc((size_t)n + 1, sizeof *l.fixed);
    status = a.piece && l.tokens && l.fixed ? added_bos(&a, ids, n, &first, e) : jp_fail_memory(e);
    for (int i = first; i < n && !status; i++) status = align_token(&a, &l, ids[i], e);
    if (!status) status = finish_align(&a, &l, e);
    free(a.piece);
    if (status) {
        jp_token_list_free(&l);
        return status;
    }
    *out = l;
    return JP_OK;
}
