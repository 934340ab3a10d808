#include "base/buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/locale.h"

void jp_buffer_free(jp_buffer *b) {
    free(b->data);
    *b = (jp_buffer){0};
}

static bool reserve_buffer(jp_buffer *b, size_t more) {
    if (b->failed) return false;
    size_t need = b->size + more + 1;
    if (need <= b->capacity) return true;
    size_t capacity = b->capacity ? b->capacity : 256;
    while (capacity < need) capacity *= 2;
    char *data = realloc(b->data, capacity);
    if (!data) {
        b->failed = true;
        return false;
    }
    b->data = data;
    b->capacity = capacity;
    return true;
}

void jp_buffer_bytes(jp_buffer *b, const void *data, size_t size) {
    if (!reserve_buffer(b, size)) return;
    if (size) memcpy(b->data + b->size, data, size);
    b->size += size;
    b->data[b->size] = '\0';
}

void jp_buffer_text(jp_buffer *b, const char *text) { jp_buffer_bytes(b, text, strlen(text)); }

void jp_buffer_format(jp_buffer *b, const char *format, ...) {
    va_list     args, again;
    jp_c_locale l = jp_c_locale_enter();
    va_start(args, format);
    va_copy(again, args);
    int size = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (size >= 0 && reserve_buffer(b, (size_t)size)) {
        vsnprintf(b->data + b->size, (size_t)size + 1, format, again);
        b->size += (size_t)size;
    } else {
        b->failed = true;
    }
    va_end(again);
    jp_c_locale_leave(l);
}

char *jp_buffer_take(jp_buffer *b, size_t *size) {
    jp_buffer_bytes(b, "", 0);
    char *data = b->failed ? NULL : b->data;
    if (size) *size = data ? b->size : 0;
    if (!data) free(b->data);
    *b = (jp_buffer){0};
    return data;
}
