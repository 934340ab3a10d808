/* What a found set means: which of its units it needs, and which act only together. */
#ifndef JP_JOINT_H
#define JP_JOINT_H

#include "search/task.h"

/* Show again, one after another, units whose return costs less than `share` of the set's drop, the cheapest first; at
 * least one unit stays. The set may end with a larger drop than it began with. JP_STOP: a limit was reached, the set is
 * what was got to. About k evaluations, and k more for each unit taken out of a small set; of a large one units are
 * taken out together as long as that costs less than `share`, which bounds the evaluations: see search/eliminate.h. */
int jp_joint_prune(jp_scorer *s, jp_bitset *set, double share, jopa_error *e);

typedef struct {
    int    unit;
    double drop_without;
} jp_joint_unit; /* the set's drop once the unit is shown again */
typedef struct {
    int    first, second;
    double drop, interaction;
} jp_joint_pair; /* of the pair alone: drop({i, j}), less drop({i}) and drop({j}) */

typedef struct {
    double         drop;                         /* of the set */
    double         sum_of_single_drops, synergy; /* synergy = drop - sum */
    jp_joint_unit *units;                        /* owned; ascending by drop_without: the most needed first */
    int            n_units;
    jp_joint_pair *pairs; /* owned; descending by interaction */
    int            n_pairs;
} jp_joint;

/* Analyse `set`. Pairs are scored among the JP_JOINT_PAIRED units that are needed most. At most 2 k + 66 evaluations,
 * those already made free. JP_STOP: a limit was reached, and what is unknown is NAN. In any case but an error the
 * caller frees *out with jp_joint_free. */
enum { JP_JOINT_PAIRED = 12 };
int  jp_joint_analyse(jp_joint *out, jp_scorer *s, const jp_bitset *set, jopa_error *e);
void jp_joint_free(jp_joint *j); /* frees the members; safe on a zeroed struct */

#endif
