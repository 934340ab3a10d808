/* Operators: how a hidden unit looks to the model. A masked prompt becomes a row of symbols, which is
 * what engines score: a symbol >= 0 is a token id, JP_SYMBOL_ZERO and JP_SYMBOL_MEAN are embedding rows. */
#ifndef JP_MASK_H
#define JP_MASK_H

#include "prompt/prompt.h"

enum { JP_SYMBOL_ZERO = -1, JP_SYMBOL_MEAN = -2 };

typedef enum { JP_OPERATOR_ZERO, JP_OPERATOR_MEAN, JP_OPERATOR_DELETE, JP_OPERATOR_TOKEN } jp_operator_kind;

typedef struct {
    jp_operator_kind kind;
    int32_t          token; /* JP_OPERATOR_TOKEN: what stands in for each hidden token */
} jp_operator;

/* Write the symbols of the prompt with `mask` (NULL: nothing) hidden into out[p->n_tokens]; returns how many. */
int jp_mask_symbols(const jp_prompt *p, const jp_operator *op, const jp_bitset *mask, int32_t *out);

/* Parse "zero", "mean", "delete"; "token:TEXT" leaves kind TOKEN and *text pointing at TEXT in `name`. */
int jp_operator_parse(const char *name, jp_operator *op, const char **text, jopa_error *e);

/* The table behind `jopa list operators`: NULL past the end. */
const char *jp_operator_name(int index, const char **summary);

#endif
