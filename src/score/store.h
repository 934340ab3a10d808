/* Every set of one question that was scored exactly, with the log-probability of every response token: what further
 * questions about the same prompt, units, operator and response need not score again. */
#ifndef JP_STORE_H
#define JP_STORE_H

#include <stdint.h>

#include "base/bitset.h"
#include "base/error.h"

typedef struct jp_store jp_store;

/* Of sets of `n_units` units and a response of `n_response` tokens. On success *out is owned by the caller. */
int  jp_store_new(jp_store **out, int n_units, int n_response, jopa_error *e);
void jp_store_free(jp_store *s);

/* How far apart scores of the same row are, nats; NAN until it is set. */
double jp_store_noise(const jp_store *s);
void   jp_store_set_noise(jp_store *s, double noise);

/* [n_response] of the set, owned by the store and valid until the next jp_store_add; NULL: not known. */
const float *jp_store_find(const jp_store *s, const jp_bitset *mask);
/* Add a set, or overwrite it. log_probs: [n_response]. JP_OK or JOPA_ERROR_MEMORY. */
int jp_store_add(jp_store *s, const jp_bitset *mask, const float *log_probs, jopa_error *e);
/* The next set from place *at on, which begins with 0; false: there are no more. `mask` and log_probs [n_response] are
 * the store's own, until the next jp_store_add. */
bool jp_store_next(const jp_store *s, int *at, jp_bitset *mask, const float **log_probs);
int  jp_store_count(const jp_store *s);

/* The same of another answer to the prompt, `n` tokens of which those from `first` on are stored: made when it is first
 * asked for, and owned by `s`. */
int jp_store_of_other(jp_store *s, const int32_t *tokens, int n, int first, jp_store **out, jopa_error *e);

#endif
