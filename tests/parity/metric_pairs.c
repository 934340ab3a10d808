/* Reads pairs of texts from standard input, a line "SIZE SIZE\n" and then hypothesis and reference without separators,
 * and prints for each: total variation, BLEU, ROUGE-1, ROUGE-L. */
#include <stdio.h>
#include <stdlib.h>

#include "metric/words.h"

static char *read_text(size_t size) {
    char *text = malloc(size + 1);
    if (!text || fread(text, 1, size, stdin) != size) exit(1);
    text[size] = '\0';
    return text;
}

int main(void) {
    size_t a, b;
    while (scanf("%zu %zu", &a, &b) == 2 && getchar() == '\n') {
        char           *hypothesis = read_text(a), *reference = read_text(b);
        double          variation, bleu;
        jp_rouge_scores rouge;
        jopa_error      e = {0};
        if (jp_word_variation(hypothesis, reference, &variation, &e) || jp_bleu(hypothesis, reference, &bleu, &e) ||
            jp_rouge(hypothesis, reference, &rouge, &e)) {
            fprintf(stderr, "%s\n", e.message);
            return 1;
        }
        printf("%.17g %.17g %.17g %.17g\n", variation, bleu, rouge.rouge1, rouge.rougeL);
        free(hypothesis);
        free(reference);
    }
    return ferror(stdin) ? 1 : 0;
}
