/* Building blocks of the format "text". */
#ifndef JP_TEXT_PARTS_H
#define JP_TEXT_PARTS_H

#include "report/report.h"

typedef struct {
    jp_buffer  *out;
    int         width;
    bool        color, scores;
    jopa_error *e;
} jp_page;

/* "PROMPT", bold, after an empty line unless it is the first thing on the page. */
void jp_page_heading(jp_page *p, const char *title);
/* A wrapped paragraph, all in one look. */
int jp_page_paragraph(jp_page *p, const char *text, int look);
/* What was found, in words, as the first paragraph; none where `text` is empty. Empties `text`. */
int jp_page_finding(jp_page *p, jp_buffer *text);
/* A label and beside it a wrapped text; on a narrow page the text is below. Empties `text`. */
int jp_page_fact(jp_page *p, const char *label, jp_buffer *text);
/* The prompt as it was written; `selection`: with the set highlighted. */
int jp_page_prompt(jp_page *p, const jp_explanation *x, bool selection);
/* The response, shaded by what each token lost. */
int jp_page_response(jp_page *p, const jp_explanation *x);
/* What the model writes with the set hidden, if that was generated. */
int jp_page_masked_response(jp_page *p, const jp_explanation *x);
/* A fact: the tokens that lost most. */
int jp_page_most_lost(jp_page *p, const jp_explanation *x);

/* Facts: metrics, cost, method and model. */
int jp_page_run(jp_page *p, const jp_explanation *x);

/* The reports of the format. */
int jp_text_explain(jp_page *p, const jp_explanation *x);
int jp_text_compare(jp_page *p, const jopa_result *r);
int jp_text_audit(jp_page *p, const jp_explanation *x);
int jp_text_audits(jp_page *p, const jopa_result *r);
int jp_text_cite(jp_page *p, const jp_explanation *x);
int jp_text_compress(jp_page *p, const jp_explanation *x);

#endif
