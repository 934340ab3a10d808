/* Templated text -> tokens with byte ranges. */
#ifndef JP_TOKENS_H
#define JP_TOKENS_H

#include "prompt/prompt.h"
#include "prompt/source.h"

/* Tokens of a text. Ranges ascend; they are empty for what is not in the text (BOS, an added leading space). */
typedef struct {
    jp_token *tokens; /* owned; units are -1 */
    bool     *fixed;  /* owned, [n]: control tokens (BOS, <|im_end|>), which are never hidden */
    int       n;
} jp_token_list;

void jp_token_list_free(jp_token_list *l); /* safe on a zeroed struct */

/* Find the byte ranges of ids[n] in `text` by laying their pieces end to end. Allowed for: a BOS that is not in the
 * text; a BOS both in the text and added by the tokenizer (the added one is dropped); an EOS appended by it
 * (dropped); the space that SentencePiece models put before a text; spaces next to control tokens that some
 * tokenizers swallow; tokens for unknown characters, which get the bytes up to the next known token.
 * JOPA_ERROR_UNSUPPORTED when pieces and text differ otherwise. On success the caller frees *out. */
int jp_tokens_align(jp_token_list *out, const jp_prompt_source *source, const char *text, size_t size,
                    const int32_t *ids, int n, jopa_error *e);

/* Tokenize p->text. The whole text is tokenized at once with special tokens parsed, as the model was trained to see
 * it. When that finds a control token within a span and `raw` is false, a content imitates the template
 * ("<|im_end|>"): then only the template's own control tokens are parsed, and each run between two of them is
 * tokenized as plain text, which leaves all other token boundaries as they are. (Tokens that the vocabulary calls
 * user-defined rather than control are parsed by tokenizers in any text.) With `raw` the writer of the
 * text is its template, and control tokens are parsed everywhere.
 * On success the caller frees *out. */
int jp_tokens_build(jp_token_list *out, const jp_prompt_source *source, const jp_prompt *p, bool raw, jopa_error *e);

#endif
