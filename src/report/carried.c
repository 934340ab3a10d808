#include "report/carried.h"

#include <math.h>
#include <string.h>

#include "base/number.h"
#include "report/label.h"

enum { MOST_CELLS = 8, QUOTE = 32 };

typedef struct {
    int    unit, token;
    double drop;
} cell;

/* The largest come first; of equal ones the first. Returns how many there are now. */
static int insert_cell(cell *best, int n, int most, cell one) {
    int at = n;
    while (at > 0 && best[at - 1].drop < one.drop) at--;
    if (at == most) return n;
    if (n < most) n++;
    for (int i = n - 1; i > at; i--) best[i] = best[i - 1];
    best[at] = one;
    return n;
}

void jp_put_response_token(jp_buffer *out, const jp_explanation *x, int token, int columns) {
    const char *text = x->response_tokens[token].text;
    jp_put_quoted(out, text, 0, strlen(text), columns);
}

void jp_put_sentence(jp_buffer *out, const jp_explanation *x, const jp_result_sentence *s, int columns) {
    jp_buffer text = {0};
    jp_buffer_text(&text, "");
    for (int t = s->first; t < s->last; t++) jp_buffer_text(&text, x->response_tokens[t].text);
    if (text.failed) out->failed = true;
    else jp_put_quoted(out, text.data, 0, text.size, columns);
    jp_buffer_free(&text);
}

void jp_put_set_name(jp_buffer *out, const jp_result_loss *l) {
    if (l->target) jp_put_quoted(out, l->target, 0, strlen(l->target), QUOTE);
    else jp_buffer_text(out, "the set");
}

double jp_loss_of_all(const jp_result_loss *l) {
    double sum = 0;
    for (int t = 0; t < l->n_tokens; t++) sum += l->tokens[t];
    return sum;
}

bool jp_matrix_is_missing(const jp_explanation *x) {
    for (int i = 0; i < x->n_options; i++)
        if (!strcmp(x->options[i].name, "matrix")) return !x->matrix.present && !strcmp(x->options[i].value, "true");
    return false;
}

void jp_put_strongest(jp_buffer *out, const jp_explanation *x, int most) {
    cell best[MOST_CELLS];
    int  n = 0;
    if (most > MOST_CELLS) most = MOST_CELLS;
    for (int u = 0; u < x->matrix.n_rows; u++)
        for (int t = 0; t < x->matrix.rows[u].n_tokens; t++) {
            double drop = x->matrix.rows[u].tokens[t];
            if (isfinite(drop) && drop > 0) n = insert_cell(best, n, most, (cell){u, t, drop});
        }
    for (int i = 0; i < n; i++) {
        if (i) jp_buffer_text(out, ", ");
        jp_put_unit(out, x, best[i].unit);
        jp_buffer_text(out, i ? " " : " takes ");
        jp_put_figure(out, best[i].drop);
        jp_buffer_text(out, i ? " from " : " nats from ");
        jp_put_response_token(out, x, best[i].token, QUOTE);
    }
}
