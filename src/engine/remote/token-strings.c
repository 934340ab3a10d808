#include "engine/remote/token-strings.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/utf8.h"

/* GPT-2's alphabet: printable bytes of Latin-1 are themselves, the other 68 follow from U+0100 on. */
static bool is_itself(unsigned byte) {
    return (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
}

static int byte_of(uint32_t point) {
    if (point < 256) return is_itself(point) ? (int)point : -1;
    unsigned left = point - 256;
    for (unsigned byte = 0; byte < 256; byte++)
        if (!is_itself(byte) && left-- == 0) return (int)byte;
    return -1;
}

static uint32_t next_point(const char **at) {
    const unsigned char *s = (const unsigned char *)*at;
    int                  more = *s < 0x80 ? 0 : *s < 0xe0 ? 1 : *s < 0xf0 ? 2 : 3;
    uint32_t             point = more ? *s & (0x3fu >> more) : *s;
    for (int i = 1; i <= more; i++) point = point << 6 | (s[i] & 0x3fu);
    *at += more + 1;
    return point;
}

static bool decode_gpt2(const char *text, jp_buffer *out) {
    while (*text) {
        int byte = byte_of(next_point(&text));
        if (byte < 0) return false;
        jp_buffer_bytes(out, &(char){(char)byte}, 1);
    }
    return true;
}

/* "<0x0A>" is a byte, U+2581 a space. */
static bool decode_sentencepiece(const char *text, jp_buffer *out) {
    static const char SPACE[] = "\xe2\x96\x81";
    unsigned          byte;
    char              end;
    if (strlen(text) == 6 && !strncmp(text, "<0x", 3) && (byte = (unsigned)strtoul(text + 3, NULL, 16)) < 256 &&
        text[5] == '>') {
        end = (char)byte;
        jp_buffer_bytes(out, &end, 1);
        return true;
    }
    while (*text) {
        bool space = !strncmp(text, SPACE, sizeof SPACE - 1);
        if (space) jp_buffer_bytes(out, " ", 1);
        else jp_buffer_bytes(out, text, 1);
        text += space ? sizeof SPACE - 1 : 1;
    }
    return true;
}

/* All of them into pieces; whether they are that text, which a tokenizer may have put a space or a first token
 * before. */
static bool decode_all(const json_t *strings, bool (*decode)(const char *, jp_buffer *), const char *text,
                       jp_wire_tokens *out) {
    jp_buffer whole = {0};
    bool      fine = true;
    for (int i = 0; i < out->n && fine; i++) {
        jp_buffer   piece = {0};
        const char *string = json_string_value(json_array_get(strings, (size_t)i));
        fine = string && decode(string, &piece) && !piece.failed &&
               jp_wire_add_piece(out, i, piece.data ? piece.data : "", piece.size);
        jp_buffer_bytes(&whole, piece.data ? piece.data : "", piece.size);
        jp_buffer_free(&piece);
    }
    size_t size = text ? strlen(text) : 0;
    fine =
        fine && !whole.failed && (!text || (whole.size >= size && !memcmp(whole.data + whole.size - size, text, size)));
    jp_buffer_free(&whole);
    return fine;
}

static void drop_pieces(jp_wire_tokens *t) {
    for (int i = 0; t->pieces && i < t->n; i++) free(t->pieces[i]);
    free(t->pieces);
    free(t->sizes);
    t->pieces = NULL;
    t->sizes = NULL;
}

bool jp_token_strings(const json_t *strings, const char *text, jp_wire_tokens *out) {
    static bool (*const alphabets[])(const char *, jp_buffer *) = {decode_gpt2, decode_sentencepiece};
    if (!json_is_array(strings) || json_array_size(strings) != (size_t)out->n) return false;
    if (!out->n) return true;
    for (size_t i = 0; i < 2; i++) {
        if (decode_all(strings, alphabets[i], text, out)) return true;
        drop_pieces(out);
    }
    return false;
}
