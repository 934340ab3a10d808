/* Long prompts, coarse to fine: paragraphs, sentences inside those that matter, words or tokens inside those.
 * docs/long.md has what was measured.
 *
 * Each level asks knockouts (score/knockout.h) what each of its units is worth, which costs little, searches jointly
 * among the likeliest by knockouts, then by true drops from there on, and hands what it learnt down: the regions of the
 * sets found and the runners-up are cut finer, the others ruled out. When a finer level stalls, the next regions come
 * back. */
#ifndef JP_LEVELS_H
#define JP_LEVELS_H

#include "method/method.h"
#include "prompt/boundary.h"
#include "prompt/range.h"

enum { JP_LEVELS_MOST = 5 };

/* The kinds of the levels, coarse to fine; the last is the kind of the prompt's units. n 0: no levels, a flat search.
 */
typedef struct {
    jp_unit_kind kinds[JP_LEVELS_MOST];
    int          n;
} jp_level_kinds;

/* What was asked for: kinds, or those that suit the prompt. Neither: a flat search. */
typedef struct {
    bool           automatic;
    jp_level_kinds given;
} jp_level_wish;

/* `list`: "none", "auto", or kinds such as "paragraph,sentence"; `unit`: the kind of the prompt's units, which is added
 * at the end where it lacks. JOPA_ERROR_USAGE: an unknown kind, or not from coarse to fine. */
int jp_levels_parse(jp_level_wish *out, const char *list, jp_unit_kind unit, jopa_error *e);
/* The kinds for a prompt. Automatic: none below JP_LEVELS_FROM maskable tokens, otherwise paragraph and sentence as far
 * as they are coarser than the unit and cut the text. JP_OK or JOPA_ERROR_MEMORY. */
int jp_levels_choose(jp_level_kinds *out, const jp_level_wish *wish, jp_unit_kind unit, const jp_prompt *p,
                     jopa_error *e);
enum { JP_LEVELS_FROM = 400 };

/* p's units of a coarser kind. What is longer than usual is cut on (prompt/recut.h): a text that is one paragraph has
 * runs of sentences instead, one without sentences runs of its units. Free with jp_recut_free. */
int jp_level_cut(jp_prompt *out, const jp_prompt *p, jp_unit_kind kind, jopa_error *e);
enum { JP_LEVEL_PARAGRAPH = 160, JP_LEVEL_RUN = 96, JP_LEVEL_SENTENCE = 64 }; /* tokens */

/* What one level did. */
typedef struct {
    const char *unit;       /* static */
    int         units;      /* in the prompt */
    int         candidates; /* not ruled out */
    jp_range   *selected;   /* owned, [n_selected] bytes of the best set's units */
    int         n_selected;
    double      drop; /* its drop; NAN: none was scored */
    int64_t     evaluations, decoded_tokens;
    double      seconds;
    int         returned; /* units of the coarser level that came back */
} jp_level_report;

typedef struct {
    jp_level_report levels[JP_LEVELS_MOST];
    int             n;
} jp_levels_report;

void jp_levels_report_free(jp_levels_report *r);

/* Whether a method of that name runs by levels. */
bool jp_levels_apply(const char *method);

/* Run `method` (jopa, jopa-nograd or ablation) by levels; two of them at least. task->scorer's units are the finest;
 * its bill gets all that this costs. task->budget evaluations stand for as many full prompts' tokens, 0: see below.
 * JP_OK, JP_STOP (a limit; the selection holds the best so far) or an error; *report is the caller's in any case. */
int jp_levels_run(const jp_task *task, const char *method, const jp_level_kinds *kinds, jp_selection *selection,
                  jp_levels_report *report, jopa_error *e);
enum {
    JP_LEVELS_BUDGET = 30,       /* full prompts, */
    JP_LEVELS_BUDGET_MANY = 100, /* or for sets of more than 16 units so many, as long as a prompt has at most */
    JP_LEVELS_FULL = 1024,       /* tokens; of what it has more, */
    JP_LEVELS_LONG = 16,         /* so many: knockouts cost a long prompt no more than a short one, */
    JP_LEVELS_LONG_MANY = 8      /* or for sets of more than 16 units so many */
};

#endif
