/* What a reader sees of a result: messages and responses cut into pieces that hold whole user-perceived characters.
 * Tokens may cut a character (an emoji is often three tokens): such tokens share one piece. */
#ifndef JP_VIEW_H
#define JP_VIEW_H

#include "base/buffer.h"
#include "result/result.h"

typedef struct {
    size_t start, end;         /* bytes of the text that was cut */
    size_t ink_start, ink_end; /* the same without white space around it */
    int    first, last;        /* the units (prompt) or tokens (response) [first, last); empty: none, never hidden */
    bool   selected;           /* prompt: a hidden unit is in it */
    double value;              /* prompt: sum of its units' scores; response: of its tokens' drops; NAN: none */
} jp_piece;

typedef struct {
    jp_piece *at; /* in order, without gaps */
    int       n;
} jp_pieces;

/* The messages of the prompt as they were written. A result without them gets one for each run of units of the same
 * role, or the whole prompt. *out is owned by the caller (free); the roles are borrowed and may be NULL. */
int jp_view_messages(const jp_explanation *x, jp_result_message **out, int *n, jopa_error *e);
/* out->at is owned by the caller (free), here and below; offsets are those of x->prompt_text. */
int jp_view_prompt(const jp_explanation *x, const jp_result_message *message, jp_pieces *out, jopa_error *e);
/* Offsets are those of x->response_text. */
int jp_view_response(const jp_explanation *x, jp_pieces *out, jopa_error *e);
/* Drop of response token t: log_prob - masked_log_prob, NAN outside the target. */
double jp_token_drop(const jp_explanation *x, int t);
/* The largest finite value of the pieces, at least 0. */
double jp_pieces_max(const jp_pieces *p);
/* What ranks the units: scores, or the probabilities of methods without scores. */
double jp_unit_value(const jp_explanation *x, int unit);
bool   jp_has_values(const jp_explanation *x);
/* Where |value| is on a ramp of `steps` steps up to `max`: 1 to `steps`; 0: near 0, or no number. */
int jp_heat_step(double value, double max, int steps);

/* The selected units as phrases: neighbours without white space between them are one. Calls `visit` with each
 * phrase's bytes of x->prompt_text, trimmed. */
void jp_each_phrase(const jp_explanation *x, void (*visit)(void *user, size_t start, size_t end), void *user);

/* Whether a drop is as good as the largest: the same set is scored a little differently in another batch, so 0.5 % are
 * no difference. */
bool jp_is_best(double drop, double best);
/* The first explanation whose drop is the largest or as good; 0 when no drop is a number. */
int jp_best_explanation(const jopa_result *r);

#endif
