/* Many questions on an engine that takes several at once, of which handles can be made: each is answered once, with
 * what it is answered alone, no more are in flight than asked for, and whatever ends a run ends it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka.h needs the four above
#include <cmocka.h>

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "asked.h"
#include "base/random.h"
#include "copier.h"
#include "explain/model.h"

enum { QUESTIONS = 24, WIDEST = 8 };

/* ---- the engine: a copier that counts, and fails where it is told to ----------------------------------------------
 */

static atomic_int busy, most_busy, calls, handles; /* scores at once; calls of score; handles that are open */
static atomic_int fails_at;                        /* the call of score that fails; 0: none */

static void note_busy(void) {
    int now = atomic_fetch_add(&busy, 1) + 1, most = atomic_load(&most_busy);
    while (now > most && !atomic_compare_exchange_weak(&most_busy, &most, now)) {}
    nanosleep(&(struct timespec){.tv_nsec = 300000}, NULL);
}

static int score(void *self, const jopa_score_request *rq, jopa_error *e) {
    int status = JOPA_ERROR_IO;
    note_busy();
    if (atomic_fetch_add(&calls, 1) + 1 == atomic_load(&fails_at)) {
        e->code = status;
        snprintf(e->message, sizeof e->message, "the wire was cut");
    } else status = copier_ops.score(self, rq, e);
    atomic_fetch_sub(&busy, 1);
    return status;
}

static void destroy(void *self) {
    (void)self;
    atomic_fetch_sub(&handles, 1);
}

static int share(jp_engine **out, jp_engine *self, jopa_error *e);
static int in_flight(jp_engine *self) {
    (void)self;
    return 3;
}
static const jp_engine_sharing sharing = {share, in_flight};

static jopa_model *open_model(void) {
    jopa_engine_ops ops = copier_ops;
    jopa_model     *m = NULL;
    jopa_error      e = {0};
    ops.destroy = destroy;
    ops.score = score;
    if (jopa_model_open_engine(&m, &ops, NULL, &e)) fail_msg("%s", e.message);
    m->engine->sharing = &sharing;
    atomic_fetch_add(&handles, 1);
    return m;
}

static int share(jp_engine **out, jp_engine *self, jopa_error *e) {
    (void)self, (void)e;
    jopa_model *made = open_model();
    *out = made->engine;
    made->engine = NULL;
    jopa_model_free(made);
    return JOPA_OK;
}

/* ---- questions -------------------------------------------------------------------------------------------------- */

static void warn(void *user, const char *line);

static jopa_options *question_of(int i, void *warned) {
    char      id[16], prompt[64] = "";
    jp_random r;
    jp_random_seed(&r, (uint64_t)i + 1);
    for (int w = 0; w < 5; w++)
        for (int j = 0; j < 4; j++) prompt[5 * w + j] = (char)('a' + jp_random_below(&r, 26));
    for (int w = 1; w < 5; w++) prompt[5 * w - 1] = ' ';
    snprintf(id, sizeof id, "%d", i);
    jopa_options *o =
        asked("explain", "id", id, "prompt", prompt, "response", "a red key", "raw", "true", "unit", "word", "operator",
              "delete", "k", "2", "method", "random", "budget", "40", "metrics", "none", NULL);
    jopa_options_listen(o, NULL, warn, warned);
    return o;
}

static double drop_alone(int i) {
    jopa_model   *m = open_model();
    jopa_options *o = question_of(i, NULL);
    jopa_result  *r = NULL;
    jopa_error    e = {0};
    if (jopa_explain(&r, m, o, &e)) fail_msg("%s", e.message);
    double drop = jopa_result_drop(r, 0);
    jopa_result_free(r);
    jopa_options_free(o);
    jopa_model_free(m);
    return drop;
}

/* ---- a run ------------------------------------------------------------------------------------------------------ */

typedef struct {
    jopa_model *model;
    int         next, answers, failures, wrong;
    double      drop[QUESTIONS];    /* NAN: no answer */
    int         times[QUESTIONS];   /* answers to each */
    int         bad;                /* the question that cannot be asked, or -1 */
    int         stop_after;         /* answers; 0: never */
    int         cancel_after;       /* calls of progress, which says stop; 0: never */
    bool        cancel_by_function; /* jopa_cancel instead */
    int         told, told_done;    /* calls of progress; its prompts_done */
    atomic_int  inside;             /* of the functions: never more than one */
    bool        left_known;
} run;

static void enter(run *x) {
    if (atomic_fetch_add(&x->inside, 1)) x->wrong++;
}
static void leave(run *x) { atomic_fetch_sub(&x->inside, 1); }

static void warn(void *user, const char *line) {
    run *x = user;
    enter(x);
    if (!*line) x->wrong++;
    leave(x);
}

static jopa_options *next(void *user) {
    run *x = user;
    if (x->next == QUESTIONS) return NULL;
    enter(x);
    jopa_options *o = question_of(x->next, x);
    if (x->next == x->bad) ask_also(o, "response", "", NULL);
    x->next++;
    leave(x);
    return o;
}

static int answer(void *user, const jopa_options *o, jopa_result *r, const jopa_error *why) {
    run *x = user;
    int  i = atoi(jopa_options_get(o, "id"));
    enter(x);
    x->answers++;
    x->times[i]++;
    if (r) x->drop[i] = jopa_result_drop(r, 0);
    else x->failures += why->code != JOPA_OK && why->message[0];
    jopa_result_free(r);
    leave(x);
    return x->stop_after && x->answers >= x->stop_after;
}

static int progress(void *user, const jopa_progress *p) {
    run *x = user;
    enter(x);
    x->told++;
    if (p->prompts != QUESTIONS || p->prompts_done != x->answers || !p->id) x->wrong++;
    if ((p->seconds_left >= 0) != (x->answers > 0)) x->wrong++;
    x->left_known |= p->seconds_left > 0;
    bool now = x->cancel_after && x->told == x->cancel_after;
    if (now && x->cancel_by_function) jopa_cancel(x->model);
    leave(x);
    return now && !x->cancel_by_function;
}

/* The status of jopa_many; sets *e. */
static int go(run *x, int at_once, jopa_error *e) {
    jopa_many_request rq = {.size = sizeof rq,
                            .ask = jopa_explain,
                            .next = next,
                            .answer = answer,
                            .progress = progress,
                            .user = x,
                            .prompts = QUESTIONS,
                            .in_flight = at_once};
    *e = (jopa_error){0};
    for (int i = 0; i < QUESTIONS; i++) x->drop[i] = NAN;
    atomic_store(&most_busy, 0);
    atomic_store(&calls, 0);
    x->model = open_model();
    int status = jopa_many(x->model, &rq, e);
    jopa_model_free(x->model);
    assert_int_equal(status, status ? (int)e->code : 0);
    assert_int_equal(x->wrong, 0);
    assert_int_equal(atomic_load(&handles), 0);
    return status;
}

static void each_is_answered_once_as_alone(void **state) {
    (void)state;
    const int at_once[] = {1, 2, WIDEST, 0, QUESTIONS + 5};
    for (size_t j = 0; j < sizeof at_once / sizeof *at_once; j++) {
        run        x = {.bad = -1};
        jopa_error e;
        int        most = at_once[j] ? at_once[j] : in_flight(NULL);
        assert_int_equal(go(&x, at_once[j], &e), JOPA_OK);
        assert_int_equal(x.answers, QUESTIONS);
        assert_true(x.left_known);
        assert_in_range(atomic_load(&most_busy), most > 1 ? 2 : 1, most < QUESTIONS ? most : QUESTIONS);
        for (int i = 0; i < QUESTIONS; i++) {
            assert_int_equal(x.times[i], 1);
            assert_float_equal(x.drop[i], drop_alone(i), 1e-6);
        }
    }
}

static void what_cannot_be_asked_is_its_answer(void **state) {
    (void)state;
    for (int bad = 0; bad < QUESTIONS; bad += 5) {
        run        x = {.bad = bad};
        jopa_error e;
        assert_int_equal(go(&x, 3, &e), JOPA_OK);
        assert_int_equal(x.answers, QUESTIONS);
        assert_int_equal(x.failures, 1);
        assert_true(isnan(x.drop[bad]));
    }
}

/* No answer comes after the one that said stop, however many are in flight. */
static void an_answer_stops(void **state) {
    (void)state;
    for (int after = 1; after < QUESTIONS; after += 4) {
        run        x = {.bad = -1, .stop_after = after};
        jopa_error e;
        assert_int_equal(go(&x, WIDEST, &e), JOPA_OK);
        assert_int_equal(x.answers, after);
    }
}

static void progress_and_cancel_stop(void **state) {
    (void)state;
    for (int i = 0; i < 12; i++) {
        run        x = {.bad = -1, .cancel_after = 1 + 7 * i, .cancel_by_function = i % 2};
        jopa_error e;
        assert_int_equal(go(&x, i % 4 + 1, &e), JOPA_ERROR_INTERRUPTED);
        assert_in_range(x.answers, 0, QUESTIONS - 1);
        for (int q = 0; q < QUESTIONS; q++) assert_in_range(x.times[q], 0, 1);
    }
}

/* The engine's failure is nobody's answer, and those before it stay. */
static void the_engine_fails(void **state) {
    (void)state;
    for (int at = 1; at < 100; at += 9) {
        run        x = {.bad = -1};
        jopa_error e;
        atomic_store(&fails_at, at);
        int status = go(&x, 1 + at % WIDEST, &e);
        atomic_store(&fails_at, 0);
        assert_int_equal(status, JOPA_ERROR_IO);
        assert_non_null(strstr(e.message, "the wire was cut"));
        assert_int_equal(x.failures, 0);
        for (int i = 0; i < QUESTIONS; i++)
            if (!isnan(x.drop[i])) assert_float_equal(x.drop[i], drop_alone(i), 1e-6);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_is_answered_once_as_alone),
        cmocka_unit_test(what_cannot_be_asked_is_its_answer),
        cmocka_unit_test(an_answer_stops),
        cmocka_unit_test(progress_and_cancel_stop),
        cmocka_unit_test(the_engine_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
