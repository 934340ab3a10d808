/* A result as the JSON of the contract; json-read.h reads it. */
#ifndef JP_JSON_WRITE_H
#define JP_JSON_WRITE_H

#include "base/buffer.h"
#include "result/result.h"

/* Append `r`. JP_OK or JOPA_ERROR_MEMORY. */
int jp_json_write(jp_buffer *out, const jopa_result *r, jopa_error *e);

#endif
