/* Group "words": how far the regenerated response moved from the original, by words. */
#include "metric/words.h"

#include "metric/metric.h"

static int measure_words(const jp_measured *m, jp_explanation *out, jopa_error *e) {
    double          variation, bleu;
    jp_rouge_scores rouge;
    int             status = jp_word_variation(m->response, m->masked_response, &variation, e);
    if (!status) status = jp_bleu(m->masked_response, m->response, &bleu, e);
    if (!status) status = jp_rouge(m->masked_response, m->response, &rouge, e);
    if (!status) status = jp_metric_add(out, "words", "total_variation", variation, e);
    if (!status) status = jp_metric_add(out, "words", "bleu", bleu, e);
    if (!status) status = jp_metric_add(out, "words", "rouge1", rouge.rouge1, e);
    if (!status) status = jp_metric_add(out, "words", "rougeL", rouge.rougeL, e);
    return status;
}

const jp_metric jp_metric_words = {
    .name = "words",
    .summary = "regenerated against original response: total variation of word frequencies, BLEU, ROUGE-1, ROUGE-L",
    .generates = true,
    .by_default = true,
    .measure = measure_words};
