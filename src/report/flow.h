/* Text that flows into a terminal's columns: cells with a look, broken into lines by UAX #14, painted with ANSI
 * colours or without, and where asked with a row of bars under each line. */
#ifndef JP_FLOW_H
#define JP_FLOW_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/unseen.h"

typedef enum {
    JP_LOOK_PLAIN,
    JP_LOOK_DIM,
    JP_LOOK_BOLD,
    JP_LOOK_SELECTED,
    JP_LOOK_HEAT, /* + 0..JP_HEATS-1: from hardly to most */
} jp_look;

enum { JP_HEATS = 8 };

typedef struct {
    const char   *text;                 /* borrowed; NULL: a line's end. Read by jp_cell_text */
    char          mark[JP_UNSEEN_SIZE]; /* what stands for an unseen character; "": `text` stands */
    size_t        size;
    int           width;
    unsigned char look;      /* jp_look */
    signed char   bar;       /* 0..JP_HEATS-1, -1: none */
    bool          may_break; /* a line may end after it */
    bool          space;
} jp_cell;

typedef struct {
    jp_cell *cells; /* owned */
    size_t   n, capacity;
    bool     failed; /* an allocation failed */
} jp_flow;

const char *jp_cell_text(const jp_cell *c);
void        jp_flow_free(jp_flow *f);
/* Append one cell as it is. */
void jp_flow_cell(jp_flow *f, jp_cell cell);
/* Append `text` (borrowed until painted), one cell a character; control characters and unseen ones become
 * visible signs.
 * `breaks` are its jp_breaks flags. */
void jp_flow_text(jp_flow *f, const char *text, size_t size, const unsigned char *breaks, int look, int bar);
/* The same for a text on its own. */
int jp_flow_string(jp_flow *f, const char *text, int look, jopa_error *e);

/* The line that begins at cell `from`, in `room` of the unit that the cells' widths are in: one past its last cell.
 * Spaces may hang over the edge. */
size_t jp_flow_line_end(const jp_flow *f, size_t from, int room);

typedef struct {
    int  width;  /* columns, indent included */
    int  indent; /* of every line */
    bool color, bars;
} jp_paint;

/* Write the lines, each ended by a newline. */
void jp_flow_paint(const jp_flow *f, const jp_paint *how, jp_buffer *out);
/* ANSI sequences around a piece of text, empty strings without colour. */
const char *jp_look_start(int look, bool color);
const char *jp_look_end(int look, bool color);

#endif
