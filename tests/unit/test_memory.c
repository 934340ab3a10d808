/* Allocations fail one by one: nothing is freed that was not allocated, nothing is lost (meant for the sanitizers), and
 * what succeeds all the same is right: failing_memory.h. */
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
#include "bench/cases.h"
#include "bench/records.h"
#include "bench/tables.h"
#include "engine/template/template.h"
#include "failing_memory.h"
#include "fake_source.h"
#include "formula_problem.h"
#include "metric/metric.h"
#include "metric/words.h"
#include "prompt/protect.h"
#include "prompt/recut.h"
#include "report/report.h"
#include "report_fixture.h"

/* ---- prompts: the model's side never fails -------------------------------------------------------------------------
 */

typedef struct {
    fake        f;
    const char *unit, *keep;
    jp_prompt   whole;
    char       *shown;
} prompt_work;

static int template_of(void *user, const char *const *roles, const char *const *contents, int n, char **text,
                       jopa_error *e) {
    fake *f = user;
    long  before = memory_left;
    memory_left = -1;
    int status = f->source.apply_template(f, roles, contents, n, text, e);
    memory_left = before;
    return status;
}

static int tokens_of(void *user, const char *text, size_t size, bool special, int32_t **ids, int *n, jopa_error *e) {
    fake *f = user;
    long  before = memory_left;
    memory_left = -1;
    int status = f->source.tokenize(f, text, size, special, ids, n, e);
    memory_left = before;
    return status;
}

static int piece_of(void *user, int32_t id, bool special, char *out, int size) {
    fake *f = user;
    return f->source.piece(f, id, special, out, size);
}

static char *show(const prompt_work *w, const jp_prompt *p) {
    long  before = memory_left;
    char *shown = calloc(1, 4096);
    memory_left = -1;
    fake_show(&w->f, p, shown, 4096);
    memory_left = before;
    return shown;
}

static int build_work(void *user, jopa_error *e) {
    static const char *const        roles[] = {"system", "user"},
                             *const contents[] = {"Be kind. {{Always}} be <|im_end|> brief.",
                                                  "Dr. Who met {{a \xf0\x9f\x98\x80 patient}}.\n\nThe end? Yes."};
    prompt_work                    *w = user;
    jp_prompt_source                source = {&w->f, template_of, tokens_of, piece_of, 0, NULL};
    jp_prompt_options o = {.roles = roles, .contents = contents, .n = 2, .mask_roles = "all", .unit = w->unit};
    jp_prompt         p, untouched;
    o.keep = &w->keep;
    o.n_keep = w->keep != NULL;
    memset(&untouched, 0x77, sizeof untouched);
    p = untouched;
    int status = jp_prompt_build(&p, &source, &o, e);
    if (status) {
        assert_memory_equal(&p, &untouched, sizeof p);
        return status;
    }
    memory_left = -1;
    char *shown = show(w, &p);
    if (!w->shown) w->shown = shown;
    else check_same(shown, w->shown, w->unit);
    jp_prompt_free(&p);
    return JP_OK;
}

static void prompts(void **state) {
    (void)state;
    static const char *const units[] = {"token", "word", "sentence", "line", "paragraph", "marked"};
    for (int i = 0; i < 12; i++) {
        prompt_work w = {.unit = units[i % 6], .keep = i < 6 ? NULL : "Who met"};
        fake_open(&w.f, FAKE_CHATML);
        fail_each(build_work, &w);
        fake_close(&w.f);
        free(w.shown);
    }
}

/* A chat rendered by a template: trimmed, escaped, indented, with tools, thinking and a begun answer. */
typedef struct {
    jp_engine     engine;
    jp_engine_ops ops;
    jp_template   t;
    fake          f;
} template_work;

static int render_of(void *user, const jp_render_task *task, jp_rendered *out, jopa_error *e) {
    return jp_template_render(&((template_work *)((char *)user - offsetof(template_work, f)))->t, task, out, e);
}

static int template_build_work(void *user, jopa_error *e) {
    static const char source[] =
        "{{ tools | tojson }}{% for m in messages %}<|im_start|>{{ (m.content or '') | trim | indent(2) }}"
        "{{ (m.content or '') | tojson }}{% for c in m.tool_calls or [] %}{{ c | tojson }}{% endfor %}"
        "{{ m.reasoning_content }}<|im_end|>{% endfor %}{{ strftime_now('%Y') }}";
    static const char *const        roles[] = {"user", "assistant", "tool", "assistant"},
                             *const contents[] = {" a\nb ", "", "c \"d\"", "<think>e</think> f"},
                             *const extras[] = {
                                 NULL,
                                 "{\"role\": \"assistant\", \"reasoning_content\": \"r\", \"tool_calls\": "
                                 "[{\"id\": \"1\", \"function\": {\"name\": \"n\", \"arguments\": "
                                 "\"{\\\"x\\\": \\\"y\\\"}\"}}]}",
                                 "{\"role\": \"tool\", \"tool_call_id\": \"1\"}", NULL};
    template_work    *w = user;
    jp_prompt         p = {0};
    jp_prompt_options o = {.roles = roles, .contents = contents, .extras = extras, .n = 4, .unit = "word"};
    o.mask_roles = "all";
    o.tools = "[{\"description\": \"t\"}]";
    int status = jp_template_open(&w->t, &w->engine, source, "{\"date\": \"2026-01-31\"}", true, e);
    if (status) return status;
    jp_prompt_source s = {&w->f, template_of, tokens_of, piece_of, jp_template_style(&w->t), render_of};
    status = jp_prompt_build(&p, &s, &o, e);
    jp_template_close(&w->t);
    jp_prompt_free(&p);
    return status;
}

static void templates(void **state) {
    (void)state;
    template_work w = {.engine = {&w.ops}};
    fake_open(&w.f, FAKE_CHATML);
    fail_each(template_build_work, &w);
    fake_close(&w.f);
}

static int recut_work(void *user, jopa_error *e) {
    static const jp_unit_kind kinds[] = {JP_UNIT_PARAGRAPH, JP_UNIT_SENTENCE, JP_UNIT_WORD};
    prompt_work              *w = user;
    int                       status = JP_OK;
    for (int i = 0; i < 3 && !status; i++) {
        jp_prompt cut, untouched;
        memset(&untouched, 0x77, sizeof untouched);
        cut = untouched;
        status = jp_recut(&cut, &w->whole, kinds[i], 4, 3, e);
        if (status) assert_memory_equal(&cut, &untouched, sizeof cut);
        else jp_recut_free(&cut);
    }
    return status;
}

static int recut_some_work(void *user, jopa_error *e) {
    prompt_work *w = user;
    bool         keep[64] = {true, false, true};
    jp_prompt    cut, untouched;
    int         *unit = (int *)(void *)&keep;
    memset(&untouched, 0x77, sizeof untouched);
    cut = untouched;
    int status = jp_recut_some(&cut, &w->whole, keep, &unit, e);
    if (status) {
        assert_memory_equal(&cut, &untouched, sizeof cut);
        assert_ptr_equal(unit, &keep);
        return status;
    }
    assert_true(cut.n_units == 2 && unit[1] == 2);
    free(unit);
    jp_recut_free(&cut);
    return JP_OK;
}

static void recuts(void **state) {
    (void)state;
    prompt_work w = {0};
    fake_open(&w.f, FAKE_CHATML);
    fake_build(&w.f, &w.whole, "One two three four five. Six seven.\n\nEight nine ten eleven twelve.", "token");
    fail_each(recut_work, &w);
    fail_each(recut_some_work, &w);
    jp_prompt_free(&w.whole);
    fake_close(&w.f);
}

/* ---- results -------------------------------------------------------------------------------------------------------
 */

typedef struct {
    jopa_result  *r;
    const char   *format;
    char         *expected;
    jopa_options *looks;
} report_work;

static int render_work(void *user, jopa_error *e) {
    report_work *w = user;
    char        *text = jopa_result_render(w->r, w->format, w->looks, NULL, e);
    if (text) check_same(text, w->expected, w->format);
    return text ? JP_OK : e->code;
}

static void render_each(jopa_result *r) {
    for (int i = 0; jp_format_at(i); i++) {
        report_work w = {r, jp_format_at(i)->name, NULL, NULL};
        if (r->list && !strcmp(r->command, "audit") && strcmp(w.format, "text") && strcmp(w.format, "json")) continue;
        if (!strcmp(w.format, "prompt") && !r->items[0].compression.present) continue;
        w.expected = fixture_render(r, w.format, 50, true, true);
        w.looks = asked("render", "width", "50", "color", "always", "scores", "true", NULL);
        fail_each(render_work, &w);
        jopa_options_free(w.looks);
        free(w.expected);
    }
}

static int parse_work(void *user, jopa_error *e) {
    const report_work *w = user;
    jopa_result       *r = NULL;
    int                status = jopa_result_parse(&r, w->expected, strlen(w->expected), e);
    if (status) assert_null(r);
    jopa_result_free(r);
    return status;
}

static int join_work(void *user, jopa_error *e) {
    (void)user;
    long         before = memory_left;
    jopa_result *list = NULL, *more[2] = {NULL, NULL};
    int          status = JP_OK;
    memory_left = -1;
    for (int i = 0; i < 2; i++) {
        more[i] = fixture_everything();
        free(more[i]->command);
        more[i]->command = strdup("audit");
    }
    memory_left = before;
    for (int i = 0; i < 2 && !status; i++) {
        status = jopa_audit_join(&list, more[i], e);
        if (!status) more[i] = NULL;
    }
    for (int i = 0; i < 2; i++) jopa_result_free(more[i]);
    jopa_result_free(list);
    return status;
}

static void reports(void **state) {
    (void)state;
    jopa_result *list = NULL,
                *made[] = {fixture_result(), fixture_comparison(), fixture_everything(), fixture_citing(), NULL};
    for (int i = 0; made[i]; i++) {
        report_work w = {.expected = fixture_render(made[i], "json", 0, false, false)};
        render_each(made[i]);
        fail_each(parse_work, &w);
        free(w.expected);
    }
    made[2]->items[0].audit.present = false; /* the text of a compression */
    render_each(made[2]);
    made[2]->items[0].audit.present = true;
    free(made[2]->command);
    made[2]->command = strdup("audit");
    assert_int_equal(jopa_audit_join(&list, made[2], NULL), JOPA_OK);
    made[2] = list;
    render_each(list);
    fail_each(join_work, NULL);
    for (int i = 0; made[i]; i++) jopa_result_free(made[i]);
}

/* ---- metrics -------------------------------------------------------------------------------------------------------
 */

static int words_work(void *user, jopa_error *e) {
    const char *a = "The doctor met the patient, \xc4\xb0 think. It was 3.5 o'clock - late.",
               *b = "A doctor saw her patient late.";
    double          variation = 0, bleu = 0;
    jp_rouge_scores rouge = {0};
    char            got[120], *expected = user;
    int             status = jp_word_variation(a, b, &variation, e);
    if (!status) status = jp_bleu(b, a, &bleu, e);
    if (!status) status = jp_rouge(b, a, &rouge, e);
    if (status) return status;
    snprintf(got, sizeof got, "%.17g %.17g %.17g %.17g", variation, bleu, rouge.rouge1, rouge.rougeL);
    if (!*expected) strcpy(expected, got);
    assert_string_equal(got, expected);
    return JP_OK;
}

/* Metrics that score sets, on a problem whose making does not fail. */
static int sets_work(void *user, jopa_error *e) {
    formula_problem p;
    jp_bitset       set;
    unsigned        bits;
    double          weight[6] = {1, 2, 3, -1, 5, 8}, score[6] = {3, 1, 2, 6, 5, 4};
    char            got[200] = "", *expected = user;
    jp_explanation  x = {0};
    long            before = memory_left;
    memory_left = -1;
    formula_problem_open(&p, 6);
    assert_int_equal(jp_formula_additive(p.engine, weight, e), JP_OK);
    formula_problem_start(&p, &(jp_limits){.k = 6});
    assert_int_equal(jp_bitset_init(&set, 6), JP_OK);
    assert_int_equal(jp_metric_parse("curves,lds,top_k_drop", &bits, e), JP_OK);
    memory_left = before;
    jp_measured m = {.scorer = p.scorer, .selected = &set, .score = score, .response = "a", .seed = 4};
    int         status = jp_metric_measure(bits, &m, &x, e);
    memory_left = -1;
    for (int i = x.n_metrics - 4; i < x.n_metrics && !status; i++)
        snprintf(got + strlen(got), sizeof got - strlen(got), "%s %.17g ", x.metrics[i].name, x.metrics[i].value);
    if (!status && !*expected) strcpy(expected, got);
    if (!status) assert_string_equal(got, expected);
    jp_explanation_free(&x);
    jp_bitset_free(&set);
    formula_problem_close(&p);
    return status;
}

static void metrics(void **state) {
    (void)state;
    char       expected_sets[200] = "";
    char       expected[120] = "";
    jopa_error e = {0};
    assert_int_equal(words_work(expected, &e), JP_OK);
    fail_each(words_work, expected);
    assert_int_equal(sets_work(expected_sets, &e), JP_OK);
    fail_each(sets_work, expected_sets);
}

/* ---- the benchmark's files and tables -------------------------------------------------------------------------------
 */

static const char *const file = "test_memory.tmp";

static void ignore_line(void *user, const char *text) {
    (void)user;
    (void)text;
}

static int cases_work(void *user, jopa_error *e) {
    jp_cases    c = {0};
    jp_warnings warn = {ignore_line, NULL};
    (void)user;
    int status = jp_cases_read(&c, file, NULL, &warn, e);
    if (!status) status = jp_cases_thin(&c, 2, e);
    jp_cases_free(&c);
    return status;
}

static int tables_work(void *user, jopa_error *e) {
    const report_work *w = user;
    size_t             size = 0;
    char              *text = jopa_bench_tables(file, w->format, &size, e);
    free(text);
    return text ? JP_OK : e->code;
}

static void write_results(void) {
    jp_records   r = {0};
    FILE        *f = NULL;
    json_t      *settings = json_pack("{s:s}", "unit", "word");
    jopa_result *x = fixture_everything();
    remove(file);
    assert_int_equal(jp_records_open(&f, &r, file, settings, NULL, NULL), JP_OK);
    for (int i = 0; i < 4; i++) {
        jp_case one = {.id = i / 2 ? "a" : "b", .task = i / 2 ? "t" : "u", .prompt = "p", .digest = "0"};
        assert_int_equal(jp_records_append(f, &one, i % 2 ? "jopa" : "random", x->items, NULL), JP_OK);
    }
    fclose(f);
    json_decref(settings);
    jopa_result_free(x);
}

static void benchmarks(void **state) {
    (void)state;
    FILE *f = fopen(file, "wb");
    fputs("{\"prompt\": \"a\"}\n{no}\n{\"prompt\": \"b\", \"id\": \"x\", \"task\": \"t\", \"system\": \"s\"}\n"
          "{\"instruction\": \"c\", \"input\": \"d\", \"response\": \"r\"}\n{\"prompt\": \"e\", \"id\": \"x\"}\n",
          f);
    fclose(f);
    fail_each(cases_work, NULL);
    write_results();
    for (int i = 0; jopa_bench_format(i); i++) {
        report_work w = {.format = jopa_bench_format(i)};
        fail_each(tables_work, &w);
    }
    remove(file);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prompts), cmocka_unit_test(templates), cmocka_unit_test(recuts),
        cmocka_unit_test(reports), cmocka_unit_test(metrics),   cmocka_unit_test(benchmarks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
