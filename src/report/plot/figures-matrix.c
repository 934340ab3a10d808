/* The matrix as a map of cells. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "report/carried.h"
#include "report/label.h"
#include "report/plot/figures.h"

enum { MOST_ROWS = 80, MOST_COLUMNS = 160, ROW_LABEL = 24, COLUMN_LABEL = 15 };

/* What is shown: of rows and columns those with the largest numbers, in their order. */
typedef struct {
    const jp_explanation *x;
    bool                  by_sentence;
    int                  *rows, *columns; /* [n_rows], [n_columns] */
    int                   n_rows, n_columns;
    char                **labels; /* [rows, sets, columns] owned */
    int                   n_labels;
    jp_cell_row          *cells; /* [rows and sets] */
    double               *values;
} map;

static double value_of_cell(const map *m, const jp_result_loss *l, int column) {
    return m->by_sentence ? l->sentences[column] : l->tokens[column];
}

static double largest_of_row(const map *m, int row, int n_columns) {
    double max = 0;
    for (int c = 0; c < n_columns; c++) {
        double value = value_of_cell(m, &m->x->matrix.rows[row], c);
        if (isfinite(value)) max = fmax(max, fabs(value));
    }
    return max;
}

static double largest_of_column(const map *m, int column, int n_rows) {
    double max = 0;
    for (int r = 0; r < n_rows; r++) {
        double value = value_of_cell(m, &m->x->matrix.rows[r], column);
        if (isfinite(value)) max = fmax(max, fabs(value));
    }
    return max;
}

static int falling(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? 1 : x > y ? -1 : 0;
}

/* The indices of the `most` largest of n, ascending. NULL: no memory. */
static int *choose_largest(const map *m, double (*size)(const map *, int, int), int n, int other, int most,
                           int *count) {
    double *sizes = malloc(((size_t)n + 1) * 2 * sizeof *sizes), *sorted = sizes + n + 1;
    int    *chosen = malloc(((size_t)n + 1) * sizeof *chosen);
    *count = 0;
    if (sizes && chosen) {
        for (int i = 0; i < n; i++) sorted[i] = sizes[i] = size(m, i, other);
        qsort(sorted, (size_t)n, sizeof *sorted, falling);
        double least = n > most ? sorted[most - 1] : 0;
        int    above = 0;
        for (int i = 0; i < n; i++) above += sizes[i] > least;
        for (int i = 0, equal = most - above; i < n; i++) /* of equal ones the first */
            if (sizes[i] > least || (sizes[i] == least && equal-- > 0)) chosen[(*count)++] = i;
    }
    free(sizes);
    return sizes ? chosen : (free(chosen), NULL);
}

static bool choose_map(map *m) {
    const jp_explanation *x = m->x;
    int                   n = x->n_response_tokens, sentences = x->matrix.n_sentences;
    m->by_sentence = n > MOST_COLUMNS && sentences > 1 && sentences <= MOST_COLUMNS;
    if (m->by_sentence) n = sentences;
    m->rows = choose_largest(m, largest_of_row, x->matrix.n_rows, n, MOST_ROWS, &m->n_rows);
    m->columns = choose_largest(m, largest_of_column, n, x->matrix.n_rows, MOST_COLUMNS, &m->n_columns);
    return m->rows && m->columns;
}

/* ---- labels ---------------------------------------------------------------------------------------------------------
 */

/* The label without its quotation marks, owned by the map. */
static const char *keep_label(map *m, jp_buffer *text) {
    static const char open[] = "“", close[] = "”";
    size_t            marks = sizeof open - 1;
    bool              quoted = text->data && text->size >= 2 * marks && !memcmp(text->data, open, marks) &&
                  !memcmp(text->data + text->size - marks, close, marks);
    char *label = text->failed || !text->data ? NULL
                  : quoted                    ? strndup(text->data + marks, text->size - 2 * marks)
                                              : strdup(text->data);
    jp_buffer_free(text);
    if (label) m->labels[m->n_labels++] = label;
    return label;
}

static const char *label_row(map *m, int unit) {
    jp_buffer   text = {0};
    const char *of = m->x->units[unit].text;
    jp_put_quoted(&text, of, 0, strlen(of), ROW_LABEL);
    return keep_label(m, &text);
}

static const char *label_set(map *m, const jp_result_loss *l) {
    jp_buffer text = {0};
    jp_put_set_name(&text, l);
    return keep_label(m, &text);
}

static const char *label_column(map *m, int column) {
    jp_buffer text = {0};
    if (m->by_sentence) jp_put_sentence(&text, m->x, &m->x->matrix.sentences[column], COLUMN_LABEL);
    else jp_put_response_token(&text, m->x, column, COLUMN_LABEL);
    return keep_label(m, &text);
}

/* ---- the picture ----------------------------------------------------------------------------------------------------
 */

static bool fill_row(map *m, int at, const jp_result_loss *l, const char *label, bool strong) {
    double *values = m->values + (size_t)at * (size_t)m->n_columns;
    for (int c = 0; c < m->n_columns; c++) values[c] = value_of_cell(m, l, m->columns[c]);
    m->cells[at] = (jp_cell_row){label, strong, values};
    return label != NULL;
}

static bool fill_map(map *m, const char **names) {
    const jp_explanation *x = m->x;
    bool                  fine = true;
    for (int r = 0; r < m->n_rows && fine; r++)
        fine = fill_row(m, r, &x->matrix.rows[m->rows[r]], label_row(m, m->rows[r]), x->units[m->rows[r]].selected);
    for (int i = 0; i < x->matrix.n_sets && fine; i++)
        fine = fill_row(m, m->n_rows + i, &x->matrix.sets[i], label_set(m, &x->matrix.sets[i]), true);
    for (int c = 0; c < m->n_columns && fine; c++) fine = (names[c] = label_column(m, m->columns[c])) != NULL;
    return fine;
}

static void draw_map(jp_buffer *out, map *m, jp_plot plot) {
    size_t       rows = (size_t)m->n_rows + (size_t)m->x->matrix.n_sets, columns = (size_t)m->n_columns;
    const char **names = calloc(columns + 1, sizeof *names);
    jp_buffer    name = {0};
    m->labels = calloc(rows + columns + 1, sizeof *m->labels);
    m->cells = calloc(rows + 1, sizeof *m->cells);
    m->values = calloc(rows * columns + 1, sizeof *m->values);
    jp_buffer_text(&name, "What each part of the prompt, hidden alone, takes from each part of the response. ");
    jp_put_strongest(&name, m->x, 3);
    if (names && m->labels && m->cells && m->values && !name.failed && fill_map(m, names)) {
        plot.name = name.data;
        jp_plot_cells(out, &plot, names, m->n_columns, m->cells, (int)rows, m->x->matrix.n_sets);
    } else out->failed = true;
    for (int i = 0; i < m->n_labels; i++) free(m->labels[i]);
    free(m->labels);
    free(m->cells);
    free(m->values);
    free(names);
    jp_buffer_free(&name);
}

static char *note_of(const map *m) {
    jp_buffer note = {0};
    int       units = m->x->matrix.n_rows, tokens = m->x->n_response_tokens;
    if (m->n_rows < units)
        jp_buffer_format(&note, "%d of %d parts, those with the largest numbers. ", m->n_rows, units);
    if (m->by_sentence) jp_buffer_format(&note, "By sentence: the response has %d tokens. ", tokens);
    else if (m->n_columns < tokens)
        jp_buffer_format(&note, "%d of %d tokens, those with the largest numbers. ", m->n_columns, tokens);
    if (note.size) note.data[--note.size] = '\0';
    return note.size ? jp_buffer_take(&note, NULL) : NULL;
}

bool jp_figure_matrix(jp_buffer *out, const jp_explanation *x, jp_plot *plot, char **note) {
    map m = {.x = x};
    if (note) *note = NULL;
    if (!x->matrix.present || !x->matrix.n_rows || !x->n_response_tokens) return false;
    bool fine = choose_map(&m);
    if (fine) jp_cells_size(m.n_columns, m.n_rows + x->matrix.n_sets, &plot->width, &plot->height);
    if (fine && note) *note = note_of(&m);
    if (fine && out) draw_map(out, &m, *plot);
    if (!fine && out) out->failed = true;
    free(m.rows);
    free(m.columns);
    return true;
}
