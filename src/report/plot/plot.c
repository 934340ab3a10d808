#include "report/plot/plot.h"

#include <math.h>
#include <string.h>

#include "report/markup.h"
#include "base/number.h"

enum {
    LEFT = 56,
    RIGHT = 16,
    TOP = 14,
    BOTTOM = 46,
    NAMES = 116,
    LINE_HEIGHT = 15,
    STYLES = 8,
    MAX_NAMED = 16,
    MAX_DOTS = 40,
    MAX_TICKS = 100
};

static double rounded(double value) { return isfinite(value) ? round(value * 100) / 100 : 0; }

static void put_coordinate_plot(jp_buffer *out, const char *name, double value) {
    jp_put_number_attribute(out, name, rounded(value));
}

void jp_svg_open(jp_buffer *out, const jp_plot *p, const char *class_name) {
    jp_buffer_format(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"plot %s\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\""
        " viewBox=\"0 0 %d %d\" role=\"img\"",
        class_name, p->x, p->y, p->width, p->height, p->width, p->height);
    jp_put_attribute(out, "aria-label", p->name);
    jp_buffer_text(out, ">\n");
}

void jp_svg_text(jp_buffer *out, const char *class_name, const char *anchor, double x, double y, const char *text) {
    jp_buffer_format(out, "<text class=\"%s\" text-anchor=\"%s\"", class_name, anchor);
    put_coordinate_plot(out, "x", x);
    put_coordinate_plot(out, "y", y);
    jp_buffer_text(out, ">");
    jp_put_xml(out, text, strlen(text));
    jp_buffer_text(out, "</text>\n");
}

void jp_svg_line(jp_buffer *out, const char *class_name, double x1, double y1, double x2, double y2) {
    jp_buffer_format(out, "<line class=\"%s\"", class_name);
    put_coordinate_plot(out, "x1", x1);
    put_coordinate_plot(out, "y1", y1);
    put_coordinate_plot(out, "x2", x2);
    put_coordinate_plot(out, "y2", y2);
    jp_buffer_text(out, "/>\n");
}

/* What is drawn of a number: axes need differences that are finite and that a step divides. */
static const double LARGEST = 1e300, SMALLEST_RANGE = 1e-290;

static double drawn(double value) { return isnan(value) ? 0 : fmax(-LARGEST, fmin(LARGEST, value)); }

double jp_nice_step(double range, int parts) {
    if (!(range >= SMALLEST_RANGE) || range > 2 * LARGEST) return 1;
    double rough = range / parts, power = pow(10, floor(log10(rough))), lead = rough / power;
    return power * (lead <= 1 ? 1 : lead <= 2 ? 2 : lead <= 5 ? 5 : 10);
}

/* Data to picture: [low, high] of each axis onto the plot's frame. */
typedef struct {
    double x_low, x_high, y_low, y_high, left, right, top, bottom;
} frame;

static double to_x(const frame *f, double x) {
    return f->left + (drawn(x) - f->x_low) / (f->x_high - f->x_low) * (f->right - f->left);
}
static double to_y(const frame *f, double y) {
    return f->bottom - (drawn(y) - f->y_low) / (f->y_high - f->y_low) * (f->bottom - f->top);
}

static void put_tick(jp_buffer *out, const char *anchor, double x, double y, double value, double step) {
    jp_buffer text = {0};
    int       decimals = step >= 1 ? 0 : (int)ceil(-log10(step) - 1e-9);
    if (value != 0 && (decimals > 12 || step >= 1e15)) jp_put_figure(&text, value);
    else jp_put_fixed(&text, value, decimals > 12 ? 0 : decimals);
    if (text.failed) out->failed = true;
    else jp_svg_text(out, "tick", anchor, x, y, text.data);
    jp_buffer_free(&text);
}

/* How many ticks an axis has from *first * step on. */
static int count_ticks(double low, double high, double step, double *first) {
    *first = ceil(low / step);
    double n = floor(high / step + 1e-6) - *first + 1;
    return n > 0 ? (int)fmin(n, MAX_TICKS) : 0;
}

static void put_axes(jp_buffer *out, const frame *f, const jp_plot *p) {
    double step = jp_nice_step(f->y_high - f->y_low, 4), first;
    int    n = count_ticks(f->y_low, f->y_high, step, &first);
    for (int i = 0; i < n; i++) {
        double v = (first + i) * step;
        jp_svg_line(out, fabs(v) < step / 2 ? "axis" : "grid", f->left, to_y(f, v), f->right, to_y(f, v));
        put_tick(out, "end", f->left - 8, to_y(f, v) + 4, v, step);
    }
    step = fmax(1, jp_nice_step(f->x_high - f->x_low, 6));
    n = count_ticks(f->x_low, f->x_high, step, &first);
    for (int i = 0; i < n; i++)
        put_tick(out, "middle", to_x(f, (first + i) * step), f->bottom + 18, (first + i) * step, step);
    jp_svg_text(out, "label", "middle", (f->left + f->right) / 2, p->height - 6, p->x_label);
    jp_buffer_format(out, "<g transform=\"rotate(-90)\">");
    jp_svg_text(out, "label", "middle", -(f->top + f->bottom) / 2, 14, p->y_label);
    jp_buffer_text(out, "</g>\n");
}

static frame frame_of(const jp_plot *p, const jp_series *series, int n, bool named) {
    frame f = {0, 1, 0, 0, LEFT, p->width - RIGHT - (named ? NAMES : 0), TOP, p->height - BOTTOM};
    for (int s = 0; s < n; s++) {
        f.x_high = fmax(f.x_high, drawn(series[s].end));
        for (int i = 0; i < series[s].n; i++) {
            f.x_high = fmax(f.x_high, drawn(series[s].points[i].x));
            f.y_high = fmax(f.y_high, drawn(series[s].points[i].y));
            f.y_low = fmin(f.y_low, drawn(series[s].points[i].y));
        }
    }
    double step = jp_nice_step(f.y_high - f.y_low, 4);
    f.y_high = ceil(f.y_high / step - 1e-9) * step;
    f.y_low = floor(f.y_low / step + 1e-9) * step;
    if (f.y_high <= f.y_low) f.y_high = f.y_low + 1;
    return f;
}

static void put_pair(jp_buffer *out, const char *command, double x, double y) {
    jp_buffer_text(out, command);
    jp_put_exact(out, rounded(x));
    jp_buffer_text(out, " ");
    jp_put_exact(out, rounded(y));
}

static void put_steps(jp_buffer *out, const frame *f, const jp_series *s) {
    double x = to_x(f, f->x_low), y = to_y(f, 0);
    put_pair(out, "M", x, y);
    for (int i = 0; i < s->n; i++) {
        x = to_x(f, s->points[i].x);
        put_pair(out, "L", x, y);
        y = to_y(f, s->points[i].y);
        put_pair(out, "L", x, y);
    }
    if (s->end > 0) put_pair(out, "L", fmax(x, to_x(f, s->end)), y);
}

static void put_path(jp_buffer *out, const frame *f, const jp_series *s, const char *style, bool steps) {
    jp_buffer_format(out, "<path class=\"line %s\" d=\"", style);
    if (steps) put_steps(out, f, s);
    for (int i = 0; i < s->n && !steps; i++)
        put_pair(out, i ? "L" : "M", to_x(f, s->points[i].x), to_y(f, s->points[i].y));
    jp_buffer_text(out, "\"/>\n");
    for (int i = s->n > MAX_DOTS ? s->n - 1 : 0; i < s->n; i++) {
        jp_buffer_format(out, "<circle class=\"dot %s\" r=\"%s\"", style, i + 1 == s->n ? "4" : "2.5");
        put_coordinate_plot(out, "cx", to_x(f, s->points[i].x));
        put_coordinate_plot(out, "cy", to_y(f, s->points[i].y));
        jp_buffer_text(out, "/>\n");
    }
}

static jp_point end_of(const frame *f, const jp_series *s) {
    if (!s->n) return (jp_point){f->left, f->bottom};
    return (jp_point){to_x(f, fmax(s->end, s->points[s->n - 1].x)), to_y(f, s->points[s->n - 1].y)};
}

/* The lines' names at their ends' heights, pushed apart so that none covers another. order: series by height. */
static void put_names(jp_buffer *out, const frame *f, const jp_series *series, int n, const jp_point *ends) {
    int    order[MAX_NAMED];
    double floor_y = f->top;
    for (int i = 0; i < n; i++) {
        int at = i;
        for (; at > 0 && ends[order[at - 1]].y > ends[i].y; at--) order[at] = order[at - 1];
        order[at] = i;
    }
    double overflow = f->top + (n - 1) * LINE_HEIGHT - f->bottom;
    if (overflow > 0) floor_y -= overflow;
    for (int i = 0; i < n; i++) {
        double limit = f->bottom - (n - 1 - i) * LINE_HEIGHT, y = fmax(floor_y, fmin(ends[order[i]].y, limit));
        char   style[32] = "name c0";
        if (!series[order[i]].strong) style[6] = (char)('1' + order[i] % (STYLES - 1));
        jp_svg_text(out, style, "start", f->right + 10, y + 4, series[order[i]].name);
        jp_svg_line(out, "leader", ends[order[i]].x + 6, ends[order[i]].y, f->right + 7, y);
        floor_y = y + LINE_HEIGHT;
    }
}

static void plot_series(jp_buffer *out, const jp_plot *plot, const jp_series *series, int n, bool steps) {
    bool     named = n > 1;
    frame    f = frame_of(plot, series, n, named);
    jp_point ends[MAX_NAMED];
    jp_svg_open(out, plot, steps ? "steps" : "lines");
    put_axes(out, &f, plot);
    for (int s = n; s-- > 0;) {
        char style[3] = "c0";
        if (!series[s].strong) style[1] = (char)('1' + s % (STYLES - 1));
        put_path(out, &f, &series[s], style, steps);
        if (s < MAX_NAMED) ends[s] = end_of(&f, &series[s]);
    }
    if (named) put_names(out, &f, series, n < MAX_NAMED ? n : MAX_NAMED, ends);
    jp_buffer_text(out, "</svg>\n");
}

void jp_plot_steps(jp_buffer *out, const jp_plot *plot, const jp_series *series, int n) {
    plot_series(out, plot, series, n, true);
}
void jp_plot_lines(jp_buffer *out, const jp_plot *plot, const jp_series *series, int n) {
    plot_series(out, plot, series, n, false);
}

/* How far a bar and its interval reach. */
static double bar_low(const jp_bar *b) {
    return drawn(b->has_interval && isfinite(b->low) ? fmin(b->value, b->low) : b->value);
}
static double bar_high(const jp_bar *b) {
    return drawn(b->has_interval && isfinite(b->high) ? fmax(b->value, b->high) : b->value);
}

/* Pixels a unit over [low, high]; 0 where everything is 0. */
static double scale_of(double low, double high, double pixels) {
    return high - low >= SMALLEST_RANGE ? pixels / (high - low) : 0;
}

void jp_plot_bars(jp_buffer *out, const jp_plot *p, const jp_bar *bars, int n) {
    double low = 0, high = 0, left = NAMES + 8, right = p->width - 64;
    for (int i = 0; i < n; i++) {
        if (!isfinite(bars[i].value)) continue;
        low = fmin(low, bar_low(&bars[i]));
        high = fmax(high, bar_high(&bars[i]));
    }
    double scale = scale_of(low, high, right - left), zero = left - low * scale,
           pitch = (double)p->height / (n > 0 ? n : 1);
    jp_svg_open(out, p, "bars");
    for (int i = 0; i < n; i++) {
        double value = isfinite(bars[i].value) ? drawn(bars[i].value) : 0, end = zero + value * scale,
               y = i * pitch + pitch / 2;
        jp_buffer text = {0};
        jp_svg_text(out, bars[i].strong ? "name c0" : "name", "end", NAMES, y + 4, bars[i].label);
        jp_buffer_format(out, "<rect class=\"bar %s\" rx=\"2\"", bars[i].strong ? "c0" : "c1");
        put_coordinate_plot(out, "x", fmin(zero, end));
        put_coordinate_plot(out, "y", y - pitch * 0.3);
        put_coordinate_plot(out, "width", fmax(fabs(end - zero), 1));
        put_coordinate_plot(out, "height", pitch * 0.6);
        jp_buffer_text(out, "/>\n");
        double reach = fmax(zero, zero + bar_high(&bars[i]) * scale);
        if (bars[i].has_interval && isfinite(bars[i].value))
            jp_svg_line(out, "whisker", zero + bar_low(&bars[i]) * scale, y, zero + bar_high(&bars[i]) * scale, y);
        jp_put_figure(&text, bars[i].value);
        if (text.failed) out->failed = true;
        else jp_svg_text(out, "tick", "start", (isfinite(reach) ? reach : zero) + 8, y + 4, text.data);
        jp_buffer_free(&text);
    }
    jp_svg_line(out, "axis", zero, 0, zero, p->height);
    jp_buffer_text(out, "</svg>\n");
}
