/* One prompt and response of SmolLM2-135M-Instruct, as real servers were asked for them (fuzz/corpus/reply has what
 * they answered), and what PyTorch makes of it in float32. */
#ifndef REMOTE_ROW_H
#define REMOTE_ROW_H

#include "engine/remote/dialect.h"

/* "What is the capital of France?" by the model's template; "The capital of France is Paris." */
static const int32_t remote_prompt[] = {1,   9690, 198, 2683, 359,   253,  5356, 5646, 11173, 3365, 3511, 308,  34519,
                                        28,  7018, 411, 407,  19712, 8182, 2,    198,  1,     4093, 198,  1780, 314,
                                        260, 3575, 282, 4649, 47,    2,    198,  1,    520,   9531, 198};
static const int32_t remote_response[] = {504, 3575, 282, 4649, 314, 7042, 30};
static const double  remote_reference[] = {-1.8826838731765747,   -0.01965826191008091,  -0.011461012996733189,
                                           -0.010890924371778965, -0.038784321397542953, -0.04995564743876457,
                                           -0.565593957901001};

enum {
    REMOTE_PROMPT = sizeof remote_prompt / sizeof *remote_prompt,
    REMOTE_RESPONSE = sizeof remote_response / sizeof *remote_response
};

static inline jp_wire_row remote_row(void) {
    return (jp_wire_row){remote_prompt, remote_response, REMOTE_PROMPT, 0, REMOTE_RESPONSE, false};
}

static inline const jp_dialect *remote_dialect(const char *name) {
    const jp_dialect *d = NULL;
    for (int i = 0; (d = jp_dialect_at(i)) && strcmp(d->name, name);) i++;
    return d;
}

#endif
