/* JSON as text. */
#ifndef SERVE_JSON_TEXT_H
#define SERVE_JSON_TEXT_H

struct json_t;

/* Takes `value`. Malloc'd, in one line, its numbers with `digits` significant digits (0: all); NULL: `value` is NULL,
 * or there is no memory. */
char *json_text(struct json_t *value, int digits);

#endif
