/* What has to be the same for all results of a file: the header of a bench's results. */
#ifndef JP_SETTINGS_H
#define JP_SETTINGS_H

#include <jansson.h>

#include "explain/model.h"
#include "question/question.h"

/* The model, and every option that can change an answer, by name; NULL without memory. The caller decrefs it.
 * `defaults`: with all options at their defaults, which is what a file says that has no word of one. */
json_t *jp_bench_settings(const jopa_model *m, const jp_question *q, bool defaults);

#endif
