/* One line on a terminal's stderr, redrawn; and the way in which Ctrl-C ends a run. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <jopa.h>
#include <stdbool.h>

/* Catch the first Ctrl-C (a second one kills). The returned value is the `user` of progress_show. */
void *progress_begin(bool quiet, bool always);
/* jopa_progress_function: draws at most ten times a second, for a bench whose stderr is no terminal each half minute;
 * nonzero once Ctrl-C was pressed. */
int  progress_show(void *user, const jopa_progress *p);
bool progress_interrupted(void); /* Ctrl-C was pressed */
void progress_end(void *user);   /* clears the line */

#endif
