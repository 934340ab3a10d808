#include "report/plot/figures.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/label.h"
#include "report/view.h"
#include "base/number.h"

enum { MAX_NODES = 12, LABEL = 18 };

typedef struct {
    int            units[MAX_NODES];
    jp_graph_node  nodes[MAX_NODES];
    char          *labels[MAX_NODES]; /* owned */
    int            n_nodes;
    jp_graph_edge *edges; /* owned */
    int            n_edges;
} graph;

static int node_of(const graph *g, int unit) {
    for (int i = 0; i < g->n_nodes; i++)
        if (g->units[i] == unit) return i;
    return -1;
}

static double needed_share(const jp_explanation *x, int unit) {
    for (int i = 0; i < x->joint.n_necessary; i++)
        if (x->joint.necessary[i].unit == unit && x->log_prob.drop > 0)
            return (x->log_prob.drop - x->joint.necessary[i].drop_without) / x->log_prob.drop;
    return NAN;
}

static int by_size(const void *a, const void *b) {
    double left = fabs(((const jp_graph_edge *)a)->value), right = fabs(((const jp_graph_edge *)b)->value);
    return left < right ? 1 : left > right ? -1 : 0;
}

static int compare_ints(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }

/* The strongest pairs as edges, their units as nodes in the prompt's order. */
static bool make_graph(const jp_explanation *x, graph *g) {
    int n = 0;
    *g = (graph){.edges = calloc((size_t)x->joint.n_pairs + 1, sizeof *g->edges)};
    if (!g->edges) return false;
    for (int i = 0; i < x->joint.n_pairs; i++)
        if (isfinite(x->joint.pairs[i].interaction) && x->joint.pairs[i].first != x->joint.pairs[i].second)
            g->edges[n++] =
                (jp_graph_edge){x->joint.pairs[i].first, x->joint.pairs[i].second, x->joint.pairs[i].interaction};
    qsort(g->edges, (size_t)n, sizeof *g->edges, by_size);
    for (int i = 0; i < n; i++) {
        int ends[2] = {g->edges[i].first, g->edges[i].second};
        for (int j = 0; j < 2; j++)
            if (node_of(g, ends[j]) < 0 && g->n_nodes < MAX_NODES) g->units[g->n_nodes++] = ends[j];
    }
    qsort(g->units, (size_t)g->n_nodes, sizeof *g->units, compare_ints);
    for (int i = 0; i < n; i++) {
        jp_graph_edge e = {node_of(g, g->edges[i].first), node_of(g, g->edges[i].second), g->edges[i].value};
        if (e.first >= 0 && e.second >= 0) g->edges[g->n_edges++] = e;
    }
    for (int i = 0; i < g->n_nodes; i++) {
        jp_buffer   label = {0};
        const char *text = x->units[g->units[i]].text;
        jp_put_quoted(&label, text, 0, strlen(text), LABEL);
        g->labels[i] = jp_buffer_take(&label, NULL);
        if (!g->labels[i]) return false;
        g->nodes[i] = (jp_graph_node){g->labels[i], needed_share(x, g->units[i])};
    }
    return true;
}

static void put_graph_name(jp_buffer *name, const graph *g) {
    jp_buffer_text(name, "Interaction of the hidden parts in nats. ");
    for (int i = 0; i < g->n_edges; i++) {
        jp_buffer_format(name, "%s%s and %s: ", i ? "; " : "", g->labels[g->edges[i].first],
                         g->labels[g->edges[i].second]);
        jp_put_figure(name, g->edges[i].value);
    }
}

bool jp_figure_graph(jp_buffer *out, const jp_explanation *x, jp_plot plot) {
    graph g;
    bool  there = x->joint.n_pairs > 0;
    if (!there || !out) return there;
    jp_buffer name = {0};
    bool      made = make_graph(x, &g);
    if (made) put_graph_name(&name, &g);
    if (!made || name.failed) out->failed = true;
    plot.name = name.data;
    if (g.n_edges && !out->failed) jp_plot_graph(out, &plot, g.nodes, g.n_nodes, g.edges, g.n_edges);
    for (int i = 0; i < g.n_nodes; i++) free(g.labels[i]);
    free(g.edges);
    jp_buffer_free(&name);
    return there;
}

static int trace_points(const jp_explanation *x, jp_point *points) {
    int n = 0;
    for (int i = 0; i < x->n_trace; i++)
        if (isfinite(x->trace[i].drop)) points[n++] = (jp_point){x->trace[i].evaluations, x->trace[i].drop};
    if (!n && isfinite(x->log_prob.drop)) points[n++] = (jp_point){(double)x->cost.evaluations, x->log_prob.drop};
    return n;
}

static void put_search_name(jp_buffer *name, const jopa_result *r) {
    jp_buffer_text(name, "Best drop so far against evaluations. ");
    for (int i = 0; i < r->n_items; i++) {
        jp_buffer_format(name, "%s%s: ", i ? "; " : "", r->items[i].method);
        if (r->items[i].failed) {
            jp_buffer_text(name, "it cannot run");
            continue;
        }
        jp_put_figure(name, r->items[i].log_prob.drop);
        jp_buffer_text(name, " nats after ");
        jp_put_count(name, r->items[i].cost.evaluations);
    }
}

bool jp_figure_search(jp_buffer *out, const jopa_result *r, jp_plot plot) {
    size_t room = 0;
    bool   there = false;
    for (int i = 0; i < r->n_items; i++) {
        room += (size_t)r->items[i].n_trace + 1;
        there = there || r->items[i].n_trace > 0;
    }
    if (!there || !out) return there;
    jp_point  *points = calloc(room, sizeof *points), *at = points;
    jp_series *series = calloc((size_t)r->n_items + 1, sizeof *series);
    jp_buffer  name = {0};
    put_search_name(&name, r);
    for (int i = 0; points && series && i < r->n_items; i++) {
        const jp_explanation *x = &r->items[i];
        int                   n = trace_points(x, at);
        series[i] =
            (jp_series){jp_explanation_label(x), at, n, (double)x->cost.evaluations, i == jp_best_explanation(r)};
        at += n;
    }
    plot.name = name.data;
    plot.x_label = "evaluations";
    plot.y_label = "best drop, nats";
    if (points && series && !name.failed) jp_plot_steps(out, &plot, series, r->n_items);
    else out->failed = true;
    free(points);
    free(series);
    jp_buffer_free(&name);
    return there;
}

/* Largest first; equal ones keep their order. */
static void insert_bar(jp_bar *bars, int n, jp_bar bar) {
    for (; n > 0 && bars[n - 1].value < bar.value; n--) bars[n] = bars[n - 1];
    bars[n] = bar;
}

bool jp_figure_drops(jp_buffer *out, const jopa_result *r, jp_plot plot) {
    if (!out) return r->n_items > 0;
    int     n = 0;
    double  best = r->items[jp_best_explanation(r)].log_prob.drop;
    jp_bar *bars = calloc((size_t)r->n_items + 1, sizeof *bars);
    for (int i = 0; bars && i < r->n_items; i++) {
        if (r->items[i].failed) continue;
        insert_bar(bars, n++,
                   (jp_bar){.label = r->items[i].method,
                            .value = r->items[i].log_prob.drop,
                            .strong = r->items[i].log_prob.drop >= best});
    }
    plot.name = "Drop of the set that each method found, in nats";
    if (bars) jp_plot_bars(out, &plot, bars, n);
    else out->failed = true;
    free(bars);
    return r->n_items > 0;
}
