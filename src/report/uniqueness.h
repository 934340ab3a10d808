/* Whether the answer is the only one, in a sentence for people. */
#ifndef JP_UNIQUENESS_H
#define JP_UNIQUENESS_H

#include "base/buffer.h"
#include "result/result.h"

/* “the answer is not unique: 3 other sets come within 2 % of the best drop”, or that it is unique as far as was seen.
 * Nothing where it is not known. */
void jp_put_uniqueness(jp_buffer *out, const jp_explanation *x);
/* A set as its units' texts, with the drop behind it: “Rome” + “baker” (9.87). */
void jp_put_near_set(jp_buffer *out, const jp_explanation *x, const jp_result_set *set);
/* The first `most` of the other sets, and how many more there are: nothing where there are none. */
void jp_put_near_sets(jp_buffer *out, const jp_explanation *x, int most);
/* "31 to 83 %": the interval of unit u's frequency; nothing where there is none. */
void jp_put_frequency_interval(jp_buffer *out, const jp_explanation *x, int unit);

#endif
