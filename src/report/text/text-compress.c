/* The text report of `compress`. */
#include <math.h>
#include <string.h>

#include "report/flow.h"
#include "base/number.h"
#include "report/text/text-parts.h"

static int fact_saved(jp_page *p, const jp_explanation *x) {
    const jp_result_compression *c = &x->compression;
    jp_buffer                    t = {0};
    jp_buffer_format(&t, "%d of the prompt's %d tokens, template included (%d left); ", c->tokens - c->tokens_left,
                     c->tokens, c->tokens_left);
    jp_put_figure(&t, 100 * c->ratio);
    jp_buffer_text(&t, " % of what could go");
    return jp_page_fact(p, "saved", &t);
}

static int fact_lost(jp_page *p, const jp_explanation *x) {
    const jp_result_compression *c = &x->compression;
    jp_buffer                    t = {0};
    jp_put_figure(&t, fabs(c->drop_per_token));
    jp_buffer_text(&t, " nats per token of the response");
    if (isfinite(c->tolerance)) {
        jp_buffer_text(&t, c->reached ? ", within the tolerance of " : ", more than the tolerance of ");
        jp_put_figure(&t, c->tolerance);
    } else if (!c->reached) jp_buffer_text(&t, "; not as much could go as was asked for");
    return jp_page_fact(p, c->drop_per_token < 0 ? "gained" : "lost", &t);
}

static int page_shorter(jp_page *p, const jp_result_compression *c) {
    int status = JP_OK;
    jp_page_heading(p, "SHORTER PROMPT");
    for (int i = 0; i < c->n_turns && !status; i++) {
        if (c->n_turns > 1) status = jp_page_paragraph(p, c->turns[i].role, JP_LOOK_DIM);
        if (!status) status = jp_page_paragraph(p, c->turns[i].content, JP_LOOK_PLAIN);
    }
    return status;
}

int jp_text_compress(jp_page *p, const jp_explanation *x) {
    int status = jp_page_prompt(p, x, true);
    if (!status) status = page_shorter(p, &x->compression);
    if (!status) status = jp_page_response(p, x);
    if (!status && x->masked_response) {
        jp_page_heading(p, "RESPONSE TO THE SHORTER PROMPT");
        status = jp_page_paragraph(p, *x->masked_response ? x->masked_response : "(nothing)", JP_LOOK_PLAIN);
    }
    if (!status) jp_page_heading(p, "COMPRESSION");
    if (!status) status = fact_saved(p, x);
    if (!status) status = fact_lost(p, x);
    return status ? status : jp_page_run(p, x);
}
