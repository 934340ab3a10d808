/* Cells of comma-separated values (RFC 4180). */
#ifndef JP_CELL_H
#define JP_CELL_H

#include "base/buffer.h"

/* A cell with other people's text, quoted where it has to be. What a spreadsheet would take for a formula (CWE-1236),
 * white space and invisible characters before it or not, gets an apostrophe before it, which spreadsheets take as "this
 * is text". */
void jp_put_cell(jp_buffer *out, const char *text);

#endif
