/* The file of --results: JSON Lines, a result with its question's id each. Lines are appended whole, so that a killed
 * run leaves at most a part of its last line, which the next run cuts off. */
#ifndef CLI_KEPT_RESULTS_H
#define CLI_KEPT_RESULTS_H

#include <jopa.h>
#include <stdbool.h>

typedef struct kept_results kept_results;

/* -1: *out is open and the caller's; otherwise the exit code, and told. `path` NULL: standard output, which has nothing
 * yet. A file that another run writes is refused, and one that is no file of results. */
int  kept_results_open(kept_results **out, const char *path);
void kept_results_close(kept_results *k);
/* *known: whether a result of that id is there. -1; or the exit code, told: it answers another question. */
int kept_results_have(kept_results *k, const jopa_model *m, const jopa_options *asked, bool *known);
/* Append a result. EXIT_DONE, or the exit code, told. */
int kept_results_add(kept_results *k, const jopa_result *r);

#endif
