#ifndef JP_JSON_CHECK_H
#define JP_JSON_CHECK_H

#include "result/result.h"

/* Whether what points into texts and arrays points inside them, in order; if not, says what does not. Marks the
 * units named by `selected`. */
bool jp_json_check(jp_explanation *x, char *problem, size_t size);

#endif
