/* Made-up landscapes that behave like a language model's: each response token has a logit that falls by what is hidden,
 * by a few units alone and by topics that many tokens share, where either of the units is enough (redundant), all are
 * needed, or half; a probability saturates at 1 and at a floor. Top single drops reach about 0.6 of the best set's
 * drop, forward selection 0.9, random sets 0.15, near what is seen on small instruction models. */
#ifndef LANDSCAPE_H
#define LANDSCAPE_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/engine.h"

enum { LANDSCAPE_UNITS = 128, LANDSCAPE_TOKENS = 30, LANDSCAPE_TOPICS = 8, LANDSCAPE_ROWS = 32 };

typedef enum { TOPIC_ANY_IS_ENOUGH, TOPIC_ALL_ARE_NEEDED, TOPIC_HALF_IS_NEEDED } topic_kind;

typedef struct {
    jp_engine base;
    int       n;
    double    logit[LANDSCAPE_TOKENS];
    double    weight[LANDSCAPE_TOKENS][LANDSCAPE_UNITS];
    struct {
        int        units[4], count;
        topic_kind kind;
    } topics[LANDSCAPE_TOPICS];
    struct {
        int    topic[2], count;
        double weight[2];
    } listens[LANDSCAPE_TOKENS];
    double guide[LANDSCAPE_UNITS];
} landscape;

/* A landscape of `least` to `most` - 1 units. The engine is &l->base, its prompt jp_formula_prompt(l->n). */
void landscape_make(landscape *l, int least, int most, uint64_t seed);
/* From here on the engine has gradients, at the price of 4 evaluations: what each unit loses on average when it is
 * hidden beside some others, times noise. The k units that they rank first have 0.6 of the best set's drop. */
void   landscape_add_gradients(landscape *l, uint64_t seed);
double landscape_score(const landscape *l, const bool *hidden);
/* The best drop of k units that steepest exchanges reach from top single drops, forward selection and random sets. */
double landscape_best(const landscape *l, int k);
/* The drop of the k units with the largest single drops. */
double landscape_ablation(const landscape *l, int k);

#endif
