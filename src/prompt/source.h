/* What the prompt stage needs of a model, as callbacks, so that it does not depend on the engine stage.
 * Their contracts are those of the functions of the same names in engine/engine.h. */
#ifndef JP_SOURCE_H
#define JP_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

typedef struct {
    void *user; /* first argument of each callback */
    /* malloc'd *text, NUL-terminated, the caller frees; ends where the assistant's answer begins. */
    int (*apply_template)(void *user, const char *const *roles, const char *const *contents, int n, char **text,
                          jopa_error *);
    /* malloc'd *ids[*n], the caller frees. `special`: parse special tokens and let the model add its BOS and EOS. */
    int (*tokenize)(void *user, const char *text, size_t size, bool special, int32_t **ids, int *n, jopa_error *);
    /* Bytes of a token into out[size], returns the length needed; control tokens yield nothing unless `special`. */
    int (*piece)(void *user, int32_t id, bool special, char *out, int size);
} jp_prompt_source;

#endif
