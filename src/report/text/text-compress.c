/* The text report of `compress`. */
#include "report/flow.h"
#include "report/verdict.h"
#include "report/text/text-parts.h"

static int fact_saved(jp_page *p, const jp_explanation *x) {
    jp_buffer t = {0};
    jp_put_saved(&t, x);
    return jp_page_fact(p, "saved", &t);
}

static int fact_lost(jp_page *p, const jp_explanation *x) {
    jp_buffer t = {0};
    jp_put_lost(&t, x);
    return jp_page_fact(p, x->compression.drop_per_token < 0 ? "gained" : "lost", &t);
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
