/* The interaction graph: how much more, or less, two hidden units do together than one by one. */
#include <math.h>
#include <string.h>

#include "report/markup.h"
#include "base/number.h"
#include "report/plot/plot.h"

enum { LABEL_WIDTH = 120, LABEL_HEIGHT = 34, NAMED_EDGES = 3 };

static const double pi = 3.14159265358979323846;

typedef struct {
    double x, y, angle;
} place;

/* Two nodes lie side by side; more go round clockwise from the top. */
static place place_of(const jp_plot *p, int i, int n) {
    double angle = n == 2 ? (i ? 0 : pi) : -pi / 2 + 2 * pi * i / n;
    double rx = n == 1 ? 0 : p->width / 2.0 - LABEL_WIDTH, ry = n < 3 ? 0 : p->height / 2.0 - LABEL_HEIGHT;
    return (place){p->width / 2.0 + rx * cos(angle), p->height / 2.0 + ry * sin(angle), angle};
}

static double largest(const jp_graph_edge *edges, int n) {
    double max = 0;
    for (int i = 0; i < n; i++)
        if (isfinite(edges[i].value)) max = fmax(max, fabs(edges[i].value));
    return max;
}

static void put_edge(jp_buffer *out, const jp_plot *p, const jp_graph_edge *edge, int n, double max) {
    place  a = place_of(p, edge->first, n), b = place_of(p, edge->second, n);
    double share = max > 0 && isfinite(edge->value) ? fabs(edge->value) / max : 0;
    jp_buffer_format(out, "<line class=\"edge %s\"", edge->value < 0 ? "less" : "more");
    jp_put_number_attribute(out, "x1", round(a.x * 100) / 100);
    jp_put_number_attribute(out, "y1", round(a.y * 100) / 100);
    jp_put_number_attribute(out, "x2", round(b.x * 100) / 100);
    jp_put_number_attribute(out, "y2", round(b.y * 100) / 100);
    jp_put_number_attribute(out, "stroke-width", round((1 + 9 * share) * 100) / 100);
    jp_put_number_attribute(out, "stroke-opacity", round((0.25 + 0.75 * share) * 100) / 100);
    jp_buffer_text(out, "/>\n");
}

static void put_value_graph_plot(jp_buffer *out, const jp_plot *p, const jp_graph_edge *edge, int n) {
    place     a = place_of(p, edge->first, n), b = place_of(p, edge->second, n);
    double    along = n > 3 ? 0.4 : 0.5; /* away from the centre, where lines cross */
    jp_buffer text = {0};
    if (edge->value >= 0) jp_buffer_text(&text, "+");
    jp_put_figure(&text, edge->value);
    if (text.failed) out->failed = true;
    else
        jp_svg_text(out, "value", "middle", a.x + along * (b.x - a.x), a.y + along * (b.y - a.y) + (n == 2 ? -12 : 4),
                    text.data);
    jp_buffer_free(&text);
}

static void put_node(jp_buffer *out, const jp_plot *p, const jp_graph_node *node, int i, int n) {
    place       at = place_of(p, i, n);
    double      radius = isfinite(node->weight) ? 7 + 11 * fmax(0, fmin(1, node->weight)) : 9;
    double      side = cos(at.angle), y = at.y + 5;
    const char *anchor = n > 1 && side > 0.3 ? "start" : n > 1 && side < -0.3 ? "end" : "middle";
    double      x = at.x + (*anchor == 's' ? radius + 8 : *anchor == 'e' ? -radius - 8 : 0);
    if (*anchor == 'm') y = n > 1 && sin(at.angle) > 0 ? at.y + radius + 18 : at.y - radius - 8;
    jp_buffer_text(out, "<circle class=\"node\"");
    jp_put_number_attribute(out, "cx", round(at.x * 100) / 100);
    jp_put_number_attribute(out, "cy", round(at.y * 100) / 100);
    jp_put_number_attribute(out, "r", round(radius * 100) / 100);
    jp_buffer_text(out, "/>\n");
    jp_svg_text(out, "node-label", anchor, x, y, node->label);
}

void jp_plot_graph(jp_buffer *out, const jp_plot *plot, const jp_graph_node *nodes, int n_nodes,
                   const jp_graph_edge *edges, int n_edges) {
    double max = largest(edges, n_edges);
    jp_svg_open(out, plot, "graph");
    for (int i = n_edges; i-- > 0;) put_edge(out, plot, &edges[i], n_nodes, max);
    for (int i = 0; i < n_nodes; i++) put_node(out, plot, &nodes[i], i, n_nodes);
    for (int i = 0; i < n_edges && i < NAMED_EDGES; i++) put_value_graph_plot(out, plot, &edges[i], n_nodes);
    jp_buffer_text(out, "</svg>\n");
}
