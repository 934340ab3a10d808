/* A format turns a result into text. To add one: write src/report/NAME.c with one jp_format, list it in table.c.
 * A format sees the result alone, so `jopa render` of a saved result equals the report made directly. */
#ifndef JP_REPORT_H
#define JP_REPORT_H

#include "base/buffer.h"
#include "result/result.h"

/* How a report for people looks; NULL: 80 columns, nothing else. */
typedef struct {
    int  width;  /* columns for "text", 0: 80 */
    bool color;  /* ANSI colours in "text" */
    bool scores; /* every unit's score as a heat ramp */
} jp_render_options;

typedef struct {
    const char *name, *summary;
    int (*write)(const jopa_result *r, const jp_render_options *o, jp_buffer *out, jopa_error *e);
} jp_format;

const jp_format *jp_format_at(int index);          /* NULL past the end */
const jp_format *jp_format_find(const char *name); /* NULL: unknown */

#endif
