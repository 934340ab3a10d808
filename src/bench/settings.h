/* What has to be the same for all results of a file: the header of a bench's results. */
#ifndef JP_SETTINGS_H
#define JP_SETTINGS_H

#include <jansson.h>

#include "explain/model.h"
#include "question/question.h"

/* Every option of bench that can change an answer, by name, from the table of options; NULL: all at their defaults,
 * which is what a header of before an option was there stands for. Owned by the caller (json_decref); NULL without
 * memory. */
json_t *jp_settings_of(const jopa_options *o);
/* These, and the model with how it was opened. */
json_t *jp_bench_settings(const jopa_model *m, const jopa_options *o);

#endif
