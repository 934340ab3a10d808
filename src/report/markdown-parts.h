/* What the format "markdown" makes of one command's result. */
#ifndef JP_MARKDOWN_PARTS_H
#define JP_MARKDOWN_PARTS_H

#include "base/buffer.h"
#include "base/error.h"
#include "result/result.h"

int jp_markdown_cite(jp_buffer *out, const jp_explanation *x, jopa_error *e);

#endif
