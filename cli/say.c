#include "say.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "command.h"

/* Bytes of the UTF-8 character at `s`, 0 where there is none (Unicode table 3-7). `s` ends with a NUL. */
static int character_size(const char *s) {
    const unsigned char *c = (const unsigned char *)s;
    int                  size = c[0] < 0x80                   ? 1
                                : c[0] >= 0xc2 && c[0] < 0xe0 ? 2
                                : c[0] >= 0xe0 && c[0] < 0xf0 ? 3
                                : c[0] >= 0xf0 && c[0] < 0xf5 ? 4
                                                              : 0;
    for (int i = 1; i < size; i++)
        if ((c[i] & 0xc0) != 0x80) return 0;
    bool overlong = (c[0] == 0xe0 && c[1] < 0xa0) || (c[0] == 0xf0 && c[1] < 0x90);
    bool beyond = (c[0] == 0xed && c[1] > 0x9f) || (c[0] == 0xf4 && c[1] > 0x8f);
    return size > 1 && (overlong || beyond) ? 0 : size;
}

/* C0, DEL and C1 steer a terminal; U+2028 and U+2029 end a line. */
static bool steers_terminal(const char *s, int size) {
    const unsigned char *c = (const unsigned char *)s;
    return (size == 1 && (c[0] < 0x20 || c[0] == 0x7f)) || (size == 2 && c[0] == 0xc2 && c[1] < 0xa0) ||
           (size == 3 && c[0] == 0xe2 && c[1] == 0x80 && (c[2] == 0xa8 || c[2] == 0xa9));
}

static unsigned code_point(const char *s, int size) {
    unsigned c = (unsigned char)*s & (size == 1 ? 0x7fu : 0xffu >> (size + 1));
    for (int i = 1; i < size; i++) c = c << 6 | ((unsigned char)s[i] & 0x3fu);
    return c;
}

/* Invisible characters and those that move others: soft hyphens, joiners, bidirectional controls, tags and the like. */
static bool is_unseen(unsigned c) {
    static const unsigned ranges[][2] = {{0xad, 0xad},     {0x34f, 0x34f},   {0x61c, 0x61c},   {0x115f, 0x1160},
                                         {0x17b4, 0x17b5}, {0x180b, 0x180f}, {0x200b, 0x200f}, {0x202a, 0x202e},
                                         {0x2060, 0x206f}, {0x2800, 0x2800}, {0x3164, 0x3164}, {0xfe00, 0xfe0f},
                                         {0xfeff, 0xfeff}, {0xffa0, 0xffa0}, {0xfff0, 0xfffb}, {0xe0000, 0xe0fff}};
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if (c >= ranges[i][0] && c <= ranges[i][1]) return true;
    return false;
}

/* `line` as one line of valid UTF-8, in out: at most MARK bytes for each. */
enum { MARK = 14 }; /* "⟨U+E0041⟩" */
static void clean_line(const char *line, char *out) {
    while (*line) {
        char        mark[32];
        int         size = character_size(line);
        const char *shown = !size ? "\xef\xbf\xbd" : steers_terminal(line, size) ? " " : NULL;
        if (size && !shown && is_unseen(code_point(line, size))) {
            snprintf(mark, sizeof mark, "\xe2\x9f\xa8U+%04X\xe2\x9f\xa9", code_point(line, size));
            shown = mark;
        }
        if (shown) out = stpcpy(out, shown);
        else out = (char *)memcpy(out, line, (size_t)size) + size;
        line += size ? size : 1;
        while (!size && ((unsigned char)*line & 0xc0) == 0x80) line++; /* the rest of what is no character */
    }
    *out = '\0';
}

/* A line that did not fit ends between two characters. */
static void cut_last(char *line, size_t size) {
    while (size && ((unsigned char)line[size - 1] & 0xc0) == 0x80) size--;
    line[size ? size - 1 : 0] = '\0';
}

int say(int code, const char *format, ...) {
    char    line[1024], clean[MARK * sizeof line];
    va_list args;
    va_start(args, format);
    int size = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (size >= (int)sizeof line) cut_last(line, sizeof line - 1);
    clean_line(size < 0 ? format : line, clean);
    fprintf(stderr, "jopa: %s\n", clean);
    return code;
}

void clean_text(const char *text, char *out, size_t room) {
    char line[200], clean[MARK * sizeof line];
    int  size = snprintf(line, sizeof line, "%s", text);
    if (size >= (int)sizeof line) cut_last(line, sizeof line - 1);
    clean_line(line, clean);
    size = snprintf(out, room, "%s", clean);
    if (size >= (int)room) cut_last(out, room - 1);
}

/* The command's syntax of an option that a message names: `max_tokens` is --max-tokens. NULL: no option. */
static const char *flag_of(const char *name, size_t size) {
    const jopa_option_info *o;
    for (int i = 0; (o = jopa_option_at(NULL, i)); i++)
        if (strlen(o->name) == size && !memcmp(o->name, name, size)) return o->flag;
    return NULL;
}

int say_error(const jopa_error *e) {
    char        line[2 * sizeof e->message] = "";
    size_t      used = 0;
    const char *at = e->message;
    while (*at && used < sizeof line - 1) {
        const char *end = *at == '`' ? strchr(at + 1, '`') : NULL;
        const char *flag = end ? flag_of(at + 1, (size_t)(end - at - 1)) : NULL;
        if (flag) used += (size_t)snprintf(line + used, sizeof line - used, "--%s", flag);
        else line[used++] = *at;
        at = flag ? end + 1 : at + 1;
    }
    int code = e->code == JOPA_ERROR_USAGE         ? EXIT_USAGE
               : e->code == JOPA_ERROR_INTERRUPTED ? EXIT_INTERRUPTED
                                                   : EXIT_FAILED;
    return say(code, "%s", line);
}
