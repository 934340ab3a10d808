/* Overlap of two texts by their words. All texts are NUL-terminated UTF-8; invalid bytes count as U+FFFD.
 * Each function writes *out and returns JP_OK, or JOPA_ERROR_MEMORY. */
#ifndef JP_WORDS_H
#define JP_WORDS_H

#include "base/error.h"

/* Total variation, 0..1, between the two texts' distributions over words: half the sum of |p(w) - q(w)|.
 * Words are UAX #29 words with a letter or a number, case folded. 0 when neither has a word, 1 when only one has.
 * JOPA_ERROR_UNSUPPORTED when ICU lacks its data. */
int jp_word_variation(const char *a, const char *b, double *out, jopa_error *e);

/* Sentence BLEU, 0..100 (Papineni et al. 2002), as sacrebleu's sentence_bleu: tokenizer 13a, orders 1 to 4 or as many
 * as the hypothesis has, exponential smoothing (Chen & Cherry 2014, method 3), brevity penalty. */
int jp_bleu(const char *hypothesis, const char *reference, double *out, jopa_error *e);

typedef struct {
    double rouge1, rougeL;
} jp_rouge_scores; /* F measures, 0..1 */

/* ROUGE-1 and ROUGE-L (Lin 2004) as rouge-score without a stemmer, whose words are runs of a-z and 0-9 after lower
 * casing; here of any script's letters, marks and numbers, and where a script writes no spaces (Chinese, Japanese, Thai
 * and others) each character. Of two texts without a word the characters are compared that are not white space. */
int jp_rouge(const char *hypothesis, const char *reference, jp_rouge_scores *out, jopa_error *e);

#endif
