/* Format "prompt": what `compress` leaves, and nothing else: the text, or a chat as --messages reads it. */
#include "report/formats.h"
#include "result/json-fields.h"

/* The message that byte `at` of the prompt is in, -1: none. */
static int message_at(const jp_explanation *x, size_t at) {
    for (int i = 0; i < x->n_messages; i++)
        if (x->messages[i].start <= at && at < x->messages[i].end) return i;
    return -1;
}

/* Whether only one message could be cut, of no more than a system's and a user's: then its text is what was asked
 * about. */
static bool is_one_text(const jp_explanation *x) {
    bool one = x->compression.n_turns <= 2;
    for (int u = 1; u < x->n_units && one; u++)
        one = message_at(x, x->units[u].start) == message_at(x, x->units[0].start);
    return one;
}

static void put_chat(jp_buffer *out, const jp_result_compression *c) {
    for (int i = 0; i < c->n_turns; i++) {
        jp_buffer_text(out, i ? ",\n {\"role\": " : "[{\"role\": ");
        jp_json_string(out, c->turns[i].role);
        jp_buffer_text(out, ", \"content\": ");
        jp_json_string(out, c->turns[i].content);
        jp_buffer_text(out, "}");
    }
    jp_buffer_text(out, c->n_turns ? "]\n" : "");
}

static int write_prompt(const jopa_result *r, const jp_render_options *o, jp_buffer *out, jopa_error *e) {
    const jp_explanation *x = &r->items[0];
    (void)o;
    if (r->n_items != 1 || !x->compression.present)
        return jp_fail(e, JOPA_ERROR_USAGE,
                       "the format prompt is what `jopa compress` leaves: this result is of `jopa %s`", r->command);
    if (!is_one_text(x)) put_chat(out, &x->compression);
    else {
        jp_buffer_text(out, x->compression.text);
        jp_buffer_text(out, "\n");
    }
    return out->failed ? jp_fail_memory(e) : JP_OK;
}

const jp_format jp_format_prompt = {"prompt", "the shorter prompt of `jopa compress` alone, to be pasted or piped",
                                    write_prompt};
