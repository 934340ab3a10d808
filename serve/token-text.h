/* Tokens as JSON can hold them: a token may be a part of a character. */
#ifndef SERVE_TOKEN_TEXT_H
#define SERVE_TOKEN_TEXT_H

#include <jopa.h>

/* malloc'd: the token's text, "bytes:\xe2\x80" where it is no text by itself, "token_id:5" with `ids`. */
char *token_name(const jopa_model *m, int32_t id, bool ids);
/* malloc'd: the text of n tokens, what is no UTF-8 in it replaced; control tokens leave nothing. */
char *tokens_text(const jopa_model *m, const int32_t *ids, int n);
/* How many characters begin in the token's text. */
long token_characters(const jopa_model *m, int32_t id);

#endif
