/* Tokens' strings of Hugging Face's tokenizers as bytes. */
#ifndef JP_TOKEN_STRINGS_H
#define JP_TOKEN_STRINGS_H

#include "engine/remote/dialect.h"

/* The pieces of out->ids, by the strings of its tokens: in GPT-2's byte alphabet or SentencePiece's, whichever gives
 * the text (NULL: whichever can). False: neither does. */
bool jp_token_strings(const json_t *strings, const char *text, jp_wire_tokens *out);

#endif
