/* A metric measures an explanation: what hiding the selected set did to the response's probability, and to what the
 * model writes. To add one: write src/metric/NAME.c with one jp_metric, list it in table.c, and it is in
 * `jopa list metrics`, in `--metrics` and in the bench's tables. */
#ifndef JP_METRIC_H
#define JP_METRIC_H

#include "result/result.h"
#include "score/scorer.h"

/* All borrowed. Metrics evaluate through the scorer: read the run's cost and lift its limits (jp_scorer_relimit)
 * before. */
typedef struct {
    jp_scorer       *scorer;          /* the problem: prompt, operator, response tokens, target */
    const jp_bitset *selected;        /* the hidden set */
    const double    *score;           /* [units] importance, when the method ranks all units; otherwise NULL */
    const char      *response;        /* the text explained, valid UTF-8 */
    const char      *masked_response; /* what the model writes with `selected` hidden; NULL: not generated */
    jp_engine       *encoder;         /* a sentence encoder, or NULL */
    const jopa_stop *stop;            /* what engines ask, or NULL */
    uint64_t         seed;            /* of what is drawn at random */
} jp_measured;

typedef struct {
    const char *name, *summary;
    bool        generates; /* wants masked_response: without it the metric adds nothing */
    bool        by_default;
    /* Adds its numbers to out->metrics under the group `name`; what the engine cannot give is left out.
     * JP_OK, JP_STOP (interrupted; what was measured is there) or an error. */
    int (*measure)(const jp_measured *m, jp_explanation *out, jopa_error *e);
} jp_metric;

const jp_metric *jp_metric_at(int index);                       /* NULL past the end */
const jp_metric *jp_metric_find(const char *name, size_t size); /* NULL: unknown; `name` need not end at `size` */

/* The metrics in a list such as "prob,words" ("none" or "": nothing) as bits 1 << index into *bits.
 * JOPA_ERROR_USAGE for an unknown name. */
int jp_metric_parse(const char *list, unsigned *bits, jopa_error *e);
/* Whether one of them wants the regenerated response. */
bool jp_metric_generates(unsigned bits);
/* Run them in the table's order. */
int jp_metric_measure(unsigned bits, const jp_measured *m, jp_explanation *out, jopa_error *e);

/* Append metrics.GROUP.NAME = value to out->metrics; a NAN is left out. JP_OK or JOPA_ERROR_MEMORY. */
int jp_metric_add(jp_explanation *out, const char *group, const char *name, double value, jopa_error *e);

#endif
