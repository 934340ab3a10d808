/* A heat-mapped text as SVG elements, broken into lines. */
#ifndef JP_SVG_TEXT_H
#define JP_SVG_TEXT_H

#include "report/view.h"

typedef struct {
    double x, y, width;
} jp_svg_box;

/* Draw `text`, cut into `pieces`, below (x, y) in lines of at most `width`; values up to `max` colour it. *bottom is
 * where the text ends. Widths are those of Helvetica; `textLength` holds renderers with another font to them. */
int jp_svg_map(jp_buffer *out, const char *text, const jp_pieces *pieces, double max, jp_svg_box box, double *bottom,
               jopa_error *e);

#endif
