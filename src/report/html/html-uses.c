/* The pages of `audit` and `compress`: that of `explain` with another head, and what they found in full. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report/html/html-parts.h"
#include "report/verdict.h"
#include "base/number.h"

enum { QUOTE = 400 /* columns of a trigger's text */ };

static void put_taken_words(jp_html *h, jp_buffer *words) {
    if (words->failed) h->out->failed = true;
    else if (words->data) jp_html_text(h, words->data);
    jp_buffer_free(words);
}

/* A paragraph of what one of verdict.h's functions writes after `before`; none where it writes nothing. */
static void put_verdict(jp_html *h, const jp_explanation *x, const char *before,
                        void (*put)(jp_buffer *out, const jp_explanation *x)) {
    jp_buffer words = {0};
    put(&words, x);
    if (words.size || words.failed) {
        jp_buffer_format(h->out, "<p class=\"lead\">%s", before);
        put_taken_words(h, &words);
        jp_buffer_text(h->out, ".</p>\n");
    }
    jp_buffer_free(&words);
}

/* ---- audit ---------------------------------------------------------------------------------------------------------
 */

static void put_audit_title(jp_buffer *out, const jp_explanation *x) {
    const char *what = x->audit.refusal ? "the refusal" : "the response";
    if (x->audit.reached) jp_buffer_format(out, "What triggers %s", what);
    else jp_buffer_format(out, "No trigger of %s was found", what);
}

static void put_audit_head(jp_html *h, const jp_explanation *x) {
    const jp_result_audit *a = &x->audit;
    const char            *what = a->refusal ? "refusal" : "response";
    jp_buffer_text(h->out, "<p class=\"eyebrow\">Audit by ");
    jp_html_text(h, x->method);
    jp_buffer_text(h->out, "</p>\n<h1>");
    if (a->reached) {
        int n = jp_html_chips(h, x);
        jp_buffer_format(h->out, " %s the %s</h1>\n", n > 1 ? "together trigger" : "triggers", what);
    } else jp_buffer_format(h->out, "No trigger of the %s was found</h1>\n", what);
    put_verdict(h, x, a->reached ? "With that hidden, " : "With what counts most hidden, ", jp_put_audit_verdict);
    put_verdict(h, x, a->reached ? "Of its words, " : "Of its words: ", jp_put_audit_words);
}

static void put_places(jp_html *h, const jp_explanation *x) {
    const jp_result_audit *a = &x->audit;
    if (!a->n_sentences) return;
    jp_html_section(h, "trigger", a->reached ? "Where it stands" : "Most of it", NULL);
    jp_buffer_text(h->out, "<ul class=\"facts\">\n");
    for (int i = 0; i < a->n_sentences; i++) {
        jp_buffer place = {0};
        jp_put_place(&place, &a->sentences[i], QUOTE);
        if (a->n_sentences > 1) {
            jp_buffer_text(&place, ", alone ");
            jp_put_figure(&place, a->sentences[i].drop);
            jp_buffer_text(&place, " nats");
        }
        jp_buffer_text(h->out, "<li dir=\"auto\">");
        put_taken_words(h, &place);
        jp_buffer_text(h->out, "</li>\n");
    }
    jp_buffer_text(h->out, "</ul>\n");
    jp_html_end_section(h);
}

/* ---- compress ------------------------------------------------------------------------------------------------------
 */

static void put_compress_title(jp_buffer *out, const jp_explanation *x) {
    if (!x->n_selected) {
        jp_buffer_text(out, "Nothing of the prompt can go");
        return;
    }
    jp_put_fixed(out, 100 * x->compression.ratio, x->compression.ratio < 0.0995 ? 1 : 0);
    jp_buffer_text(out, x->compression.reached ? " % of the prompt can go" : " % of the prompt is out");
}

static void put_compress_head(jp_html *h, const jp_explanation *x) {
    jp_buffer share = {0};
    put_compress_title(&share, x);
    jp_buffer_text(h->out, "<p class=\"eyebrow\">Shorter prompt by ");
    jp_html_text(h, x->method);
    jp_buffer_text(h->out, "</p>\n<h1>");
    put_taken_words(h, &share);
    jp_buffer_text(h->out, "</h1>\n");
    put_verdict(h, x, "Saved: ", jp_put_saved);
    put_verdict(h, x, x->compression.drop_per_token < 0 ? "Gained: " : "Lost: ", jp_put_lost);
}

static void put_shorter(jp_html *h, const jp_explanation *x) {
    const jp_result_compression *c = &x->compression;
    jp_html_section(h, "shorter", "Shorter prompt", NULL);
    for (int i = 0; i < c->n_turns; i++) {
        if (c->n_turns > 1) {
            jp_buffer_text(h->out, "<h3 class=\"role\">");
            jp_html_text(h, c->turns[i].role);
            jp_buffer_text(h->out, "</h3>\n");
        }
        jp_buffer_text(h->out, "<div class=\"text\" dir=\"auto\">");
        jp_html_text(h, c->turns[i].content);
        jp_buffer_text(h->out, "</div>\n");
    }
    jp_html_end_section(h);
}

/* ---- both ----------------------------------------------------------------------------------------------------------
 */

const jp_html_page jp_html_audit = {put_audit_title,
                                    put_audit_head,
                                    put_places,
                                    "the trigger",
                                    "With the trigger hidden, the model writes something else",
                                    "The trigger hidden",
                                    "Not this time: both responses are the same."};
const jp_html_page jp_html_compress = {put_compress_title,
                                       put_compress_head,
                                       put_shorter,
                                       "what is taken out",
                                       "What the model writes to the shorter prompt",
                                       "The shorter prompt",
                                       "Both responses are the same."};
