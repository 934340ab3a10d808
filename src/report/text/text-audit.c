/* The text reports of `audit`: of one question, and of a list of them. */
#include <string.h>

#include "report/flow.h"
#include "report/label.h"
#include "report/verdict.h"
#include "base/number.h"
#include "report/text/text-parts.h"

enum { QUOTE = 400, SHORT_QUOTE = 100, MOST_OFTEN = 10 };

/* What is told of a set that is not enough: that it counts most, if hiding it costs the response anything. */
static const char *found_label(const jp_result_audit *a) { return a->drop_per_token > 0 ? "most of it" : "no trigger"; }

static int fact_sentences(jp_page *p, const jp_explanation *x) {
    const jp_result_audit *a = &x->audit;
    int                    status = JP_OK;
    for (int i = 0; i < a->n_sentences && !status; i++) {
        jp_buffer t = {0};
        jp_put_place(&t, &a->sentences[i], QUOTE);
        if (a->n_sentences > 1) {
            jp_buffer_text(&t, ", alone ");
            jp_put_figure(&t, a->sentences[i].drop);
            jp_buffer_text(&t, " nats");
        }
        status = jp_page_fact(p, i ? "and" : a->reached ? "trigger" : found_label(a), &t);
    }
    return status;
}

static int fact_words(jp_page *p, const jp_explanation *x) {
    jp_buffer t = {0};
    jp_put_audit_words(&t, x);
    if (!t.size && !t.failed) return JP_OK;
    return jp_page_fact(p, x->audit.reached ? "trigger words" : "most in words", &t);
}

static int fact_verdict(jp_page *p, const jp_explanation *x) {
    jp_buffer t = {0};
    jp_put_audit_verdict(&t, x);
    return jp_page_fact(p, "hidden", &t);
}

static int page_text(jp_page *p, const char *heading, const char *text) {
    if (!text) return JP_OK;
    jp_page_heading(p, heading);
    return jp_page_paragraph(p, *text ? text : "(nothing)", JP_LOOK_PLAIN);
}

int jp_text_audit(jp_page *p, const jp_explanation *x) {
    const jp_result_audit *a = &x->audit;
    bool                   given = a->unmasked_response && strcmp(a->unmasked_response, x->response_text);
    int                    status = jp_page_prompt(p, x, true);
    if (!status) status = jp_page_response(p, x);
    if (!status && given) status = page_text(p, "WHAT THE MODEL WRITES ITSELF", a->unmasked_response);
    if (!status)
        status = page_text(p, a->reached ? "WITH THE TRIGGER HIDDEN" : "WITH THAT PART HIDDEN", x->masked_response);
    if (!status) status = page_text(p, "WITH ONLY THE WORDS HIDDEN", a->words_response);
    if (!status) jp_page_heading(p, a->refusal ? "WHY IT REFUSES" : "AUDIT");
    if (!status) status = fact_sentences(p, x);
    if (!status) status = fact_words(p, x);
    if (!status) status = fact_verdict(p, x);
    return status ? status : jp_page_run(p, x);
}

/* ---- a list ---------------------------------------------------------------------------------------------------------
 */

static int page_question(jp_page *p, const jp_explanation *x) {
    const jp_result_audit *a = &x->audit;
    jp_buffer              t = {0};
    jp_buffer_format(&t, "%s: ", x->id ? x->id : "question");
    if (!a->reached)
        jp_buffer_text(&t, a->drop_per_token > 0 ? "no trigger found, most by " : "no trigger found, not even ");
    for (int i = 0; i < a->n_sentences; i++) {
        jp_buffer_text(&t, i ? " and " : "");
        jp_put_place(&t, &a->sentences[i], SHORT_QUOTE);
    }
    jp_buffer_text(&t, ", ");
    jp_put_figure(&t, a->drop_per_token);
    jp_buffer_text(&t, " nats per token");
    int status =
        t.failed ? jp_fail_memory(p->e) : jp_page_paragraph(p, t.data, a->reached ? JP_LOOK_PLAIN : JP_LOOK_DIM);
    jp_buffer_free(&t);
    return status;
}

static int page_counts(jp_page *p, const jopa_result *r, bool words, const char *heading) {
    int status = JP_OK, shown = 0;
    for (int i = 0; i < r->n_triggers && shown < MOST_OFTEN && !status; i++) {
        const jp_trigger_count *found = &r->triggers[i];
        jp_buffer               t = {0};
        if (found->word != words) continue;
        if (!shown++) jp_page_heading(p, heading);
        jp_buffer_format(&t, "%d × ", found->questions);
        jp_put_quoted(&t, found->text, 0, strlen(found->text), SHORT_QUOTE);
        status = t.failed ? jp_fail_memory(p->e) : jp_page_paragraph(p, t.data, JP_LOOK_PLAIN);
        jp_buffer_free(&t);
    }
    return status;
}

int jp_text_audits(jp_page *p, const jopa_result *r) {
    int       triggered = 0;
    jp_buffer heading = {0};
    for (int i = 0; i < r->n_items; i++) triggered += r->items[i].audit.reached;
    jp_buffer_format(&heading, "TRIGGERS FOUND IN %d OF %d", triggered, r->n_items);
    int status = heading.failed ? jp_fail_memory(p->e) : JP_OK;
    if (!status) jp_page_heading(p, heading.data);
    for (int i = 0; i < r->n_items && !status; i++) status = page_question(p, &r->items[i]);
    if (!status) status = page_counts(p, r, false, "MOST OFTEN");
    if (!status) status = page_counts(p, r, true, "WORDS MOST OFTEN");
    jp_buffer_free(&heading);
    return status;
}
