/* One line on a terminal's stderr, redrawn; and the way in which Ctrl-C ends a run. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <jopa.h>
#include <stdbool.h>

/* Catch the first Ctrl-C (a second one kills). The returned value is the `user` of progress_show. */
void *progress_begin(bool quiet, bool always);
/* jopa_explain_options.progress: draws at most ten times a second; nonzero once Ctrl-C was pressed. */
int progress_show(void *user, const jopa_progress *p);
/* The same for jopa_bench_options.progress; a line each half minute where stderr is no terminal. */
int  progress_bench(void *user, const jopa_bench_progress *p);
void progress_end(void *user); /* clears the line */

#endif
