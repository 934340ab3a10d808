/* Scores of a prompt's own tokens, as vLLM and those that speak like it answer them. */
#ifndef JP_PROMPT_SCORES_H
#define JP_PROMPT_SCORES_H

#include "engine/remote/dialect.h"

/* `more`, taken over, with the row's prompt and response as ids under that name. */
jp_wire_request jp_prompt_scores_request(const char *path, const char *ids_name, const jp_wire_row *row, json_t *more);
/* [null, {"ID": {"logprob": -1.5}}, ...]; of those before the span nothing is looked at. */
bool jp_prompt_scores_read(const jp_wire_row *row, const json_t *list, float *out, char *why, size_t room);
/* Tokens that were computed, by the reply's `usage`. */
int64_t jp_prompt_scores_cost(const json_t *usage, const jp_wire_row *row);

#endif
