/* A target as people write it: what of the response counts, before there is a response. */
#ifndef JP_TARGET_WISH_H
#define JP_TARGET_WISH_H

#include <stddef.h>

#include "base/error.h"

typedef enum {
    JP_TARGET_BYTES,    /* "0:12": bytes `start` to `end` of the response */
    JP_TARGET_TEXT,     /* "Paris", "Paris#2": a text, its `number`th occurrence */
    JP_TARGET_SENTENCE, /* "sentence:2": its `number`th sentence */
    JP_TARGET_SENTENCES /* "sentence:all": each of its sentences, one target each */
} jp_target_kind;

/* Points into what was given. */
typedef struct {
    jp_target_kind kind;
    const char    *given;
    size_t         start, end;
    const char    *text; /* [size], without a number behind it; what follows is part of the text where that occurs */
    size_t         size;
    int            number; /* from 1 */
} jp_target_wish;

/* "=" before it makes a text of what looks like bytes or a sentence. JOPA_ERROR_USAGE: it is empty, the bytes are not
 * in order, or a sentence has no number. */
int jp_target_wish_parse(jp_target_wish *out, const char *given, jopa_error *e);

#endif
