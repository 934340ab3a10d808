/* Short names of things for people. */
#ifndef JP_LABEL_H
#define JP_LABEL_H

#include "base/buffer.h"
#include "result/result.h"

/* text[start, end) in quotes, without the white space around it, on one line; cut with "…" to `columns`. */
void jp_put_quoted(jp_buffer *out, const char *text, size_t start, size_t end, int columns);
void jp_put_unit(jp_buffer *out, const jp_explanation *x, int unit);
/* “doctor”, “patient”: the selected units as phrases; "nothing" when there are none; of a method that could not run,
 * "cannot run: " and why. */
void jp_put_selection(jp_buffer *out, const jp_explanation *x);
/* "words" for n = 3 and unit "word". */
void jp_put_units(jp_buffer *out, const jp_explanation *x, int n);
/* The model in a few words: "SmolLM2-135M-Instruct.Q4_1.gguf (llama, 135M parameters, Q4_1)". */
void jp_put_model(jp_buffer *out, const jp_explanation *x);
/* `before`, then "loses 1.25" or, of a change below 0, "gains 1.25". */
void jp_put_change(jp_buffer *out, const char *before, double drop);
/* A metric's name for people: underscores become spaces. */
void jp_put_metric_name(jp_buffer *out, const char *name);

#endif
