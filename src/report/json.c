#include "report/formats.h"
#include "result/json-write.h"

static int write_json_json(const jopa_result *r, const jp_render_options *o, jp_buffer *out, jopa_error *e) {
    (void)o;
    return jp_json_write(out, r, e);
}

const jp_format jp_format_json = {"json", "everything, for other programs and for `jopa render`", write_json_json};
