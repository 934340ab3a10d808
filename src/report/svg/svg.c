/* Format "svg": the heat maps and the plots as one picture for papers and slides. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/assets.h"
#include "report/plot/figures.h"
#include "report/formats.h"
#include "report/label.h"
#include "report/markup.h"
#include "base/number.h"
#include "report/svg/svg-text.h"

enum { WIDTH = 760, MARGIN = 28, GAP = 38, GRAPH_WIDTH = 380 };

typedef struct {
    jp_buffer   body;
    double      y;     /* where the next thing goes */
    int         width; /* WIDTH, or what a matrix takes */
    jopa_error *e;
} picture;

static void heading(picture *p, const char *text) {
    p->y += GAP;
    jp_svg_text(&p->body, "title", "start", MARGIN, p->y, text);
}

static double max_score(const jp_explanation *x) {
    double max = 0;
    for (int u = 0; u < x->n_units; u++)
        if (isfinite(jp_unit_value(x, u))) max = fmax(max, jp_unit_value(x, u));
    return max;
}

static int draw_prompt(picture *p, const jp_explanation *x) {
    jp_result_message *messages;
    int                n, status = jp_view_messages(x, &messages, &n, p->e);
    if (status) return status;
    heading(p, "Prompt");
    for (int i = 0; !status && i < n; i++) {
        jp_pieces pieces = {0};
        if (n > 1) {
            p->y += GAP * 0.75;
            jp_svg_text(&p->body, "role", "start", MARGIN, p->y, messages[i].role ? messages[i].role : "text");
        }
        status = jp_view_prompt(x, &messages[i], &pieces, p->e);
        if (!status)
            status = jp_svg_map(&p->body, x->prompt_text, &pieces, max_score(x),
                                (jp_svg_box){MARGIN, p->y, WIDTH - 2 * MARGIN}, &p->y, p->e);
        free(pieces.at);
    }
    free(messages);
    return status;
}

static int draw_response(picture *p, const jp_explanation *x) {
    jp_pieces pieces = {0};
    int       status = jp_view_response(x, &pieces, p->e);
    heading(p, "Response: what each token loses");
    if (!status)
        status = jp_svg_map(&p->body, x->response_text, &pieces, jp_pieces_max(&pieces),
                            (jp_svg_box){MARGIN, p->y, WIDTH - 2 * MARGIN}, &p->y, p->e);
    free(pieces.at);
    return status;
}

static void draw_facts(picture *p, const jp_explanation *x) {
    jp_buffer line = {0};
    jp_buffer_format(&line, "%s hides %d of %d ", x->method, x->n_selected, x->n_units);
    jp_put_units(&line, x, x->n_units);
    jp_buffer_text(&line, ": drop ");
    jp_put_figure(&line, x->log_prob.drop);
    jp_buffer_text(&line, " nats");
    if (x->joint.present && isfinite(x->joint.sum_of_single_drops)) {
        jp_buffer_text(&line, ", one at a time ");
        jp_put_figure(&line, x->joint.sum_of_single_drops);
    }
    p->y += GAP;
    if (line.failed) p->body.failed = true;
    else jp_svg_text(&p->body, "body", "start", MARGIN, p->y, line.data);
    jp_buffer_free(&line);
}

static void draw_matrix(picture *p, const jp_explanation *x) {
    jp_plot plot = {.width = WIDTH - 2 * MARGIN, .x = MARGIN};
    char   *note = NULL;
    if (!jp_figure_matrix(NULL, x, &plot, &note)) return;
    heading(p, "Each part hidden alone: what each part of the response loses");
    if (note) jp_svg_text(&p->body, "role", "start", MARGIN, p->y += GAP * 0.6, note);
    free(note);
    plot.y = (int)p->y + 6;
    jp_figure_matrix(&p->body, x, &plot, NULL);
    p->y = plot.y + plot.height;
    if (plot.width + 2 * MARGIN > p->width) p->width = plot.width + 2 * MARGIN;
}

static int draw_explanation(picture *p, const jp_explanation *x) {
    jp_explanation copy = *x; /* borrowed, for the figure of results */
    jopa_result    alone = {.command = "explain", .items = &copy, .n_items = 1};
    int            status = draw_prompt(p, x);
    if (!status) status = draw_response(p, x);
    draw_facts(p, x);
    draw_matrix(p, x);
    jp_plot left = {.width = GRAPH_WIDTH, .height = 260, .x = MARGIN, .y = (int)p->y + GAP}, right = left;
    bool    graph = jp_figure_graph(&p->body, x, left);
    if (graph) right.x = MARGIN + GRAPH_WIDTH;
    right.width = WIDTH - MARGIN - right.x;
    bool search = jp_figure_search(&p->body, &alone, right);
    if (graph || search) p->y += GAP + left.height;
    return status;
}

static int draw_comparison(picture *p, const jopa_result *r) {
    int     best = jp_best_explanation(r);
    int     status = draw_prompt(p, &r->items[best]);
    jp_plot plot = {.width = WIDTH - 2 * MARGIN, .height = 28 * r->n_items, .x = MARGIN};
    draw_facts(p, &r->items[best]);
    heading(p, "Drop of each method's set, nats");
    plot.y = (int)p->y + 14;
    jp_figure_drops(&p->body, r, plot);
    p->y = plot.y + plot.height;
    plot.height = 300;
    if (jp_figure_search(NULL, r, plot)) {
        heading(p, "Best drop against evaluations");
        plot.y = (int)p->y + 14;
        jp_figure_search(&p->body, r, plot);
        p->y = plot.y + plot.height;
    }
    return status;
}

static int write_svg(const jopa_result *r, const jp_render_options *o, jp_buffer *out, jopa_error *e) {
    (void)o;
    picture p = {{0}, -6, WIDTH, e};
    int     status = jp_result_compares(r) ? draw_comparison(&p, r) : draw_explanation(&p, &r->items[0]);
    if (!status && !p.body.failed) {
        int height = (int)p.y + MARGIN;
        jp_buffer_format(out,
                         "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"plot\" width=\"%d\" height=\"%d\" "
                         "viewBox=\"0 0 %d %d\">\n",
                         p.width, height, p.width, height);
        jp_buffer_format(out, "<style>\n%s%s</style>\n<rect class=\"paper\" width=\"%d\" height=\"%d\"/>\n",
                         jp_picture_css, jp_plot_css, p.width, height);
        jp_buffer_bytes(out, p.body.data, p.body.size);
        jp_buffer_text(out, "</svg>\n");
    }
    bool failed = p.body.failed || out->failed;
    jp_buffer_free(&p.body);
    return status ? status : failed ? jp_fail_memory(e) : JP_OK;
}

const jp_format jp_format_svg = {"svg", "a picture for papers: the heat maps and the plots", write_svg};
