#include "token-text.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of the character at `s` of `size` bytes, 0: it is none. */
static size_t character_bytes(const char *s, size_t size) {
    unsigned char first = (unsigned char)*s;
    size_t        n = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
    if (!n || n > size) return 0;
    for (size_t i = 1; i < n; i++)
        if (((unsigned char)s[i] & 0xc0) != 0x80) return 0;
    json_t *whole = json_stringn(s, n); /* which refuses what is written too long, and surrogates */
    json_decref(whole);
    return whole ? n : 0;
}

/* The token's bytes, malloc'd, *size of them. */
static char *piece_of(const jopa_model *m, int32_t id, bool special, size_t *size) {
    int   n = jopa_model_piece(m, id, special, NULL, 0);
    char *bytes = malloc((size_t)n + 1);
    if (!bytes) return NULL;
    if (n) n = jopa_model_piece(m, id, special, bytes, n);
    bytes[n] = '\0';
    *size = (size_t)n;
    return bytes;
}

static bool is_whole_text(const char *bytes, size_t size) {
    for (size_t at = 0, n; at < size; at += n)
        if (!(n = character_bytes(bytes + at, size - at)) || !bytes[at]) return false;
    return true;
}

/* "bytes:\xe2\x80" */
static char *bytes_name(const char *bytes, size_t size) {
    char *text = malloc(7 + 4 * size), *at = text;
    if (!text) return NULL;
    at = stpcpy(at, "bytes:");
    for (size_t i = 0; i < size; i++) at += sprintf(at, "\\x%02x", (unsigned char)bytes[i]);
    return text;
}

char *token_name(const jopa_model *m, int32_t id, bool ids) {
    size_t size = 0;
    char  *text = NULL;
    if (ids) return asprintf(&text, "token_id:%d", (int)id) < 0 ? NULL : text;
    char *bytes = piece_of(m, id, true, &size);
    if (!bytes || is_whole_text(bytes, size)) return bytes;
    text = bytes_name(bytes, size);
    free(bytes);
    return text;
}

static void put_repaired(FILE *f, const char *bytes, size_t size) {
    for (size_t at = 0; at < size;) {
        size_t n = bytes[at] ? character_bytes(bytes + at, size - at) : 0;
        if (n) fwrite(bytes + at, 1, n, f);
        else fputs("\xef\xbf\xbd", f);
        at += n ? n : 1;
    }
}

static void write_pieces(FILE *f, const jopa_model *m, const int32_t *ids, int n) {
    for (int i = 0; i < n; i++) {
        size_t size = 0;
        char  *bytes = piece_of(m, ids[i], false, &size);
        if (bytes) fwrite(bytes, 1, size, f);
        free(bytes);
    }
}

char *tokens_text(const jopa_model *m, const int32_t *ids, int n) {
    char  *raw = NULL, *text = NULL;
    size_t size = 0, length = 0;
    FILE  *f = open_memstream(&raw, &size);
    if (!f) return NULL;
    write_pieces(f, m, ids, n);
    if (fclose(f) || !(f = open_memstream(&text, &length))) return free(raw), NULL;
    put_repaired(f, raw, size);
    free(raw);
    return fclose(f) ? free(text), NULL : text;
}

long token_characters(const jopa_model *m, int32_t id) {
    size_t size = 0;
    char  *bytes = piece_of(m, id, false, &size);
    long   n = 0;
    for (size_t i = 0; bytes && i < size; i++) n += ((unsigned char)bytes[i] & 0xc0) != 0x80;
    free(bytes);
    return n;
}
