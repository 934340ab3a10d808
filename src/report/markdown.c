/* Format "markdown": for issues and pull requests. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/carried.h"
#include "report/finding.h"
#include "report/footnotes.h"
#include "report/formats.h"
#include "report/label.h"
#include "report/markdown-parts.h"
#include "report/plain.h"
#include "report/uniqueness.h"
#include "base/number.h"
#include "report/view.h"

static void put_label(jp_buffer *out, jp_buffer *label) {
    if (label->failed) out->failed = true;
    else if (label->data) jp_put_markdown(out, label->data, label->size, false);
    jp_buffer_free(label);
}

static int put_message_markdown(jp_buffer *out, const jp_explanation *x, const jp_result_message *m, jopa_error *e) {
    jp_pieces pieces = {0};
    int       status = jp_view_prompt(x, m, &pieces, e);
    jp_buffer_text(out, "> ");
    for (int i = 0; i < pieces.n; i++) {
        const jp_piece *p = &pieces.at[i];
        jp_put_markdown(out, x->prompt_text + p->start, p->ink_start - p->start, true);
        jp_buffer_text(out, p->selected ? "<b>\\[" : "");
        jp_put_markdown(out, x->prompt_text + p->ink_start, p->ink_end - p->ink_start, true);
        jp_buffer_text(out, p->selected ? "\\]</b>" : "");
        jp_put_markdown(out, x->prompt_text + p->ink_end, p->end - p->ink_end, true);
    }
    jp_buffer_text(out, "\n\n");
    free(pieces.at);
    return status;
}

static int put_prompt_markdown(jp_buffer *out, const jp_explanation *x, jopa_error *e) {
    jp_result_message *messages;
    int                n, status = jp_view_messages(x, &messages, &n, e);
    if (status) return status;
    for (int i = 0; !status && i < n; i++) {
        const char *role = messages[i].role ? messages[i].role : "prompt";
        jp_buffer_text(out, "**");
        if (n > 1) jp_put_markdown(out, role, strlen(role), false);
        else jp_buffer_text(out, "Prompt");
        jp_buffer_text(out, "**\n\n");
        status = put_message_markdown(out, x, &messages[i], e);
    }
    free(messages);
    return status;
}

static void put_quotation(jp_buffer *out, const char *title, const char *text) {
    jp_buffer_format(out, "**%s**\n\n> ", title);
    jp_put_markdown(out, text, strlen(text), true);
    jp_buffer_text(out, "\n\n");
}

static void put_selected(jp_buffer *out, const jp_explanation *x) {
    jp_buffer words = {0};
    jp_put_selection(&words, x);
    put_label(out, &words);
}

static void put_figures_markdown(jp_buffer *out, const jp_explanation *x) {
    jp_put_fixed(out, x->log_prob.drop, 2);
    jp_buffer_text(out, " | ");
    jp_put_fixed(out, 100 * x->sparsity, 1);
    jp_buffer_text(out, " % | ");
    jp_put_count(out, x->cost.evaluations);
    jp_buffer_text(out, " | ");
    jp_put_figure(out, x->cost.seconds);
    jp_buffer_text(out, " | ");
}

static void put_row_markdown(jp_buffer *out, const jp_explanation *x) {
    jp_buffer_text(out, "| ");
    jp_put_markdown(out, jp_explanation_label(x), strlen(jp_explanation_label(x)), false);
    jp_buffer_text(out, " | ");
    if (x->failed) jp_buffer_text(out, "| | | | ");
    else put_figures_markdown(out, x);
    put_selected(out, x);
    jp_buffer_text(out, " |\n");
}

static void put_joint_markdown(jp_buffer *out, const jp_explanation *x) {
    if (!x->joint.present || !isfinite(x->joint.synergy)) return;
    jp_buffer_text(out, "One at a time the drops add up to ");
    jp_put_figure(out, x->joint.sum_of_single_drops);
    jp_buffer_text(out, " nats; together ");
    jp_put_figure(out, fabs(x->joint.synergy));
    jp_buffer_text(out, x->joint.synergy >= 0 ? " more.\n\n" : " less: they overlap.\n\n");
}

/* A sentence of its own, with a capital letter. */
static void put_sentence_markdown(jp_buffer *out, jp_buffer *text) {
    if (text->failed) out->failed = true;
    if (text->size && !text->failed) {
        if (*text->data >= 'a' && *text->data <= 'z') *text->data = (char)(*text->data - 'a' + 'A');
        jp_put_markdown(out, text->data, text->size, false);
        jp_buffer_text(out, ".\n\n");
    }
    jp_buffer_free(text);
}

static void put_matrix_markdown(jp_buffer *out, const jp_explanation *x) {
    jp_buffer cells = {0}, text = {0};
    jp_put_strongest(&cells, x, 3);
    if (cells.failed) out->failed = true;
    else if (cells.size) jp_buffer_format(&text, "hidden alone, %s", cells.data);
    jp_buffer_free(&cells);
    put_sentence_markdown(out, &text);
}

static void put_near_markdown(jp_buffer *out, const jp_explanation *x) {
    jp_buffer text = {0};
    jp_put_uniqueness(&text, x);
    if (x->stability.near.n_sets) jp_buffer_text(&text, ": ");
    jp_put_near_sets(&text, x, 3);
    put_sentence_markdown(out, &text);
}

static void put_trust_markdown(jp_buffer *out, const jp_explanation *x) {
    if (isfinite(x->noise)) {
        jp_buffer_text(out, "Scores of the same text by this server are up to ");
        jp_put_figure(out, x->noise);
        jp_buffer_text(out, " nats apart: drops that differ by less are not told apart.\n\n");
    }
    if (x->stability.present) {
        jp_buffer_format(out, "Over %d other seeds the drop is ", x->stability.runs);
        jp_put_figure(out, x->stability.mean);
        jp_buffer_text(out, isfinite(x->stability.deviation) ? " ± " : "");
        if (isfinite(x->stability.deviation)) jp_put_figure(out, x->stability.deviation);
        jp_buffer_text(out, " nats.\n\n");
        put_near_markdown(out, x);
    }
    for (int i = 0; i < x->n_operators; i++) {
        jp_buffer_text(out, i ? ", " : "The set's drop by operator: ");
        jp_put_markdown(out, x->operators[i].name, strlen(x->operators[i].name), false);
        jp_buffer_text(out, " ");
        jp_put_figure(out, x->operators[i].drop);
    }
    if (x->n_operators) jp_buffer_text(out, ".\n\n");
}

/* Audits and the like are about something else than the set with the largest drop. */
static void put_finding_markdown(jp_buffer *out, const jopa_result *r) {
    jp_buffer finding = {0};
    if (!strcmp(r->command, "compare")) jp_put_comparison_finding(&finding, r);
    else if (!strcmp(r->command, "explain")) jp_put_finding(&finding, &r->items[0]);
    if (finding.size) finding.size--; /* the end of the line */
    put_label(out, &finding);
    if (out->size) jp_buffer_text(out, "\n\n");
}

static int write_markdown_markdown(const jopa_result *r, const jp_render_options *o, jp_buffer *out, jopa_error *e) {
    const jp_explanation *x = &r->items[0];
    jp_buffer             model = {0};
    (void)o;
    if (jp_shows_citations(x) && !r->list) return jp_markdown_cite(out, x, e);
    for (int i = 1; i < r->n_items; i++)
        if (r->items[i].log_prob.drop > x->log_prob.drop) x = &r->items[i];
    put_finding_markdown(out, r);
    int status = put_prompt_markdown(out, x, e);
    put_quotation(out, "Response", x->response_text);
    if (x->masked_response) put_quotation(out, "Response with the set hidden", x->masked_response);
    jp_buffer_text(out, "| method | drop, nats | sparsity | evaluations | seconds | hidden |\n| --- | ---: | ---: | "
                        "---: | ---: | --- |\n");
    for (int i = 0; i < r->n_items; i++) put_row_markdown(out, &r->items[i]);
    jp_buffer_text(out, "\n");
    put_joint_markdown(out, x);
    put_matrix_markdown(out, x);
    put_trust_markdown(out, x);
    jp_put_model(&model, x);
    put_label(out, &model);
    jp_buffer_text(out, ", operator ");
    jp_put_markdown(out, x->op ? x->op : "unknown", strlen(x->op ? x->op : "unknown"), false);
    jp_buffer_format(out, ", seed %llu\n", (unsigned long long)x->seed);
    return status ? status : out->failed ? jp_fail_memory(e) : JP_OK;
}

const jp_format jp_format_markdown = {"markdown", "for issues and pull requests", write_markdown_markdown};
