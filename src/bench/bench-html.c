/* Format "html": the plots and all tables on one page of its own. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench-figures.h"
#include "bench/grid.h"
#include "report/html/html-parts.h"
#include "base/number.h"

enum { OPEN_TABLES = 2 }; /* the others are folded */

static void put_text_bench_html(jp_html *h, jp_buffer *text) {
    if (text->failed) h->out->failed = true;
    else if (text->data) jp_html_text(h, text->data);
    jp_buffer_free(text);
}

static int best_method(const jp_tables *t) {
    int best = 0;
    for (int m = 1; m < t->n_methods; m++)
        if (jp_tables_cell(t, 0, m, t->n_tasks - 1)->mean > jp_tables_cell(t, 0, best, t->n_tasks - 1)->mean) best = m;
    return best;
}

static void put_head_bench_html(jp_html *h, const jp_tables *t) {
    int       best = best_method(t);
    jp_buffer setup = {0};
    jp_buffer_text(h->out, "<p class=\"eyebrow\">Benchmark</p>\n<h1>");
    jp_html_text(h, t->methods[best]);
    jp_buffer_text(h->out, " lowers the log-probability of the response most: ");
    jp_put_figure(h->out, jp_tables_cell(t, 0, best, t->n_tasks - 1)->mean);
    jp_buffer_text(h->out, " nats on average</h1>\n<p class=\"lead\">");
    jp_bench_put_setup(&setup, t);
    put_text_bench_html(h, &setup);
    jp_buffer_text(h->out, "</p>\n");
}

static void put_caption(jp_html *h, const char *text) {
    jp_buffer_text(h->out, "<figcaption>");
    jp_html_text(h, text);
    jp_buffer_text(h->out, "</figcaption>");
}

static void put_drops(jp_html *h, const jp_tables *t) {
    jp_html_section(h, "drops", "Drop by method and task",
                    "Mean over prompts of how far the hidden set lowers the response&#39;s log-probability, with 95 % "
                    "bootstrap intervals.");
    jp_buffer_text(h->out, "<div class=\"figures\">\n");
    for (int task = 0; task < t->n_tasks; task++) {
        jp_buffer_text(h->out, "<figure>");
        put_caption(h, t->tasks[task]);
        jp_bench_figure_drops(h->out, t, task);
        jp_buffer_text(h->out, "</figure>\n");
    }
    jp_buffer_text(h->out, "</div>\n");
    jp_html_end_section(h);
}

static void put_figures(jp_html *h, const jp_tables *t) {
    jp_html_section(h, "curves", "Drop against what it takes", NULL);
    jp_buffer_text(h->out, "<div class=\"figures\">\n<figure>");
    jp_bench_figure_sparsity(h->out, t);
    put_caption(h, "How much of the prompt is hidden, and what that costs the response.");
    jp_buffer_text(h->out, "</figure>\n<figure>");
    jp_bench_figure_search(h->out, t);
    put_caption(h, "The best set found so far. Methods that score units first have their set at the end.");
    for (int insertion = 0; insertion < 2 && jp_bench_figure_curve(NULL, t, insertion); insertion++) {
        jp_buffer_text(h->out, "</figure>\n<figure>");
        jp_bench_figure_curve(h->out, t, insertion);
        put_caption(h, insertion ? "Only the units that a method ranks highest are shown: higher is better."
                                 : "The units that a method ranks highest are hidden: lower is better.");
    }
    jp_buffer_text(h->out, "</figure>\n</div>\n");
    jp_html_end_section(h);
}

static void put_cell(jp_html *h, const jp_bench_cell *c, bool ratio) {
    jp_buffer text = {0};
    jp_bench_put_cell(&text, c, ratio);
    jp_buffer_text(h->out, "<td class=\"figure\">");
    put_text_bench_html(h, &text);
    jp_buffer_text(h->out, "</td>");
}

static void put_table_bench_html(jp_html *h, const jp_tables *t, int measure, bool ratio, bool folded) {
    jp_buffer title = {0};
    jp_bench_put_title(&title, &t->measures.items[measure], ratio);
    jp_buffer_text(h->out, folded ? "<details><summary>" : "<h3>");
    put_text_bench_html(h, &title);
    jp_buffer_text(h->out, folded ? "</summary>\n" : "</h3>\n");
    jp_buffer_text(h->out, "<div class=\"wide\" tabindex=\"0\" role=\"group\" aria-label=\"Table\"><table "
                           "class=\"methods\">\n<thead><tr><th scope=\"col\">Method</th>");
    for (int task = 0; task < t->n_tasks; task++) {
        jp_buffer_text(h->out, "<th scope=\"col\" class=\"figure\">");
        jp_html_text(h, t->tasks[task]);
        jp_buffer_format(h->out, " (%d)</th>", jp_bench_count(t, task));
    }
    jp_buffer_text(h->out, "</tr></thead>\n<tbody>\n");
    for (int m = ratio; m < t->n_methods; m++) {
        jp_buffer_format(h->out, "<tr%s><th scope=\"row\">", t->has_baseline && m == 0 ? " class=\"chosen\"" : "");
        jp_html_text(h, t->methods[m]);
        jp_buffer_text(h->out, "</th>");
        for (int task = 0; task < t->n_tasks; task++) put_cell(h, jp_tables_cell(t, measure, m, task), ratio);
        jp_buffer_text(h->out, "</tr>\n");
    }
    jp_buffer_text(h->out, folded ? "</tbody>\n</table></div></details>\n" : "</tbody>\n</table></div>\n");
}

static void put_tables(jp_html *h, const jp_tables *t) {
    jp_html_section(h, "tables", "Tables",
                    t->has_baseline ? "Mean [95 % bootstrap interval], and the share of the prompts on which the "
                                      "method beats jopa (ties count half)."
                                    : "Mean [95 % bootstrap interval].");
    for (int m = 0; m < t->measures.n; m++) {
        put_table_bench_html(h, t, m, false, m >= OPEN_TABLES);
        if (m == 0 && t->has_baseline && t->n_methods > 1) put_table_bench_html(h, t, m, true, false);
    }
    jp_html_end_section(h);
}

static int write_html_bench_html(const jp_tables *t, jp_buffer *out, jopa_error *e) {
    jp_html h = {out, e};
    jp_html_open(&h, "jopa bench", "drops");
    put_head_bench_html(&h, t);
    put_drops(&h, t);
    put_figures(&h, t);
    put_tables(&h, t);
    jp_html_close(&h, &t->records->items[0].result->items[0]);
    return out->failed ? jp_fail_memory(e) : JP_OK;
}

const jp_bench_format jp_bench_html = {"html", write_html_bench_html};
