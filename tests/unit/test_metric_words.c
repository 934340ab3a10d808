/* Word metrics on texts whose values are known by hand. (Parity with the reference tools: tests/parity.) */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "metric/words.h"

static double variation(const char *a, const char *b) {
    double value = NAN;
    assert_int_equal(jp_word_variation(a, b, &value, NULL), JP_OK);
    return value;
}

static double bleu(const char *hypothesis, const char *reference) {
    double value = NAN;
    assert_int_equal(jp_bleu(hypothesis, reference, &value, NULL), JP_OK);
    return value;
}

static void near(double value, double expected) {
    if (!(fabs(value - expected) < 1e-12)) fail_msg("%.15g instead of %.15g", value, expected);
}

static void variation_by_hand(void **state) {
    (void)state;
    near(variation("", ""), 0);
    near(variation("...", "!"), 0); /* no words at all */
    near(variation("word", ""), 1);
    near(variation("", "word"), 1);
    near(variation("the cat", "the dog"), 0.5);
    near(variation("a a a b", "a b"), 0.25);
    near(variation("The CAT, sat.", "sat the cat"), 0); /* case, order and punctuation do not count */
    near(variation("Straße", "STRASSE"), 0);
    near(variation("a b", "c d"), 1);
    near(variation("don't stop", "don't"), 0.5);
    near(variation("\xff\xfe word", "word"), 0);
}

static void variation_is_symmetric(void **state) {
    const char *texts[] = {"", "a", "a b c", "a a b d", "the quick brown fox", "Quick, the fox!"};
    (void)state;
    for (int i = 0; i < 6; i++)
        for (int j = 0; j < 6; j++) near(variation(texts[i], texts[j]), variation(texts[j], texts[i]));
}

static void bleu_by_hand(void **state) {
    (void)state;
    near(bleu("", ""), 0);
    near(bleu("", "a"), 0);
    near(bleu("a", ""), 0);
    near(bleu("a", "a"), 100);
    near(bleu("a b c d e", "a b c d e"), 100);
    near(bleu("x y", "a b"), 0);
    near(bleu("a b", "a b c d"), 100 * exp(1 - 2.0));                          /* brevity */
    near(bleu("a b x", "a b c"), 100 * cbrt(2.0 / 3 * (1.0 / 2) * (1.0 / 2))); /* no trigram: half a match */
    near(bleu("a a a a", "a"), 100 * pow(1.0 / 4 * (1.0 / 6) * (1.0 / 8) * (1.0 / 8), 0.25));
}

static void rouge_by_hand(void **state) {
    jp_rouge_scores r;
    (void)state;
    assert_int_equal(jp_rouge("", "", &r, NULL), JP_OK);
    near(r.rouge1, 0);
    near(r.rougeL, 0);
    assert_int_equal(jp_rouge("the dog sat", "the cat sat down", &r, NULL), JP_OK);
    near(r.rouge1, 2 * (2.0 / 3) * (2.0 / 4) / (2.0 / 3 + 2.0 / 4));
    near(r.rougeL, r.rouge1);
    assert_int_equal(jp_rouge("b a", "A, B", &r, NULL), JP_OK);
    near(r.rouge1, 1);
    near(r.rougeL, 0.5);
}

/* What audit --until response asks: the same text is the same in every script, another one is not. */
static void rouge_of_every_script(void **state) {
    static const char *const texts[] = {"北京是中国的首都。",
                                        "これはテストです",
                                        "Повтори слово: кошка",
                                        "مرحبا بالعالم",
                                        "हिन्दी में पाठ",
                                        "สวัสดีชาวโลก",
                                        "שלום עולם",
                                        "καλημέρα κόσμε",
                                        "안녕하세요 세계",
                                        "naïve café",
                                        "👍🏽👍",
                                        "!!!",
                                        "---",
                                        " \n",
                                        "𐐨𐑌",
                                        "\xff\xfe"};
    enum { N = sizeof texts / sizeof *texts };
    jp_rouge_scores r;
    (void)state;
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            assert_int_equal(jp_rouge(texts[i], texts[j], &r, NULL), JP_OK);
            if (r.rouge1 != (i == j) || r.rougeL != (i == j)) fail_msg("%s, %s: %g", texts[i], texts[j], r.rougeL);
        }
    assert_int_equal(jp_rouge("北京是首都", "北京在中国", &r, NULL), JP_OK);
    near(r.rougeL, 0.4);
    assert_int_equal(jp_rouge("ПОВТОРИ, слово", "повтори то", &r, NULL), JP_OK);
    near(r.rouge1, 0.5);
    assert_int_equal(jp_rouge("เก้", "เก", &r, NULL), JP_OK); /* a mark belongs to its letter */
    near(r.rouge1, 0.5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(variation_by_hand), cmocka_unit_test(variation_is_symmetric), cmocka_unit_test(bleu_by_hand),
        cmocka_unit_test(rouge_by_hand),     cmocka_unit_test(rouge_of_every_script),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
