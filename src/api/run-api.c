/* What runs a question on a model: each function resolves the options, and hands the question on. */
#include "bench/bench.h"
#include "explain/answers.h"
#include "explain/explain.h"
#include "use/audit.h"
#include "use/cite.h"
#include "use/compress.h"

typedef int (*run_function)(jopa_result **out, jopa_model *m, const jp_question *q, jopa_error *e);

/* The options of one of the commands: `function` on their question. */
static int run_question(run_function function, unsigned commands, jopa_result **out, jopa_model *m,
                        const jopa_options *o, jopa_error *e) {
    jp_question q;
    if (!(o->command & commands)) return jp_fail(e, JOPA_ERROR_USAGE, "these options are another command's");
    int status = jp_model_question(&q, m, o, e);
    jp_model_begin(m);
    if (!status) status = function(out, m, &q, e);
    jp_question_free(&q);
    return status;
}

static int run_bench_question(jopa_result **out, jopa_model *m, const jp_question *q, jopa_error *e) {
    (void)out;
    return jp_bench(m, q, e);
}

int jopa_explain(jopa_result **out, jopa_model *m, const jopa_options *o, jopa_error *e) {
    return run_question(jp_explain, JP_EXPLAIN, out, m, o, e);
}

int jopa_compare(jopa_result **out, jopa_model *m, const jopa_options *o, jopa_error *e) {
    return run_question(jp_explain, JP_COMPARE, out, m, o, e);
}

int jopa_audit(jopa_result **out, jopa_model *m, const jopa_options *o, jopa_error *e) {
    return run_question(jp_audit, JP_AUDIT, out, m, o, e);
}

int jopa_compress(jopa_result **out, jopa_model *m, const jopa_options *o, jopa_error *e) {
    return run_question(jp_compress, JP_COMPRESS, out, m, o, e);
}

int jopa_cite(jopa_result **out, jopa_model *m, const jopa_options *o, jopa_error *e) {
    return run_question(jp_cite, JP_CITE, out, m, o, e);
}

int jopa_bench(jopa_model *m, const jopa_options *o, jopa_error *e) {
    return run_question(run_bench_question, JP_BENCH, NULL, m, o, e);
}

int jopa_result_answers(const jopa_result *r, int i, const jopa_model *m, const jopa_options *o, jopa_error *e) {
    jp_question q;
    if (!r || i < 0 || i >= r->n_items) return jp_fail(e, JOPA_ERROR_USAGE, "the result has no explanation %d", i);
    int status = jp_question_init(&q, o, e);
    if (!status) status = jp_answers(&r->items[i], m, &q, e);
    jp_question_free(&q);
    return status;
}
