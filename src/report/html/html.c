/* Format "html": one file that needs nothing else. Compare has a page of its own. */
#include <string.h>

#include "report/footnotes.h"
#include "report/formats.h"
#include "report/html/html-parts.h"

static int write_html_html(const jopa_result *r, const jp_render_options *o, jp_buffer *out, jopa_error *e) {
    (void)o;
    jp_html h = {out, e};
    int     status = jp_result_compares(r)              ? jp_html_compare(&h, r)
                     : jp_shows_citations(&r->items[0]) ? jp_html_cite(&h, &r->items[0])
                                                        : jp_html_explain(&h, &r->items[0]);
    return status ? status : out->failed ? jp_fail_memory(e) : JP_OK;
}

const jp_format jp_format_html = {"html", "a page of its own: heat maps, the set's interactions, the search",
                                  write_html_html};
