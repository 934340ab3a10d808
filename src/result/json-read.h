/* Reads what the format "json" wrote. */
#ifndef JP_JSON_READ_H
#define JP_JSON_READ_H

#include "result/result.h"

/* On success *out is owned by the caller (jopa_result_free). Offsets, unit indices and the target are checked
 * against the texts they point into, so that a report may trust them. JOPA_ERROR_INPUT for anything that is not a
 * result of this schema, with one line that says what and where. */
int jp_json_read(struct jopa_result **out, const char *json, size_t size, jopa_error *e);

#endif
