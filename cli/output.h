#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <stdbool.h>

#include "options.h"

/* Before long work: whether format and output file are possible. -1: yes; otherwise the exit code. */
int output_check(const options *o);
/* Whether a text of that format is to begin with a byte order mark. */
bool output_marked(const options *o, const char *format);
/* Render and write by --format, --output, --color, --width. Returns the exit code. */
int output_result(const options *o, const jopa_result *r);

#endif
