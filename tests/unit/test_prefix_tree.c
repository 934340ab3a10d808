/* The tree of known prefixes, against a list of the sequences that it should know. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka.h needs the four above
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "engine/prefix-tree.h"

enum { CELLS = 64, LENGTH = 12 };

/* Follow and then add the whole sequence; the node where it ends, or -1. */
static int put(jp_prefix_tree *t, const int32_t *symbols, int count, bool brief, int *known) {
    int node = jp_prefix_follow(t, JP_PREFIX_ROOT, symbols, count, known);
    for (int at = *known; at < count;) {
        int added = jp_prefix_add(t, node, symbols + at, count - at, brief);
        if (added < 0) return -1;
        at += t->nodes[added].count;
        node = added;
    }
    return node;
}

/* The symbols on the path to the node, from its cells; returns how many. */
static int spell(const jp_prefix_tree *t, int node, int32_t *out) {
    int n = t->nodes[node].position + t->nodes[node].count;
    for (; node > JP_PREFIX_ROOT; node = t->nodes[node].parent)
        memcpy(out + t->nodes[node].position, t->symbol + t->nodes[node].cell, (size_t)t->nodes[node].count * sizeof *out);
    return n;
}

/* Every taken cell belongs to one node that hangs on the root, and free cells are counted. */
static void check_cells(const jp_prefix_tree *t) {
    int owner[CELLS] = {0}, stack[CELLS + 1], depth = 0, owned = 0;
    stack[depth++] = JP_PREFIX_ROOT;
    while (depth) {
        int node = stack[--depth];
        for (int i = 0; i < t->nodes[node].count; i++) assert_int_equal(owner[t->nodes[node].cell + i]++, 0);
        owned += t->nodes[node].count;
        for (int child = t->nodes[node].child; child >= 0; child = t->nodes[child].next) {
            assert_int_equal(t->nodes[child].parent, node);
            assert_int_equal(t->nodes[child].position, t->nodes[node].position + t->nodes[node].count);
            assert_true(t->nodes[child].count > 0);
            stack[depth++] = child;
        }
    }
    for (int i = 0; i < CELLS; i++) assert_int_equal(owner[i], t->taken[i]);
    assert_int_equal(owned, CELLS - t->n_free);
}

static void random_sequence(jp_random *r, int32_t *out) {
    for (int i = 0; i < LENGTH; i++) out[i] = jp_random_below(r, i < 4 ? 2 : 3);
}

static void test_sequences_are_spelt(void **state) {
    (void)state;
    jp_prefix_tree t;
    jp_random      r;
    jp_random_seed(&r, 1);
    assert_int_equal(jp_prefix_tree_init(&t, CELLS), 0);
    for (int i = 0; i < 2000; i++) {
        int32_t sequence[LENGTH], read[LENGTH];
        int     known;
        jp_prefix_begin(&t);
        random_sequence(&r, sequence);
        int node = put(&t, sequence, LENGTH, false, &known);
        assert_true(node > 0);
        assert_int_equal(spell(&t, node, read), LENGTH);
        assert_memory_equal(read, sequence, sizeof read);
        assert_int_equal(jp_prefix_follow(&t, JP_PREFIX_ROOT, sequence, LENGTH, &known), node);
        assert_int_equal(known, LENGTH);
        check_cells(&t);
    }
    jp_prefix_tree_free(&t);
}

/* What was put in is found again as far as it is shared, whichever nodes it lies in. */
static void test_shared_prefixes_are_known(void **state) {
    (void)state;
    enum { MANY = 4 };
    for (uint64_t seed = 1; seed <= 200; seed++) {
        jp_prefix_tree t;
        jp_random      r;
        int32_t        sequences[MANY][LENGTH];
        jp_random_seed(&r, seed);
        assert_int_equal(jp_prefix_tree_init(&t, CELLS), 0); /* holds them all */
        for (int i = 0; i < MANY; i++) {
            int known, shared = 0;
            random_sequence(&r, sequences[i]);
            for (int j = 0; j < i; j++) {
                int same = 0;
                while (same < LENGTH && sequences[i][same] == sequences[j][same]) same++;
                shared = same > shared ? same : shared;
            }
            jp_prefix_begin(&t);
            put(&t, sequences[i], LENGTH, false, &known);
            assert_int_equal(known, shared);
        }
        jp_prefix_tree_free(&t);
    }
}

static void test_pinned_paths_stay(void **state) {
    (void)state;
    jp_prefix_tree t;
    jp_random      r;
    int32_t        pinned[LENGTH], other[LENGTH];
    int            known;
    jp_random_seed(&r, 3);
    assert_int_equal(jp_prefix_tree_init(&t, CELLS), 0);
    random_sequence(&r, pinned);
    jp_prefix_begin(&t);
    jp_prefix_pin(&t, put(&t, pinned, LENGTH, false, &known));
    for (int i = 0; i < 500; i++) {
        jp_prefix_begin(&t);
        random_sequence(&r, other);
        put(&t, other, LENGTH, false, &known);
    }
    jp_prefix_begin(&t);
    jp_prefix_follow(&t, JP_PREFIX_ROOT, pinned, LENGTH, &known);
    assert_int_equal(known, LENGTH);
    check_cells(&t);
    jp_prefix_tree_free(&t);
}

/* Within a batch nothing gives way; what does not fit is refused. */
static void test_a_batch_keeps_what_it_uses(void **state) {
    (void)state;
    jp_prefix_tree t;
    int32_t        sequence[LENGTH] = {0};
    int            known, first = -1;
    assert_int_equal(jp_prefix_tree_init(&t, CELLS), 0);
    jp_prefix_begin(&t);
    for (int i = 0; i < CELLS / LENGTH; i++) {
        sequence[0] = i;
        int node = put(&t, sequence, LENGTH, false, &known);
        assert_true(node > 0);
        if (i == 0) first = node;
    }
    sequence[0] = 100;
    assert_int_equal(put(&t, sequence, LENGTH, false, &known), -1);
    sequence[0] = 0;
    assert_int_equal(jp_prefix_follow(&t, JP_PREFIX_ROOT, sequence, LENGTH, &known), first);
    jp_prefix_tree_free(&t);
}

static void test_brief_nodes_leave_no_trace(void **state) {
    (void)state;
    jp_prefix_tree t;
    int32_t        a[LENGTH] = {1}, b[LENGTH] = {2};
    int            known;
    assert_int_equal(jp_prefix_tree_init(&t, CELLS), 0);
    jp_prefix_begin(&t);
    put(&t, a, LENGTH, false, &known);
    int node = put(&t, b, LENGTH, true, &known);
    assert_int_equal(t.nodes[node].cell + LENGTH, CELLS);
    jp_prefix_remove(&t, node);
    assert_int_equal(t.n_free, CELLS - LENGTH);
    jp_prefix_follow(&t, JP_PREFIX_ROOT, b, LENGTH, &known);
    assert_int_equal(known, 0);
    check_cells(&t);
    jp_prefix_tree_free(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sequences_are_spelt),        cmocka_unit_test(test_shared_prefixes_are_known),
        cmocka_unit_test(test_pinned_paths_stay),          cmocka_unit_test(test_a_batch_keeps_what_it_uses),
        cmocka_unit_test(test_brief_nodes_leave_no_trace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
