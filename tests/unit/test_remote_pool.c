/* Who gets the next request: never more than a server has slots for, whatever happens to it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka.h needs the four above
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "engine/remote/pool.h"

enum { SERVERS = 3, MOST = 64 };

static jp_pool *pool_of(int n, int slots) {
    char **bases = calloc((size_t)n, sizeof *bases);
    for (int i = 0; i < n; i++) {
        char at[32];
        snprintf(at, sizeof at, "http://127.0.0.%d", i + 1);
        bases[i] = strdup(at);
    }
    jp_pool *p = jp_pool_new(bases, n);
    assert_non_null(p);
    for (int i = 0; i < n; i++) p->at[i].server.slots = slots;
    return p;
}

/* What is on its way: [n] servers, or their probes. */
typedef struct {
    int at[MOST], n;
} flight;

static int land(flight *f, int i) {
    int taken = f->at[i];
    f->at[i] = f->at[--f->n];
    return taken;
}

static void end_somehow(jp_pool *p, jp_random *r, int taken) {
    int i = taken & ~JP_SERVER_TO_PROBE, how = (int)(jp_random_unit(r) * 20);
    if (how == 0) jp_pool_failed(p, i, "gone", 0);
    else if (how == 1) jp_pool_failed(p, i, "busy", 0.001);
    else if (how == 2) jp_pool_dropped(p, i);
    else if (taken & JP_SERVER_TO_PROBE) jp_pool_probed(p, i, true);
    else jp_pool_scored(p, i, 0.01);
}

static void check_pool(const jp_pool *p, const flight *f, int slots) {
    int all = 0;
    for (int i = 0; i < p->n; i++) {
        assert_in_range(p->at[i].in_flight, 0, slots);
        all += p->at[i].in_flight;
    }
    assert_int_equal(all, f->n);
}

static void test_slots_hold(void **state) {
    jp_random r;
    (void)state;
    jp_random_seed(&r, 7);
    for (int slots = 1; slots < 9; slots++) {
        jp_pool *p = pool_of(SERVERS, slots);
        flight   f = {0};
        for (int step = 0; step < 4000; step++) {
            int choice = (int)(jp_random_unit(&r) * 4), i = JP_NO_SERVER;
            if (choice < 2) i = jp_pool_take(p, (int)(jp_random_unit(&r) * (SERVERS + 1)) - 1);
            else if (choice == 2 && p->at[0].state == JP_SERVER_UP) i = jp_pool_borrow(p, 0);
            if (i >= 0) f.at[f.n++] = i;
            if (choice == 3 && f.n) end_somehow(p, &r, land(&f, (int)(jp_random_unit(&r) * f.n)));
            for (int s = 0; s < SERVERS; s++) p->at[s].rests = 0; /* no waiting here */
            for (int s = 0; s < SERVERS; s++) p->at[s].failures %= 3;
            check_pool(p, &f, slots);
        }
        jp_pool_free(p);
    }
}

static void test_the_emptiest_is_next(void **state) {
    jp_pool *p = pool_of(SERVERS, 4);
    (void)state;
    for (int i = 0; i < 4 * SERVERS; i++) assert_int_equal(p->at[jp_pool_take(p, -1)].in_flight, 1 + i / SERVERS);
    assert_int_equal(jp_pool_take(p, -1), JP_NO_SERVER);
    assert_int_equal(jp_pool_borrow(p, 0), JP_NO_SERVER);
    jp_pool_scored(p, 1, 0.1);
    assert_int_equal(jp_pool_take(p, 1), JP_NO_SERVER);
    assert_int_equal(jp_pool_take(p, 0), 1);
    jp_pool_free(p);
}

/* It rests longer each time, is probed alone, and is lost when that fails again and again. */
static void test_down_and_back(void **state) {
    jp_pool *p = pool_of(1, 4);
    double   before = 0;
    (void)state;
    for (int failed = 1; failed <= 4; failed++) {
        int    taken = jp_pool_take(p, -1);
        double now = jp_seconds();
        assert_int_equal(taken, failed == 1 ? 0 : JP_SERVER_TO_PROBE);
        if (failed > 1) assert_int_equal(jp_pool_take(p, -1), JP_NO_SERVER); /* one probe */
        jp_pool_failed(p, 0, "refused", 0);
        double rest = p->at[0].rests - now;
        assert_true(rest > 0.3 && rest < 8.1 && rest > before);
        before = rest;
        if (failed < 4) assert_int_equal(jp_pool_take(p, -1), JP_NO_SERVER);
        if (failed < 4) p->at[0].rests = 0;
    }
    assert_int_equal(jp_pool_take(p, -1), JP_ALL_LOST);
    p->at[0].rests = 0;
    assert_int_equal(jp_pool_take(p, -1), JP_SERVER_TO_PROBE);
    jp_pool_probed(p, 0, true);
    assert_int_equal(p->at[0].failures, 0);
    assert_int_equal(jp_pool_take(p, -1), 0);
    jp_pool_free(p);
}

static void test_other_scores_are_never_asked_again(void **state) {
    jp_pool *p = pool_of(2, 2);
    char     said[512];
    (void)state;
    assert_int_equal(jp_pool_take(p, 1), 0);
    jp_pool_wrong(p, 0, "it answers another token");
    for (int i = 0; i < 2; i++) assert_int_equal(jp_pool_take(p, -1), 1);
    assert_int_equal(jp_pool_take(p, -1), JP_NO_SERVER);
    jp_pool_wrong(p, 1, "not JSON");
    assert_int_equal(jp_pool_take(p, -1), JP_ALL_LOST);
    jp_pool_problems(p, said, sizeof said);
    assert_string_equal(said, "http://127.0.0.1: it answers another token; http://127.0.0.2: not JSON");
    jp_pool_free(p);
}

/* Without slots that are known the window follows the throughput, up to an end. */
static void test_windows_grow(void **state) {
    jp_pool *p = pool_of(1, 0);
    int      first = p->at[0].window;
    (void)state;
    for (int round = 0; round < 40; round++) {
        int n = 0;
        while (jp_pool_take(p, -1) == 0) n++;
        assert_int_equal(n, p->at[0].window);
        p->at[0].since = jp_seconds() - 1; /* a second a round, however wide: the throughput is the width */
        p->at[0].done = 2 * n - n;
        while (n--) jp_pool_scored(p, 0, 0.1);
    }
    assert_true(p->at[0].window > first);
    assert_in_range(p->at[0].window, first, 256);
    jp_pool_free(p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slots_hold),    cmocka_unit_test(test_the_emptiest_is_next),
        cmocka_unit_test(test_down_and_back), cmocka_unit_test(test_other_scores_are_never_asked_again),
        cmocka_unit_test(test_windows_grow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
