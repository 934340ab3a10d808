/* A growing byte buffer that is always NUL-terminated. Errors are sticky: check `failed` once at the end. */
#ifndef JP_BUFFER_H
#define JP_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

typedef struct {
    char  *data; /* owned; NULL until the first append */
    size_t size; /* bytes, without the NUL */
    size_t capacity;
    bool   failed; /* an allocation failed; the content is then meaningless */
} jp_buffer;

void jp_buffer_free(jp_buffer *b);
void jp_buffer_bytes(jp_buffer *b, const void *data, size_t size);
void jp_buffer_text(jp_buffer *b, const char *text);
/* As printf does in the "C" locale. */
void jp_buffer_format(jp_buffer *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The content as a malloc'd string that the caller owns, or NULL when failed; the buffer is empty afterwards. */
char *jp_buffer_take(jp_buffer *b, size_t *size);

#endif
