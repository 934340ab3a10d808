#include "report/verdict.h"

#include <math.h>
#include <string.h>

#include "base/number.h"
#include "report/label.h"

enum { WORD = 32 /* columns of a quoted word */ };

void jp_put_place(jp_buffer *out, const jp_result_trigger *at, int columns) {
    const char *role = at->role ? at->role : "text";
    if (at->message < 0) jp_buffer_text(out, role);
    else jp_buffer_format(out, "message %d (%s)", at->message + 1, role);
    jp_buffer_format(out, ", bytes %zu to %zu: ", at->offset, at->offset + (at->end - at->start));
    jp_put_quoted(out, at->text, 0, strlen(at->text), columns);
}

void jp_put_audit_verdict(jp_buffer *out, const jp_explanation *x) {
    const jp_result_audit *a = &x->audit;
    jp_put_change(out, "the response ", a->drop_per_token);
    jp_buffer_text(out, " nats per token; ");
    if (a->until && !strcmp(a->until, "response"))
        jp_buffer_text(out, a->reached ? "the answer turns away" : "the answer stays");
    else {
        jp_put_figure(out, a->threshold);
        jp_buffer_text(out, a->reached ? " are asked for" : " are asked for: no set was found that is enough");
    }
    if (isfinite(a->similarity)) {
        jp_buffer_text(out, "; what is written then shares ROUGE-L ");
        jp_put_figure(out, a->similarity);
        jp_buffer_text(out, " with the response");
    }
}

void jp_put_audit_words(jp_buffer *out, const jp_explanation *x) {
    const jp_result_audit *a = &x->audit;
    if (!a->n_words || (!a->reached && !a->words_reached && !(a->words_drop_per_token > 0))) return;
    for (int i = 0; i < a->n_words; i++) {
        jp_buffer_text(out, i ? ", " : "");
        jp_put_quoted(out, a->words[i].text, 0, strlen(a->words[i].text), WORD);
    }
    jp_buffer_text(out, !a->words_reached ? ": " : a->n_words == 1 ? " is enough: " : " are enough: ");
    jp_put_figure(out, a->words_drop_per_token);
    jp_buffer_text(out, " nats per token");
}

void jp_put_saved(jp_buffer *out, const jp_explanation *x) {
    const jp_result_compression *c = &x->compression;
    jp_buffer_format(out, "%d of the prompt's %d tokens, template included (%d left); ", c->tokens - c->tokens_left,
                     c->tokens, c->tokens_left);
    jp_put_figure(out, 100 * c->ratio);
    jp_buffer_text(out, " % of what could go");
}

void jp_put_lost(jp_buffer *out, const jp_explanation *x) {
    const jp_result_compression *c = &x->compression;
    jp_put_figure(out, fabs(c->drop_per_token));
    jp_buffer_text(out, " nats per token of the response");
    if (isfinite(c->tolerance)) {
        jp_buffer_text(out, c->reached ? ", within the tolerance of " : ", more than the tolerance of ");
        jp_put_figure(out, c->tolerance);
    } else if (!c->reached) jp_buffer_text(out, "; not as much could go as was asked for");
}
