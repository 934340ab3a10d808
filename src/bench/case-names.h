/* Ids and tasks of cases. */
#ifndef JP_CASE_NAMES_H
#define JP_CASE_NAMES_H

#include "bench/sources.h"

/* Give the cases from number `from` on, which are those of one file, their ids and tasks where the data has none:
 * "NAME-PLACE" and NAME, where NAME is the file's own ("test" of "b/test.jsonl") unless another prompt of the data or
 * of the results has one of these ids; then it is the shortest end of the path that tells them apart ("b/test"). An id
 * of the data that another file's prompt has becomes "NAME/ID". Cases whose id was there before are left out. So a
 * prompt keeps its id from run to run, whatever other files are given and in which order. */
int jp_cases_name(jp_cases *c, int from, const jp_source *s, const jp_known_ids *known, jopa_error *e);

#endif
