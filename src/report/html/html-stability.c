/* How sure the answer is: whether other sets do as much. */
#include "report/html/html-parts.h"
#include "report/uniqueness.h"

/* The text with a capital letter and a full stop. */
static void put_sentence_html(jp_html *h, jp_buffer *text) {
    if (text->failed) h->out->failed = true;
    else if (text->data) {
        if (*text->data >= 'a' && *text->data <= 'z') *text->data = (char)(*text->data - 'a' + 'A');
        jp_html_text(h, text->data);
        jp_buffer_text(h->out, ".");
    }
    jp_buffer_free(text);
}

static void put_near_item(jp_html *h, const jp_explanation *x, const jp_result_set *set) {
    jp_buffer text = {0};
    jp_put_near_set(&text, x, set);
    jp_buffer_text(h->out, "<li dir=\"auto\">");
    if (text.failed) h->out->failed = true;
    else jp_html_text(h, text.data);
    jp_buffer_text(h->out, "</li>\n");
    jp_buffer_free(&text);
}

void jp_html_stability(jp_html *h, const jp_explanation *x) {
    jp_buffer sentence = {0};
    int       n = x->stability.near.n_sets;
    jp_put_uniqueness(&sentence, x);
    if (!sentence.size) {
        h->out->failed |= sentence.failed;
        return;
    }
    jp_html_section(h, "stability", "Is there another answer?", NULL);
    jp_buffer_text(h->out, "<p class=\"note\">");
    put_sentence_html(h, &sentence);
    jp_buffer_format(h->out, " Seen by this search and %d with other seeds.</p>\n", x->stability.runs);
    if (n) jp_buffer_text(h->out, "<ul class=\"facts\">\n");
    for (int i = 0; i < n; i++) put_near_item(h, x, &x->stability.near.sets[i]);
    if (n) jp_buffer_text(h->out, "</ul>\n");
    if (n && x->stability.near.others > n)
        jp_buffer_format(h->out, "<p class=\"note\">And %d more.</p>\n", x->stability.near.others - n);
    jp_html_end_section(h);
}
