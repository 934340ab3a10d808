/* The public interface, jopa.h, on tiny random models: every method, comparison, progress, errors, reports. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka.h needs the four above
#include <cmocka.h>

#include <jopa.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tiny_gguf.h"

static const char PROMPT[] = "a doctor and the patient become friend after the long surgery",
                  RESPONSE[] = " the doctor is a friend";

static char        path[64];
static jopa_model *model; /* of the group's setup */

static void write_model(const char *file, const tiny_gguf_options *o) { assert_int_equal(tiny_gguf_write(file, o), 0); }

static jopa_model *open_model(const char *file) {
    jopa_model_options o;
    jopa_error         e = {0};
    jopa_model        *m = NULL;
    jopa_model_options_init(&o);
    o.file = file;
    o.threads = 1;
    if (jopa_model_open(&m, &o, &e)) fail_msg("%s", e.message);
    return m;
}

static int setup(void **state) {
    (void)state;
    snprintf(path, sizeof path, "tiny-explain-%d.gguf", (int)getpid());
    write_model(path, NULL);
    model = open_model(path);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    jopa_model_free(model);
    return remove(path);
}

static jopa_explain_options question(void) {
    jopa_explain_options o;
    jopa_explain_options_init(&o);
    o.prompt = PROMPT;
    o.response = RESPONSE;
    o.unit = "word";
    o.k = 2;
    o.method = "ablation";
    o.metrics = "none";
    return o;
}

static jopa_result *explain(const jopa_explain_options *o) {
    jopa_error   e = {0};
    jopa_result *r = NULL;
    if (jopa_explain(&r, model, o, &e)) fail_msg("%s: %s", o->method, e.message);
    return r;
}

/* Explanation i hides k or fewer units in ascending order. */
static void assert_explanation(const jopa_result *r, int i, int k) {
    int        n = -1;
    const int *selected = jopa_result_selected(r, i, &n);
    assert_in_range(n, 0, k);
    for (int u = 0; u < n; u++) {
        assert_in_range(selected[u], 0, jopa_result_units(r, i) - 1);
        assert_true(u == 0 || selected[u] > selected[u - 1]);
        assert_non_null(strstr(PROMPT, jopa_result_unit_text(r, i, selected[u])));
    }
    assert_true(isfinite(jopa_result_drop(r, i)));
    assert_true(n > 0 || fabs(jopa_result_drop(r, i)) < 1e-3);
}

static void assert_same(const jopa_result *a, int i, const jopa_result *b, int j) {
    int        n, m;
    const int *x = jopa_result_selected(a, i, &n), *y = jopa_result_selected(b, j, &m);
    assert_int_equal(n, m);
    for (int u = 0; u < n; u++) assert_int_equal(x[u], y[u]);
    assert_float_equal(jopa_result_drop(a, i), jopa_result_drop(b, j), 1e-4);
    assert_string_equal(jopa_result_method(a, i), jopa_result_method(b, j));
}

/* ---- names ---------------------------------------------------------------------------------------------------- */

static void test_lists(void **state) {
    (void)state;
    static const char *const tables[] = {"methods", "operators", "metrics", "formats", "engines", "units"};
    assert_string_equal(jopa_version(), JOPA_VERSION);
    for (size_t t = 0; t < sizeof tables / sizeof *tables; t++) {
        jopa_name name, other;
        int       n = 0;
        for (; jopa_list(tables[t], n, &name); n++) {
            assert_true(*name.name && *name.summary);
            for (int i = 0; i < n && jopa_list(tables[t], i, &other); i++)
                assert_string_not_equal(name.name, other.name);
        }
        assert_true(n > 0);
        assert_false(jopa_list(tables[t], n, &name));
        assert_false(jopa_list(tables[t], -1, &name));
    }
    jopa_name untouched = {"name", "summary"};
    assert_false(jopa_list("colours", 0, &untouched));
    assert_string_equal(untouched.name, "name");
}

static void test_defaults(void **state) {
    (void)state;
    jopa_explain_options o;
    jopa_model_options   mo;
    jopa_render_options  ro;
    jopa_explain_options_init(&o);
    jopa_model_options_init(&mo);
    jopa_render_options_init(&ro);
    assert_string_equal(o.method, "jopa");
    assert_string_equal(o.unit, "token");
    assert_string_equal(o.roles, "user");
    assert_string_equal(o.op, "zero");
    assert_float_equal(o.sparsity, 0.1, 0);
    assert_true(o.max_tokens == 64 && o.k == 0 && o.budget == 0 && o.seed == 0 && !o.prompt && !o.raw);
    assert_string_equal(mo.engine, "local");
    assert_true(!mo.file && mo.threads == 0 && mo.context == 0 && !ro.color);
}

static void test_nothing_is_freed(void **state) {
    (void)state;
    jopa_model_free(NULL);
    jopa_result_free(NULL);
}

/* ---- methods -------------------------------------------------------------------------------------------------- */

/* What the model lacks is refused with a word; the rest runs, twice the same. */
static void test_every_method(void **state) {
    (void)state;
    jopa_name name;
    int       ran = 0;
    for (int i = 0; jopa_list("methods", i, &name); i++) {
        jopa_explain_options o = question();
        jopa_error           e = {0};
        jopa_result         *r = NULL;
        o.method = name.name;
        int code = jopa_explain(&r, model, &o, &e);
        if (code == JOPA_ERROR_UNSUPPORTED) {
            assert_non_null(strstr(e.message, name.name));
            continue;
        }
        if (code) fail_msg("%s: %s", name.name, e.message);
        ran++;
        assert_int_equal(jopa_result_count(r), 1);
        assert_string_equal(jopa_result_method(r, 0), name.name);
        assert_int_equal(jopa_result_units(r, 0), 11);
        assert_false(jopa_result_interrupted(r));
        assert_explanation(r, 0, 2);
        jopa_result *again = explain(&o);
        assert_same(r, 0, again, 0);
        jopa_result_free(again);
        jopa_result_free(r);
    }
    assert_true(ran >= 8);
}

static void test_exhaustive_is_the_best(void **state) {
    (void)state;
    jopa_explain_options o = question();
    jopa_error           e = {0};
    jopa_result         *r = NULL;
    assert_int_equal(jopa_compare(&r, model, &o, "exhaustive,jopa,greedy,ablation,random", &e), JOPA_OK);
    assert_int_equal(jopa_result_count(r), 5);
    for (int i = 0; i < 5; i++) {
        assert_explanation(r, i, 2);
        assert_true(jopa_result_drop(r, i) <= jopa_result_drop(r, 0) + 1e-3);
    }
    assert_float_equal(jopa_result_drop(r, 1), jopa_result_drop(r, 0), 1e-3);
    jopa_result_free(r);
}

static void test_compare_gives_what_explain_gives(void **state) {
    (void)state;
    static const char *const methods[] = {"random", "ablation"};
    jopa_explain_options     o = question();
    jopa_error               e = {0};
    jopa_result             *both = NULL;
    o.seed = 5;
    assert_int_equal(jopa_compare(&both, model, &o, "random,ablation", &e), JOPA_OK);
    for (int i = 0; i < 2; i++) {
        o.method = methods[i];
        jopa_result *one = explain(&o);
        assert_same(both, i, one, 0);
        jopa_result_free(one);
    }
    jopa_result_free(both);
}

static void test_operators_differ(void **state) {
    (void)state;
    static const char *const operators[] = {"zero", "mean", "delete", "token:_"};
    double                   drops[4];
    for (int i = 0; i < 4; i++) {
        jopa_explain_options o = question();
        o.op = operators[i];
        jopa_result *r = explain(&o);
        drops[i] = jopa_result_drop(r, 0);
        for (int j = 0; j < i; j++) assert_true(fabs(drops[i] - drops[j]) > 1e-4);
        jopa_result_free(r);
    }
}

/* A chat of one message is the prompt. */
static void test_messages(void **state) {
    (void)state;
    jopa_message         chat[] = {{"system", "the story is short"}, {"user", PROMPT}};
    jopa_explain_options o = question(), m = question();
    o.system = chat[0].content;
    m.prompt = NULL;
    m.messages = chat;
    m.n_messages = 2;
    jopa_result *a = explain(&o), *b = explain(&m);
    assert_same(a, 0, b, 0);
    jopa_result_free(a);
    jopa_result_free(b);
    m.roles = "system,user";
    a = explain(&m);
    assert_int_equal(jopa_result_units(a, 0), 15);
    assert_string_equal(jopa_result_unit_text(a, 0, 3), "short");
    jopa_result_free(a);
}

static void test_generated_response(void **state) {
    (void)state;
    jopa_explain_options o = question();
    o.response = NULL;
    o.max_tokens = 4;
    o.metrics = "prob,words,sparsity,curves";
    jopa_result *a = explain(&o), *b = explain(&o);
    assert_same(a, 0, b, 0);
    jopa_result_free(a);
    jopa_result_free(b);
}

/* ---- models --------------------------------------------------------------------------------------------------- */

static void test_architectures(void **state) {
    (void)state;
    static const char *const names[] = {"qwen2", "qwen3", "smollm3", "granite", "mistral3"};
    char                     file[64];
    snprintf(file, sizeof file, "tiny-architecture-%d.gguf", (int)getpid());
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        write_model(file, &(tiny_gguf_options){.architecture = names[i], .seed = i});
        jopa_model          *m = open_model(file);
        jopa_explain_options o = question();
        jopa_error           e = {0};
        jopa_result         *r = NULL;
        assert_non_null(strstr(jopa_model_capabilities(m), "logprobs"));
        o.op = "mean";
        if (jopa_explain(&r, m, &o, &e)) fail_msg("%s: %s", names[i], e.message);
        assert_explanation(r, 0, 2);
        jopa_result_free(r);
        jopa_model_free(m);
    }
    remove(file);
}

/* Two models in turns, and a model after an error. */
static void test_models_are_independent(void **state) {
    (void)state;
    char file[64];
    snprintf(file, sizeof file, "tiny-other-%d.gguf", (int)getpid());
    write_model(file, &(tiny_gguf_options){.seed = 99, .n_layer = 2});
    jopa_explain_options o = question(), bad = question();
    jopa_error           e = {0};
    jopa_model          *other = open_model(file);
    jopa_result         *first = explain(&o), *second = NULL, *again;
    assert_int_equal(jopa_explain(&second, other, &o, &e), JOPA_OK);
    bad.unit = "letter";
    assert_int_equal(jopa_explain(&again, model, &bad, &e), JOPA_ERROR_USAGE);
    again = explain(&o);
    assert_same(first, 0, again, 0);
    assert_true(fabs(jopa_result_drop(first, 0) - jopa_result_drop(second, 0)) > 1e-4);
    jopa_result_free(first);
    jopa_result_free(second);
    jopa_result_free(again);
    jopa_model_free(other);
    remove(file);
}

static void test_capabilities(void **state) {
    (void)state;
    char file[64];
    snprintf(file, sizeof file, "tiny-fused-%d.gguf", (int)getpid());
    assert_non_null(strstr(jopa_model_capabilities(model), "logprobs,generate,gradient"));
    write_model(file, &(tiny_gguf_options){.fused_qkv = true}); /* which the gradient engine does not cover */
    jopa_model *m = open_model(file);
    assert_non_null(strstr(jopa_model_capabilities(m), "logprobs,generate"));
    assert_null(strstr(jopa_model_capabilities(m), "gradient"));
    jopa_model_free(m);
    remove(file);
}

static int stop_loading(void *user, double fraction) {
    assert_true(fraction >= 0 && fraction <= 1);
    ++*(int *)user;
    return 1;
}

static void test_models_that_do_not_open(void **state) {
    (void)state;
    int        calls = 0;
    jopa_error e;
    const struct {
        jopa_model_options o;
        int                code;
    } cases[] = {
        {{.engine = "local"}, JOPA_ERROR_USAGE},
        {{.file = path, .engine = "remote"}, JOPA_ERROR_USAGE},
        {{.file = "no/such/model.gguf", .engine = "local"}, JOPA_ERROR_IO},
        {{.file = ".", .engine = "local"}, JOPA_ERROR_MODEL},
        {{.file = path, .engine = "local", .encoder = "no/such/encoder.gguf"}, JOPA_ERROR_IO},
        {{.file = path, .engine = "local", .progress = stop_loading, .user = &calls}, JOPA_ERROR_MODEL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        jopa_model *m = (jopa_model *)&e; /* untouched on failure */
        e = (jopa_error){0};
        assert_int_equal(jopa_model_open(&m, &cases[i].o, &e), cases[i].code);
        assert_int_equal(e.code, cases[i].code);
        assert_true(strlen(e.message) > 10 && !strchr(e.message, '\n'));
        assert_ptr_equal(m, &e);
        assert_int_equal(jopa_model_open(&m, &cases[i].o, NULL), cases[i].code);
    }
    assert_int_equal(calls, 2);
}

/* ---- progress ------------------------------------------------------------------------------------------------- */

typedef struct {
    int    calls, stop_at, evaluations, budget;
    double best;
} watch;

static int watching(void *user, const jopa_progress *p) {
    watch *w = user;
    assert_true(p->evaluations >= w->evaluations || w->budget != p->budget);
    assert_true(isnan(p->best_drop) || isnan(w->best) || p->best_drop >= w->best);
    assert_true(p->seconds >= 0 && p->stage && *p->stage);
    w->evaluations = p->evaluations;
    w->budget = p->budget;
    w->best = p->best_drop;
    return ++w->calls == w->stop_at;
}

static void test_progress_stops(void **state) {
    (void)state;
    for (int stop_at = 1; stop_at < 6; stop_at++) {
        watch                w = {.stop_at = stop_at, .best = NAN};
        jopa_explain_options o = question();
        o.method = "random";
        o.budget = 1000000000;
        o.unit = "token";
        o.k = 8;
        o.metrics = "prob,words";
        o.progress = watching;
        o.user = &w;
        jopa_result *r = explain(&o);
        assert_true(jopa_result_interrupted(r));
        assert_int_equal(w.calls, stop_at);
        assert_explanation(r, 0, 8);
        assert_true(isnan(w.best) || jopa_result_drop(r, 0) >= w.best - 1e-3);
        jopa_result_free(r);
    }
}

/* Methods after the one that was stopped are left out. */
static void test_progress_stops_a_comparison(void **state) {
    (void)state;
    watch                w = {.stop_at = 4, .best = NAN};
    jopa_explain_options o = question();
    jopa_error           e = {0};
    jopa_result         *r = NULL;
    o.budget = 1000000000;
    o.unit = "token";
    o.k = 8;
    o.progress = watching;
    o.user = &w;
    assert_int_equal(jopa_compare(&r, model, &o, "random,ablation,greedy", &e), JOPA_OK);
    assert_true(jopa_result_interrupted(r));
    assert_int_equal(jopa_result_count(r), 1);
    assert_string_equal(jopa_result_method(r, 0), "random");
    jopa_result_free(r);
}

static void test_limits(void **state) {
    (void)state;
    jopa_explain_options o = question();
    o.method = "random";
    o.budget = 1000000000;
    o.unit = "token";
    o.k = 8;
    o.seconds = 0.2;
    jopa_result *r = explain(&o);
    assert_false(jopa_result_interrupted(r));
    assert_explanation(r, 0, 8);
    jopa_result_free(r);
}

/* ---- errors --------------------------------------------------------------------------------------------------- */

typedef struct {
    const char *about; /* of the message */
    int         code;
    void (*change)(jopa_explain_options *o);
} bad_question;

#define CHANGE(name, ...) \
    static void name(jopa_explain_options *o) { __VA_ARGS__; }
CHANGE(no_prompt, o->prompt = NULL)
CHANGE(empty_prompt, o->prompt = "")
CHANGE(bad_prompt, o->prompt = "caf\xe9")
CHANGE(bad_response, o->response = "caf\xe9")
CHANGE(empty_response, o->response = "")
CHANGE(bad_method, o->method = "abblation")
CHANGE(bad_unit, o->unit = "letter")
CHANGE(bad_operator, o->op = "erase")
CHANGE(bad_metric, o->metrics = "taste")
CHANGE(bad_roles, o->roles = "nobody")
CHANGE(much_k, o->k = 12)
CHANGE(negative_k, o->k = -1)
CHANGE(bad_sparsity, o->k = 0; o->sparsity = NAN)
CHANGE(bad_budget, o->budget = -1)
CHANGE(bad_seconds, o->seconds = -1)
CHANGE(bad_target, o->target_start = 3; o->target_end = 2)
CHANGE(far_target, o->target_end = 1000)
CHANGE(no_tokens, o->response = NULL; o->max_tokens = 0)
CHANGE(many_tokens, o->response = NULL; o->max_tokens = 1000000)
CHANGE(raw_system, o->raw = true; o->system = "both")
CHANGE(no_marks, o->unit = "marked")

static const bad_question BAD[] = {
    {"no prompt", JOPA_ERROR_USAGE, no_prompt},
    {"empty", JOPA_ERROR_INPUT, empty_prompt},
    {"UTF-8", JOPA_ERROR_INPUT, bad_prompt},
    {"UTF-8", JOPA_ERROR_INPUT, bad_response},
    {"empty", JOPA_ERROR_INPUT, empty_response},
    {"'ablation'", JOPA_ERROR_USAGE, bad_method},
    {"'letter'", JOPA_ERROR_USAGE, bad_unit},
    {"'erase'", JOPA_ERROR_USAGE, bad_operator},
    {"'taste'", JOPA_ERROR_USAGE, bad_metric},
    {"nobody", JOPA_ERROR_INPUT, bad_roles},
    {"only 11 units", JOPA_ERROR_USAGE, much_k},
    {"-1", JOPA_ERROR_USAGE, negative_k},
    {"--sparsity", JOPA_ERROR_USAGE, bad_sparsity},
    {"--budget", JOPA_ERROR_USAGE, bad_budget},
    {"--time", JOPA_ERROR_USAGE, bad_seconds},
    {"--target", JOPA_ERROR_USAGE, bad_target},
    {"23 bytes", JOPA_ERROR_USAGE, far_target},
    {"--max-tokens", JOPA_ERROR_USAGE, no_tokens},
    {"context holds 2048", JOPA_ERROR_INPUT, many_tokens},
    {"--raw", JOPA_ERROR_USAGE, raw_system},
    {"{{", JOPA_ERROR_INPUT, no_marks},
};

/* Each has its code and its word; nothing is given out, and the model serves on. */
static void test_bad_questions(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        jopa_explain_options o = question();
        jopa_error           e = {0};
        jopa_result         *untouched = (jopa_result *)&e, *r = untouched;
        BAD[i].change(&o);
        int code = jopa_explain(&r, model, &o, &e);
        if (code != BAD[i].code || e.code != code || !strstr(e.message, BAD[i].about) || strchr(e.message, '\n'))
            fail_msg("case %zu: code %d, %s", i, code, e.message);
        assert_ptr_equal(r, untouched);
        assert_int_equal(jopa_explain(&r, model, &o, NULL), code);
        if (BAD[i].change != bad_method) assert_int_equal(jopa_compare(&r, model, &o, "random", &e), code);
        assert_ptr_equal(r, untouched);
    }
    jopa_explain_options o = question();
    jopa_result_free(explain(&o));
}

static void test_bad_lists_of_methods(void **state) {
    (void)state;
    static const char *const lists[] = {"", ",", "random,,ablation", "random,rndom", "random, ablation"};
    jopa_explain_options     o = question();
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        jopa_error   e = {0};
        jopa_result *r = NULL;
        assert_int_equal(jopa_compare(&r, model, &o, lists[i], &e), JOPA_ERROR_USAGE);
        assert_null(r);
    }
}

/* ---- results -------------------------------------------------------------------------------------------------- */

static void test_numbers_out_of_range(void **state) {
    (void)state;
    jopa_explain_options o = question();
    jopa_result         *r = explain(&o);
    for (int i = -1; i < 3; i += 2) { /* there is no explanation -1 or 1 */
        int n = 7;
        assert_null(jopa_result_method(r, i));
        assert_null(jopa_result_selected(r, i, &n));
        assert_int_equal(n, 0);
        assert_int_equal(jopa_result_units(r, i), 0);
        assert_null(jopa_result_unit_text(r, i, 0));
    }
    assert_null(jopa_result_unit_text(r, 0, -1));
    assert_null(jopa_result_unit_text(r, 0, 11));
    assert_string_equal(jopa_result_unit_text(r, 0, 10), "surgery");
    jopa_result_free(r);
}

/* Every format that fits, of explain and compare; JSON comes back as it was. */
static void test_reports(void **state) {
    (void)state;
    jopa_explain_options o = question();
    jopa_error           e = {0};
    jopa_result         *results[2] = {explain(&o), NULL};
    assert_int_equal(jopa_compare(&results[1], model, &o, "ablation,random", &e), JOPA_OK);
    for (int i = 0; i < 2; i++) {
        jopa_name name;
        size_t    size = 0;
        for (int f = 0; jopa_list("formats", f, &name); f++) {
            char *text = jopa_result_render(results[i], name.name, NULL, &size, &e);
            if (!text && !strcmp(name.name, "prompt")) continue; /* of compressions alone */
            if (!text) fail_msg("%s: %s", name.name, e.message);
            assert_true(size > 50 && strlen(text) == size);
            free(text);
        }
        char        *json = jopa_result_render(results[i], "json", NULL, &size, &e), *again;
        jopa_result *parsed = NULL;
        assert_int_equal(jopa_result_parse(&parsed, json, size, &e), JOPA_OK);
        assert_int_equal(jopa_result_count(parsed), i + 1);
        assert_same(results[i], i, parsed, i);
        again = jopa_result_render(parsed, "json", NULL, NULL, &e);
        assert_string_equal(json, again);
        free(json);
        free(again);
        jopa_result_free(parsed);
        jopa_result_free(results[i]);
    }
}

static void test_render_options(void **state) {
    (void)state;
    jopa_explain_options o = question();
    jopa_render_options  ro;
    jopa_error           e = {0};
    jopa_result         *r = explain(&o), *parsed = NULL;
    jopa_render_options_init(&ro);
    char *plain = jopa_result_render(r, "text", &ro, NULL, &e);
    ro.color = ro.scores = true;
    char *colored = jopa_result_render(r, "text", &ro, NULL, &e);
    assert_null(strchr(plain, '\x1b'));
    assert_non_null(strchr(colored, '\x1b'));
    free(plain);
    free(colored);
    assert_null(jopa_result_render(r, "pdf", &ro, NULL, &e));
    assert_int_equal(e.code, JOPA_ERROR_USAGE);
    assert_int_equal(jopa_result_parse(&parsed, "{}", 2, &e), JOPA_ERROR_INPUT);
    assert_null(parsed);
    jopa_result_free(r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_nothing_is_freed),
        cmocka_unit_test(test_every_method),
        cmocka_unit_test(test_exhaustive_is_the_best),
        cmocka_unit_test(test_compare_gives_what_explain_gives),
        cmocka_unit_test(test_operators_differ),
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_generated_response),
        cmocka_unit_test(test_architectures),
        cmocka_unit_test(test_models_are_independent),
        cmocka_unit_test(test_capabilities),
        cmocka_unit_test(test_models_that_do_not_open),
        cmocka_unit_test(test_progress_stops),
        cmocka_unit_test(test_progress_stops_a_comparison),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_bad_questions),
        cmocka_unit_test(test_bad_lists_of_methods),
        cmocka_unit_test(test_numbers_out_of_range),
        cmocka_unit_test(test_reports),
        cmocka_unit_test(test_render_options),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
