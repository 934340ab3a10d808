/* The search of `cite` on sums of known effects, documents in a chat, and jopa_cite on a tiny model. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka.h needs the four above
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "formula_problem.h"
#include "prompt/documents.h"
#include "question_same.h"
#include "result/result.h"
#include "tiny_question.h"
#include "use/cite-search.h"

/* ---- the search ----------------------------------------------------------------------------------------------------
 */

enum { UNITS = 9, MANY = 40, TOKENS = 3 };

typedef struct {
    formula_problem f;
    jp_store       *store;
    jp_cited        cited;
    double          shown[MANY];
    int             n;
} search;

static void begin_search(search *s, int n) {
    *s = (search){.n = n};
    formula_problem_open(&s->f, n);
}

/* What is cited for the whole response, "1,4". Ends the search. */
static const char *cite_all(search *s, double threshold, const jp_limits *given, int *status) {
    static char  out[64];
    jp_limits    limits = given ? *given : (jp_limits){.k = s->n};
    jp_problem   p = s->f.problem;
    jopa_error   e = {0};
    int          group[MANY];
    jp_cite_task task = {.threshold = threshold, .share = 0.8, .group = group};
    for (int u = 0; u < s->n; u++) group[u] = 3 * u / s->n;
    p.prompt = &s->f.prompt;
    s->cited = (jp_cited){.first = 0, .last = TOKENS};
    assert_int_equal(jp_bitset_init(&s->cited.selected, s->n), JP_OK);
    assert_int_equal(jp_store_new(&s->store, s->n, TOKENS, &e), JP_OK);
    assert_int_equal(jp_scorer_stored(&task.scorer, s->f.engine, &p, &limits, s->store, &e), JP_OK);
    task.store = s->store;
    int found = jp_cite_search(&task, &s->cited, 1, s->shown, &e);
    if (status) *status = found;
    else if (found) fail_msg("%d: %s", found, e.message);
    out[0] = '\0';
    for (int u = jp_bitset_next(&s->cited.selected, 0); u >= 0; u = jp_bitset_next(&s->cited.selected, u + 1))
        snprintf(out + strlen(out), sizeof out - strlen(out), "%s%d", *out ? "," : "", u);
    jp_scorer_free(task.scorer);
    return out;
}

static void end_search(search *s) {
    jp_bitset_free(&s->cited.selected);
    jp_store_free(s->store);
    formula_problem_close(&s->f);
}

/* One source, two that each say a part, two that say the same, two that are needed together: each among noise. */
static void sources_of_every_kind(void **state) {
    (void)state;
    static const double noise[UNITS] = {0.1, 0, 0.2, 0.1, 0, 0.1, 0, 0.2, 0.1};
    const char *const   expected[] = {"4", "2,7", "1,5", "3,6"};
    for (int kind = 0; kind < 4; kind++) {
        search     s;
        jopa_error e = {0};
        begin_search(&s, UNITS);
        assert_int_equal(jp_formula_additive(s.f.engine, noise, &e), JP_OK);
        if (kind == 0) assert_int_equal(jp_formula_add(s.f.engine, 9, (int[]){4}, 1, &e), JP_OK);
        if (kind == 1) assert_int_equal(jp_formula_add(s.f.engine, 6, (int[]){2}, 1, &e), JP_OK);
        if (kind == 1) assert_int_equal(jp_formula_add(s.f.engine, 4, (int[]){7}, 1, &e), JP_OK);
        if (kind == 2) assert_int_equal(jp_formula_or(s.f.engine, 9, 1, 5, &e), JP_OK);
        if (kind == 3) assert_int_equal(jp_formula_and(s.f.engine, 9, 3, 6, &e), JP_OK);
        assert_string_equal(cite_all(&s, 0.5, NULL, NULL), expected[kind]);
        assert_true(s.cited.from_documents);
        assert_true(s.cited.covered >= 0.8 && s.cited.covered <= 1);
        assert_true(s.cited.drop <= s.cited.documents_drop + 1e-5);
        end_search(&s);
    }
}

/* Below the threshold nothing is cited; each unit's effect alone is known. */
static void nothing_from_the_documents(void **state) {
    (void)state;
    search     s;
    jopa_error e = {0};
    begin_search(&s, UNITS);
    assert_int_equal(jp_formula_add(s.f.engine, 1.2, (int[]){4}, 1, &e), JP_OK);
    assert_string_equal(cite_all(&s, 0.5, NULL, NULL), "");
    assert_false(s.cited.from_documents);
    assert_float_equal(s.cited.documents_drop, 1.2, 1e-5);
    assert_true(isnan(s.cited.drop) && isnan(s.cited.covered));
    end_search(&s);
}

/* Many units that each say a little of it are about the same, and no source. */
static void spread_over_the_documents(void **state) {
    (void)state;
    search     s;
    jopa_error e = {0};
    double     each[MANY];
    begin_search(&s, MANY);
    for (int u = 0; u < MANY; u++) each[u] = 0.2;
    assert_int_equal(jp_formula_additive(s.f.engine, each, &e), JP_OK);
    assert_string_equal(cite_all(&s, 0.5, NULL, NULL), "");
    assert_false(s.cited.from_documents);
    assert_float_equal(s.cited.documents_drop, 0.2 * MANY, 1e-4);
    assert_true(s.cited.covered < 0.3);
    end_search(&s);
}

/* Whatever the effects: what is cited carries enough, and without any of it less; a budget ends it with a set all the
 * same, and every evaluation is within it. */
static void any_effects(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        search     s;
        jopa_error e = {0};
        int        budget = (int)(seed % 12), status = JP_OK;
        jp_limits  limits = {.k = UNITS, .budget = budget};
        begin_search(&s, UNITS);
        assert_int_equal(jp_formula_random(s.f.engine, 0.3, seed, &e), JP_OK);
        cite_all(&s, 0, &limits, &status);
        assert_true(status == JP_OK || (status == JP_STOP && budget));
        assert_true(!budget || jp_store_count(s.store) <= budget);
        if (!status && s.cited.from_documents) assert_true(jp_bitset_count(&s.cited.selected) >= 1);
        if (!status && s.cited.from_documents) assert_true(s.cited.covered > 0);
        end_search(&s);
    }
}

/* ---- documents -----------------------------------------------------------------------------------------------------
 */

static void wrong_documents(void **state) {
    static const struct {
        const char *json, *said;
    } cases[] = {
        {"[", "not JSON"},
        {"[1]", "number 1 is no object"},
        {"[{\"title\": \"a\"}]", "number 1 is no object with a \"text\""},
        {"[{\"text\": \"a\"}, {\"text\": \" \\n\"}]", "number 2 is empty"},
        {"{\"text\": \"a\", \"title\": 3}", "\"title\" of number 1"},
        {"[]", "none in it"},
        {"\"text\"", "not JSON"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        jopa_options *o = asked("cite", "prompt", "q", "documents", cases[i].json, NULL);
        jopa_error    e = {0};
        assert_int_not_equal(jopa_options_check(o, &e), JOPA_OK);
        if (!strstr(e.message, cases[i].said)) fail_msg("%s: %s", cases[i].json, e.message);
        jopa_options_free(o);
    }
    jopa_options *o = asked("cite", "prompt", "q", NULL);
    jopa_error    e = {0};
    assert_int_equal(jopa_options_check(o, &e), JOPA_ERROR_USAGE);
    assert_non_null(strstr(e.message, "give `documents`"));
    jopa_options_free(o);
}

/* ---- on a model ----------------------------------------------------------------------------------------------------
 */

static const char DOCUMENTS[] = "[{\"title\": \"one\", \"text\": \" the doctor slept. \\u00c9 the patient wrote.\"},"
                                " {\"text\": \"be kind. It was a long story.\\n\"}]";

static jopa_result *cited(jopa_options *o) {
    jopa_result *r = NULL;
    jopa_error   e = {0};
    if (jopa_cite(&r, tiny_model, o, &e)) fail_msg("%s", e.message);
    jopa_options_free(o);
    return r;
}

/* What is cited stands in the documents where it says, in characters, and in the prompt. */
static void assert_cites(const jopa_result *r) {
    static const char *const texts[] = {" the doctor slept. \xc3\x89 the patient wrote.",
                                        "be kind. It was a long story.\n"};
    const jp_explanation    *x = &r->items[0];
    assert_int_equal(x->n_documents, 2);
    assert_string_equal(x->documents[0].title, "one");
    assert_string_equal(x->documents[1].title, "");
    for (int i = 0; i < x->n_citations; i++)
        for (int j = 0; j < x->citations[i].n_sources; j++) {
            const jp_result_source *s = &x->citations[i].sources[j];
            const char             *text = texts[s->document_index];
            size_t                  at = 0, end;
            for (int64_t c = 0; c < s->start_char; at++, c += (text[at] & 0xc0) != 0x80) {}
            end = at + strlen(s->cited_text);
            assert_true(end <= strlen(text) && !memcmp(text + at, s->cited_text, end - at));
            assert_string_equal(x->units[s->unit].text, s->cited_text);
            assert_true(x->units[s->unit].selected);
        }
}

static void citations_of_a_model(void **state) {
    (void)state;
    jopa_options *o = asked("cite", "prompt", "who slept?", "documents", DOCUMENTS, "response",
                            " the doctor slept. It was long.", "threshold", "0", NULL);
    jopa_result  *r = cited(o), *inside;
    assert_int_equal(r->items[0].n_citations, 2);
    assert_int_equal(r->items[0].n_units, 4);
    assert_cites(r);
    const char *chat =
        "Here: the doctor slept. \xc3\x89 the patient wrote. And be kind. It was a long story. who slept?";
    o = asked("cite", "prompt", chat, "documents", DOCUMENTS, "response", " the doctor slept.", "target", "doctor",
              "threshold", "0", NULL);
    inside = cited(o);
    assert_string_equal(inside->items[0].citations[0].text, "doctor");
    assert_int_equal(inside->items[0].n_citations, 1);
    assert_non_null(strstr(inside->items[0].prompt_text, chat)); /* they were there */
    assert_cites(inside);
    jopa_result_free(inside);
    o = asked("cite", "prompt", "the doctor slept. \xc3\x89 the patient wrote. who?", "documents", DOCUMENTS, NULL);
    jopa_error e = {0};
    assert_int_equal(jopa_cite(&inside, tiny_model, o, &e), JOPA_ERROR_INPUT);
    assert_non_null(strstr(e.message, "holds 1 of the 2 texts, but not number 2"));
    jopa_options_free(o);
    jopa_result_free(r);
}

/* Asked again from its result, and from one that was written and read: the same answer. */
static void asked_again(void **state) {
    (void)state;
    jopa_error    e = {0};
    jopa_options *o = asked("cite", "documents", DOCUMENTS, "response", " the doctor slept.", "threshold", "0", NULL);
    assert_int_equal(jopa_options_add_message(o, "system", "be short.", &e), JOPA_OK);
    assert_int_equal(jopa_options_add_message(o, "user", "who slept?", &e), JOPA_OK);
    jopa_result *r = cited(o), *again, *read;
    size_t       size;
    char        *json = jopa_result_render(r, "json", NULL, &size, &e), *second;
    assert_non_null(json);
    assert_int_equal(jopa_result_parse(&read, json, size, &e), JOPA_OK);
    second = jopa_result_render(read, "json", NULL, NULL, &e);
    assert_string_equal(json, second);
    o = asked("cite", NULL);
    assert_int_equal(jopa_options_like(o, read, 0, &e), JOPA_OK);
    again = cited(o);
    assert_string_equal(again->items[0].prompt_text, r->items[0].prompt_text);
    assert_int_equal(again->items[0].n_selected, r->items[0].n_selected);
    jopa_free(json);
    jopa_free(second);
    jopa_result_free(read);
    jopa_result_free(again);
    jopa_result_free(r);
}

/* Every report of what is and what is not from the documents; stopped at any moment there is one, too. */
static int stop_at(void *user, const jopa_progress *p) {
    (void)p;
    return --*(int *)user <= 0;
}

static void reports_and_stops(void **state) {
    (void)state;
    int  stopped = 0;
    bool whole = false;
    for (int calls = 1; !whole; calls += 1 + calls / 12) { /* on a slow machine loading is heard of more often */
        int           left = calls;
        jopa_result  *r = NULL;
        jopa_error    e = {0};
        jopa_name     format;
        jopa_options *o = asked("cite", "prompt", "who slept?", "documents", DOCUMENTS, "response",
                                " the doctor slept. be kind.", "threshold", calls % 2 ? "0" : "1000", NULL);
        jopa_options_listen(o, stop_at, NULL, &left);
        int code = jopa_cite(&r, tiny_model, o, &e);
        assert_true(code == JOPA_OK || code == JOPA_ERROR_INTERRUPTED);
        stopped += r && jopa_result_interrupted(r);
        whole = r && !jopa_result_interrupted(r);
        for (int i = 0; r && jopa_list("formats", i, &format); i++) {
            if (!strcmp(format.name, "prompt")) continue; /* what compress leaves */
            char *text = jopa_result_render(r, format.name, NULL, NULL, &e);
            if (!text) fail_msg("%s: %s", format.name, e.message);
            jopa_free(text);
        }
        jopa_options_free(o);
        jopa_result_free(r);
    }
    if (stopped < 2) fail_msg("%d", stopped);
}

int main(void) {
    const struct CMUnitTest plain[] = {
        cmocka_unit_test(sources_of_every_kind),
        cmocka_unit_test(nothing_from_the_documents),
        cmocka_unit_test(spread_over_the_documents),
        cmocka_unit_test(any_effects),
        cmocka_unit_test(wrong_documents),
        cmocka_unit_test(citations_of_a_model),
        cmocka_unit_test(asked_again),
        cmocka_unit_test(reports_and_stops),
    };
    return cmocka_run_group_tests(plain, tiny_setup, tiny_teardown);
}
