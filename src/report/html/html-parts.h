/* Building blocks of the HTML pages. Every text goes through markup.h. */
#ifndef JP_HTML_PARTS_H
#define JP_HTML_PARTS_H

#include "report/report.h"
#include "report/view.h"

typedef struct {
    jp_buffer  *out;
    jopa_error *e;
} jp_html;

/* `main_part`: the id of the section that a link at the top of the page leads to, a word. */
void jp_html_open(jp_html *h, const char *title, const char *main_part);
void jp_html_close(jp_html *h, const jp_explanation *x);
/* <section> with its heading and, unless NULL, a sentence below it. Close with jp_html_end_section. */
void jp_html_section(jp_html *h, const char *id, const char *title, const char *note);
void jp_html_end_section(jp_html *h);
void jp_html_text(jp_html *h, const char *text);

/* One figure of the page's first row; both texts are emptied. */
void jp_html_tile(jp_html *h, const char *name, jp_buffer *value, jp_buffer *detail);

/* The prompt's messages as heat maps. values: [n_units] what colours them (NULL: nothing), max: the top of the ramp;
 * selected units are marked when `selection`. */
int jp_html_prompt(jp_html *h, const jp_explanation *x, const double *values, double max, bool selection);
/* The response as a heat map of what its tokens lost. */
int jp_html_response(jp_html *h, const jp_explanation *x);
/* Writes attributes of the element that a piece becomes; `blank`: its text is white space. */
typedef void jp_html_facts(jp_buffer *out, const void *user, const jp_piece *p, bool blank);
/* One piece of `text`: plain where no unit or token is behind it, otherwise an element that can be pointed at, as heat
 * up to `max`. The first one of a text takes part in the order of the tabulator key: *first. */
void jp_html_piece(jp_html *h, const char *text, const jp_piece *p, double max, bool *first, jp_html_facts *facts,
                   const void *user);
/* What the colours mean: the ramp from `low` to `high` (NULL: no ramp) and the marks (NULL: none). */
void jp_html_legend(jp_html *h, const char *low, const char *high, const char *marked);

/* A table cell: text, or a figure aligned right. */
void jp_html_cell_text(jp_html *h, const char *text);
/* The text of a buffer, which is emptied. */
void jp_html_cell_taken(jp_html *h, jp_buffer *text);
void jp_html_cell_figure(jp_html *h, double value);

/* A folded table: `heads` end with NULL, ">" before one makes a column of figures. */
void jp_html_open_table(jp_html *h, const char *id, const char *summary, const char *const *heads);
void jp_html_close_table(jp_html *h);

/* The selected units as marks with a plus between them; returns how many phrases they are. */
int jp_html_chips(jp_html *h, const jp_explanation *x);

/* What the page of one explanation says in its command's own words. */
typedef struct {
    void (*title)(jp_buffer *out, const jp_explanation *x);
    void (*head)(jp_html *h, const jp_explanation *x);  /* up to the figures */
    void (*found)(jp_html *h, const jp_explanation *x); /* sections after the figures, or NULL */
    const char *marked;                                 /* what the marks are */
    const char *rewritten, *hidden;                     /* headings of what the model writes then, and of its text */
    const char *same;                                   /* said where it writes the same */
} jp_html_page;
extern const jp_html_page jp_html_audit, jp_html_compress;

int jp_html_explain(jp_html *h, const jp_explanation *x);
int jp_html_cite(jp_html *h, const jp_explanation *x);
/* The sections of the matrix and of how sure the answer is; nothing where it has none. */
int  jp_html_matrix(jp_html *h, const jp_explanation *x);
void jp_html_stability(jp_html *h, const jp_explanation *x);
int  jp_html_compare(jp_html *h, const jopa_result *r);
/* Tables behind the explain page's pictures: units, tokens of the response, metrics, the run. */
int jp_html_details(jp_html *h, const jp_explanation *x);

#endif
