/* Questions drawn by chance: prompts of any text, units, operators, roles, models. Any sets that are scored together
 * get the drops that each gets alone in a session of its own, whatever method found a set its drop is that of the set,
 * and what cannot be answered is refused in one line. SEED=N in the environment begins with another draw, ROUNDS=N
 * makes so many of them. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "asked.h"
#include "base/random.h"
#include "result/result.h"
#include "tiny_gguf.h"

enum { ROUNDS = 60, SETS = 12, MOST_UNITS = 64 };

static jp_random random_state;

static int         below(int n) { return jp_random_below(&random_state, n); }
static const char *any_of(const char *const *list, int n) { return list[below(n)]; }
#define ANY(list) any_of(list, (int)(sizeof(list) / sizeof *(list)))

/* ---- questions ------------------------------------------------------------------------------------------------------
 */

static const char *const WORDS[] = {"one",         " two",
                                    " two",        "\n",
                                    "three",       " a",
                                    "\r\n",        "  ",
                                    "{{x}}",       "\xf0\x9f\x98\x80",
                                    "\n\n",        "é",
                                    "東京",        "-",
                                    " 7351.",      "\xe2\x80\xae",
                                    "\t",          "<s>",
                                    "</s>",        "<|im_end|>",
                                    "?!",          "https://a.b/c",
                                    "b",           "bb",
                                    " the doctor", "."};
static const char *const RESPONSES[] = {" Paris is", "a",       " the doctor is a friend", "\n",
                                        "東京",      "one two", "\xf0\x9f\x98\x80!",       " "};
static const char *const UNITS[] = {"token", "word", "sentence", "line", "paragraph"};
static const char *const OPERATORS[] = {"zero", "mean", "delete", "delete", "token:a", "token:_"};
static const char *const METHODS[] = {"jopa",           "jopa-nograd", "jopa-noprob", "random",     "ablation",
                                      "greedy",         "exhaustive",  "lime",        "kernelshap", "gradient",
                                      "gradient-input", "attention",   "self"};
static const char *const ROLES[] = {"user", "all", "system,user"};

static void draw_text(char *out, size_t room, int most) {
    out[0] = '\0';
    for (int n = 1 + below(most); n > 0; n--) {
        const char *word = ANY(WORDS);
        if (strlen(out) + strlen(word) + 1 < room) strcat(out, word);
    }
}

static jopa_options *draw_question(void) {
    char          text[400], number[16];
    jopa_options *o = asked("explain", "response", ANY(RESPONSES), "unit", ANY(UNITS), "operator", ANY(OPERATORS),
                            "method", ANY(METHODS), "roles", ANY(ROLES), "metrics", "none", "levels", "none", NULL);
    draw_text(text, sizeof text, 14);
    ask_also(o, "prompt", text, NULL);
    snprintf(number, sizeof number, "%d", 1 + below(4));
    ask_also(o, "k", number, NULL);
    snprintf(number, sizeof number, "%d", 4 + below(40));
    ask_also(o, "budget", number, NULL);
    if (below(3) == 0) ask_also(o, "raw", "true", NULL);
    else if (below(3) == 0) {
        draw_text(text, sizeof text, 5);
        ask_also(o, "system", text, NULL);
    }
    return o;
}

static const char *told(const jopa_options *o) {
    static char              text[2000];
    static const char *const names[] = {"prompt", "system", "response", "unit",   "operator",
                                        "method", "roles",  "k",        "budget", "raw"};
    size_t                   used = 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = jopa_options_get(o, names[i]);
        used += (size_t)snprintf(text + used, sizeof text - used, " %s=\"%s\"", names[i], value ? value : "");
    }
    return text;
}

/* ---- what has to hold -----------------------------------------------------------------------------------------------
 */

typedef struct {
    jopa_model *model;
    double      tolerance;
    int         answered, refused;
} world;

static bool may_refuse(int code) {
    return code == JOPA_ERROR_INPUT || code == JOPA_ERROR_USAGE || code == JOPA_ERROR_UNSUPPORTED;
}

static void expect_refusal_of(world *w, int code, const jopa_error *e, const jopa_options *o) {
    if (!may_refuse(code) || !*e->message || strchr(e->message, '\n')) fail_msg("%d: %s:%s", code, e->message, told(o));
    w->refused++;
}

/* The drop of one set, alone in a session of its own. */
static double drop_alone(const world *w, const jopa_options *o, const int *units, int n) {
    jopa_session *s = NULL;
    jopa_error    e = {0};
    double        drop = NAN;
    if (jopa_session_open(&s, w->model, o, &e)) fail_msg("%s:%s", e.message, told(o));
    if (jopa_session_drops(s, &units, &n, 1, &drop, NULL, &e)) fail_msg("%s:%s", e.message, told(o));
    jopa_session_free(s);
    return drop;
}

static void expect_near(const world *w, double a, double b, const jopa_options *o) {
    if (!(fabs(a - b) <= w->tolerance)) fail_msg("%.5f together, %.5f alone:%s", a, b, told(o));
}

static int draw_set(int *units, int n) {
    int count = 0, odds = 1 + below(4);
    for (int u = 0; u < n; u++)
        if (!below(odds)) units[count++] = u;
    return count;
}

static void check_sets(const world *w, jopa_session *s, const jopa_options *o) {
    int        units[SETS][MOST_UNITS], sizes[SETS], n = jopa_session_units(s);
    const int *sets[SETS];
    double     drops[SETS];
    jopa_error e = {0};
    if (n > MOST_UNITS) return;
    for (int i = 0; i < SETS; i++) {
        sizes[i] = draw_set(units[i], n);
        sets[i] = units[i];
    }
    if (jopa_session_drops(s, sets, sizes, SETS, drops, NULL, &e)) fail_msg("%s:%s", e.message, told(o));
    for (int i = 0; i < SETS; i += 1 + below(3)) expect_near(w, drops[i], drop_alone(w, o, sets[i], sizes[i]), o);
}

static void check_method(world *w, jopa_session *s, const jopa_options *o) {
    jopa_result *r = NULL;
    jopa_error   e = {0};
    int          n, code = jopa_session_explain(&r, s, o, &e);
    if (code) {
        expect_refusal_of(w, code, &e, o);
        return;
    }
    const int *selected = jopa_result_selected(r, 0, &n);
    assert_in_range(n, 0, atoi(jopa_options_get(o, "k")));
    expect_near(w, jopa_result_drop(r, 0), drop_alone(w, o, selected, n), o);
    jopa_result_free(r);
}

static void ask_anything(world *w) {
    jopa_session *s = NULL;
    jopa_error    e = {0};
    jopa_options *o = draw_question();
    int           code = jopa_session_open(&s, w->model, o, &e);
    if (code) expect_refusal_of(w, code, &e, o);
    else {
        w->answered++;
        check_sets(w, s, o);
        check_method(w, s, o);
    }
    jopa_session_free(s);
    jopa_options_free(o);
}

static int from_environment(const char *name, int otherwise) {
    const char *value = getenv(name);
    return value ? atoi(value) : otherwise;
}

static void test_anything(void **state) {
    static const struct {
        tiny_gguf_options model;
        double            tolerance;
    } models[] = {{{.architecture = "llama"}, 5e-3},
                  {{.architecture = "qwen2", .untied = true, .no_bos = true}, 5e-3},
                  {{.architecture = "qwen3", .type = GGML_TYPE_Q8_0, .no_bos = true}, 0.1},
                  {{.architecture = "llama", .type = GGML_TYPE_F16}, 0.1}};
    (void)state;
    jp_random_seed(&random_state, (uint64_t)from_environment("SEED", 1));
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        char       path[64];
        world      w = {.tolerance = models[i].tolerance};
        jopa_error e = {0};
        snprintf(path, sizeof path, "tiny-anything-%d.gguf", (int)getpid());
        assert_int_equal(tiny_gguf_write(path, &models[i].model), 0);
        jopa_options *o = asked("explain", "model", path, "threads", "1", NULL);
        if (jopa_model_open(&w.model, o, &e)) fail_msg("%s", e.message);
        jopa_options_free(o);
        for (int round = from_environment("ROUNDS", ROUNDS); round > 0; round--) ask_anything(&w);
        print_message("model %zu: %d answered, %d refused\n", i, w.answered, w.refused);
        assert_true(w.answered > w.refused);
        jopa_model_free(w.model);
        unlink(path);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_anything)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
