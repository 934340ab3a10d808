/* The finding: what a report says first, in words. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"
#include "base/utf8.h"
#include "report/finding.h"
#include "report_fixture.h"

/* The fixture with all of the response as target, a drop of the pair, and those of “doctor” and “patient” alone. */
static jopa_result *pair(double drop, double doctor, double patient) {
    jopa_result    *r = fixture_result();
    jp_explanation *x = &r->items[0];
    x->target_last = x->n_response_tokens;
    x->log_prob.drop = drop;
    x->joint.necessary[0].drop_without = patient; /* unit 2, “doctor”, is shown again */
    x->joint.necessary[1].drop_without = doctor;
    x->joint.sum_of_single_drops = doctor + patient;
    return r;
}

static void says(jopa_result *r, const char *expected) {
    jp_buffer text = {0};
    jp_put_finding(&text, &r->items[0]);
    assert_false(text.failed);
    assert_string_equal(text.data, expected);
    jp_buffer_free(&text);
    jopa_result_free(r);
}

static void a_pair_says_what_each_does_alone(void **state) {
    (void)state;
    says(pair(log(248), 0.1, 0.2),
         "The response rests on “doctor” and “patient”: with both hidden, it is 248 times less likely; either alone "
         "changes little.\n");
    says(pair(log(248), -0.5, -0.25),
         "The response rests on “doctor” and “patient”: with both hidden, it is 248 times less likely; either alone "
         "changes nothing for the worse.\n");
    says(pair(log(248), log(4), log(20)),
         "The response rests on “doctor” and “patient”: with both hidden, it is 248 times less likely; alone, “doctor” "
         "makes it 4.0 times less likely, “patient” 20 times less likely.\n");
    says(pair(log(80), log(4), log(20)),
         "The response rests on “doctor” and “patient”: with both hidden, it is 80 times less likely.\n");
}

static void long_responses_are_measured_per_token(void **state) {
    (void)state;
    says(pair(9 * log(7.5), 10, 10),
         "The response rests on “doctor” and “patient”: with both hidden, it is 7.5 times less likely per token.\n");
}

static void a_set_that_does_little_is_not_a_finding(void **state) {
    (void)state;
    says(pair(log(1.2), 0, 0),
         "No set of at most 2 words was found that the response rests on: hiding “doctor” and “patient” makes it 1.2 "
         "times less likely.\n");
    says(pair(-log(3), 0, 0),
         "No set of at most 2 words was found that the response rests on: hiding “doctor” and “patient” makes it 3.0 "
         "times more likely.\n");
    jopa_result *none = pair(NAN, 0, 0);
    none->items[0].n_selected = 0;
    says(none, "No set of at most 2 words was found that the response rests on.\n");
}

static void one_unit_and_more_than_two(void **state) {
    (void)state;
    jopa_result *one = pair(log(30), 0, 0);
    one->items[0].n_selected = 1;
    says(one, "The response rests on “doctor”: hidden, it is 30 times less likely.\n");
    jopa_result *three = pair(log(1000), 0, 0);
    int          selected[] = {2, 4, 6};
    free(three->items[0].selected);
    three->items[0].selected = malloc(sizeof selected);
    memcpy(three->items[0].selected, selected, sizeof selected);
    three->items[0].n_selected = 3;
    three->items[0].joint.sum_of_single_drops = 0.5 * log(1000);
    says(three, "The response rests on “doctor”, “and” and “patient”: with all of them hidden, it is 1,000 times less "
                "likely; hidden one at a time they account for 50\xc2\xa0% of that drop.\n");
}

static void a_target_and_a_stopped_run_are_named(void **state) {
    (void)state;
    jopa_result *r = pair(log(40), 0.1, 0.1);
    r->items[0].target_first = 1;
    r->items[0].target_last = 2;
    says(r,
         "“met” in the response rests on “doctor” and “patient”: with both hidden, it is 40 times less likely; either "
         "alone changes little.\n");
    r = pair(log(40), log(6), log(6));
    free(r->items[0].stopped);
    r->items[0].stopped = strdup("time");
    says(r, "The response rests on “doctor” and “patient”: with both hidden, it is 40 times less likely (the best so "
            "far).\n");
}

static void a_comparison_says_what_ablation_points_at(void **state) {
    (void)state;
    jopa_result *r = fixture_comparison();
    jp_buffer    text = {0};
    for (int i = 0; i < 2; i++) {
        r->items[i].target_last = r->items[i].n_response_tokens;
        r->items[i].log_prob.drop = i ? log(2) : log(500);
        r->items[i].joint.present = false;
    }
    free(r->items[1].method);
    r->items[1].method = strdup("ablation");
    r->items[1].units[2].score = 0.25; /* “doctor” and “patient” alone */
    r->items[1].units[6].score = -0.5;
    jp_put_comparison_finding(&text, r);
    assert_string_equal(text.data,
                        "The response rests on “doctor” and “patient”: with both hidden, it is 500 times less likely; "
                        "either alone changes little. Hiding one at a time (ablation) points at “doctor” and “meet” "
                        "instead: 2.0 times less likely.\n");
    jp_buffer_free(&text);
    jopa_result_free(r);
}

/* Whatever the figures are, the finding is one line of valid text. */
static void any_figures_give_a_line(void **state) {
    (void)state;
    static const double figures[] = {NAN, INFINITY, -INFINITY, 0, 1e-300, -1e-9, 0.4, 0.41, 1, 13.9, 700, 1e6, -1e308};
    enum { N = sizeof figures / sizeof *figures };
    jp_random random;
    jp_random_seed(&random, 7);
    for (int i = 0; i < 3000; i++) {
        double       pick[3] = {figures[jp_random_below(&random, N)], figures[jp_random_below(&random, N)],
                                figures[jp_random_below(&random, N)]};
        jopa_result *r = pair(pick[0], pick[1], pick[2]);
        jp_buffer    text = {0};
        r->items[0].n_selected = (int)jp_random_below(&random, 3);
        r->items[0].joint.present = jp_random_below(&random, 4) > 0;
        r->items[0].target_first = (int)jp_random_below(&random, 9);
        r->items[0].target_last = r->items[0].target_first + (int)jp_random_below(&random, 2);
        jp_put_finding(&text, &r->items[0]);
        assert_int_equal(jp_utf8_valid(text.data, text.size), text.size);
        assert_ptr_equal(strchr(text.data, '\n'), text.data + text.size - 1);
        assert_null(strstr(text.data, "nan"));
        assert_null(strstr(text.data, "n/a"));
        jp_buffer_free(&text);
        jopa_result_free(r);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pair_says_what_each_does_alone),
        cmocka_unit_test(long_responses_are_measured_per_token),
        cmocka_unit_test(a_set_that_does_little_is_not_a_finding),
        cmocka_unit_test(one_unit_and_more_than_two),
        cmocka_unit_test(a_target_and_a_stopped_run_are_named),
        cmocka_unit_test(a_comparison_says_what_ablation_points_at),
        cmocka_unit_test(any_figures_give_a_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
