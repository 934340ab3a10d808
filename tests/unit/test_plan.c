/* The local engine's prefix plan: trees of random rows, batches, and the rows that are kept for later ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka.h needs the four above
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "engine/llama/llama-kept.h"

static const int32_t SEQUENCES[] = {6, 7, 8, 9};

enum { N_ROWS = 40, LENGTH = 12, PROMPT = 9, N_KEPT = 6 };

typedef struct {
    int32_t symbols[N_ROWS][LENGTH], kept_symbols[N_KEPT][LENGTH];
    jp_row  rows[N_ROWS];
    jp_kept kept;
} forest;

/* Rows over a small alphabet, so that many share prefixes, some are the same, the prompts of some begin those of
 * others, and responses look like what follows in longer prompts; matched with `n_kept` kept ones. */
static void make_forest(forest *f, uint64_t seed, int n_kept) {
    jp_random r;
    jp_random_seed(&r, seed);
    for (int i = 0; i < N_ROWS; i++) {
        int prompt = 3 + jp_random_below(&r, PROMPT - 2);
        for (int j = 0; j < LENGTH; j++) f->symbols[i][j] = j < prompt ? jp_random_below(&r, 3) - 1 : j - prompt;
        f->rows[i] = (jp_row){f->symbols[i], prompt + LENGTH - PROMPT, prompt, i, 0, -1};
    }
    assert_int_equal(jp_kept_init(&f->kept, NULL, N_KEPT, N_KEPT * LENGTH, LENGTH, NULL), JP_OK);
    for (int i = 0; i < n_kept; i++) {
        for (int j = 0; j < LENGTH; j++) f->kept_symbols[i][j] = jp_random_below(&r, 3) - 1;
        jp_row row = {f->kept_symbols[i], PROMPT, PROMPT, 0, 0, -1};
        jp_kept_take(&f->kept, &row, &(int){0}, 1, &(int32_t){0}, i == 0);
    }
    for (int i = 0; i < N_ROWS; i++) jp_kept_match(&f->kept, f->rows + i);
    jp_plan_sort(f->rows, N_ROWS);
}

/* Rebuild each row from the tree and compare; returns the symbols that are not known. */
static int check_tree(const jp_plan *plan, const jp_row *rows, int n, const jp_kept *kept) {
    int decoded = 0;
    for (int i = 0; i < plan->n_nodes; i++) {
        const jp_node *node = plan->nodes + i;
        assert_true(node->count > 0 && node->row_first < node->row_last && node->parent < i);
        int end = node->parent < 0 ? 0 : plan->nodes[node->parent].position + plan->nodes[node->parent].count;
        assert_int_equal(node->position, end);
        if (node->parent >= 0) {
            assert_true(plan->nodes[node->parent].row_first <= node->row_first);
            assert_true(plan->nodes[node->parent].row_last >= node->row_last);
        }
        if (node->kept >= 0)
            assert_memory_equal(node->symbols, kept->symbols + node->kept * LENGTH + node->position,
                                (size_t)node->count * sizeof(int32_t));
        else decoded += node->count;
    }
    for (int i = 0; i < n; i++) {
        int32_t row[LENGTH];
        int     size = 0, row_index = plan->row_of[i];
        bool    known = true;
        for (int j = 0; j < plan->n_nodes; j++) {
            const jp_node *node = plan->nodes + j;
            if (row_index < node->row_first || row_index >= node->row_last) continue;
            assert_int_equal(node->position, size);
            memcpy(row + size, node->symbols, (size_t)node->count * sizeof *row);
            size += node->count;
            known = known && node->kept >= 0;
            assert_int_equal(known, node->kept >= 0);                /* what is known comes first */
            if (node->kept >= 0) assert_true(size < rows[i].prompt); /* the last prompt symbol has to be decoded */
        }
        assert_int_equal(size, rows[i].size);
        assert_memory_equal(row, rows[i].symbols, (size_t)size * sizeof *row);
        assert_int_equal(plan->row_prompt[row_index], rows[i].prompt);
    }
    return decoded;
}

static void test_plan_rebuilds_rows(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        forest f;
        make_forest(&f, seed, (int)(seed % (N_KEPT + 1)));
        jp_plan plan;
        assert_int_equal(jp_plan_build(&plan, f.rows, N_ROWS, NULL), JP_OK);
        int total = 0, decoded = check_tree(&plan, f.rows, N_ROWS, &f.kept);
        for (int i = 0; i < N_ROWS; i++) total += f.rows[i].size;
        assert_true(decoded < total);
        jp_plan_free(&plan);
        jp_kept_free(&f.kept);
    }
}

/* No two siblings begin alike: then no prefix is decoded twice. But for a prompt's last symbol, which is decoded where
 * longer prompts know it, and what is response in one row and prompt in another. */
static void test_plan_shares_all(void **state) {
    (void)state;
    forest f;
    make_forest(&f, 7, N_KEPT);
    jp_plan plan;
    assert_int_equal(jp_plan_build(&plan, f.rows, N_ROWS, NULL), JP_OK);
    for (int i = 0; i < plan.n_nodes; i++)
        for (int j = 0; j < i; j++) {
            const jp_node *a = plan.nodes + i, *b = plan.nodes + j;
            if (a->parent != b->parent || (a->kept < 0) != (b->kept < 0)) continue;
            bool beyond = a->position >= plan.row_prompt[a->row_first] || b->position >= plan.row_prompt[b->row_first];
            assert_true(beyond || a->symbols[0] != b->symbols[0]);
        }
    jp_plan_free(&plan);
    jp_kept_free(&f.kept);
}

static void test_plan_cuts_to_size(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 100; seed++) {
        forest f;
        make_forest(&f, seed, (int)(seed % (N_KEPT + 1)));
        for (int at = 0; at < N_ROWS;) {
            int     n = jp_plan_cut(f.rows + at, N_ROWS - at, 5, 30);
            jp_plan plan;
            assert_in_range(n, 1, N_ROWS - at);
            assert_int_equal(jp_plan_build(&plan, f.rows + at, n, NULL), JP_OK);
            assert_in_range(plan.n_rows, 1, 5);
            assert_in_range(check_tree(&plan, f.rows + at, n, &f.kept), 0, 30 + plan.n_rows);
            jp_plan_free(&plan);
            at += n;
        }
        jp_kept_free(&f.kept);
    }
}

/* ---- kept rows --------------------------------------------------------------------------------------------------- */

static int shared(const int32_t *a, const int32_t *b, int n) {
    int i = 0;
    while (i < n && a[i] == b[i]) i++;
    return i;
}

/* Distinct symbols of the kept rows, by counting those that no earlier row begins with. */
static int count_distinct(const jp_kept *k) {
    int total = 0;
    for (int i = 0; i < k->n; i++) {
        const int32_t *row = k->symbols + k->order[i] * LENGTH;
        int            known = 0;
        for (int j = 0; j < i; j++) {
            int size = k->size[k->order[i]] < k->size[k->order[j]] ? k->size[k->order[i]] : k->size[k->order[j]];
            int n = shared(row, k->symbols + k->order[j] * LENGTH, size);
            if (n > known) known = n;
        }
        total += k->size[k->order[i]] - known;
    }
    return total;
}

enum { ROOM = 40, BATCH = 4 };

typedef struct {
    int32_t symbols[BATCH][LENGTH];
    jp_row  rows[BATCH];
} drawn;

/* Random rows, matched: what is known is the longest beginning that any kept row has. */
static void draw_batch(drawn *d, const jp_kept *k, jp_random *r) {
    for (int i = 0; i < BATCH; i++) {
        int32_t *symbols = d->symbols[i];
        jp_row  *row = d->rows + i;
        int      prompt = 4 + jp_random_below(r, LENGTH - 3), best = 0;
        for (int j = 0; j < prompt; j++) symbols[j] = jp_random_below(r, 2);
        *row = (jp_row){symbols, prompt, prompt, i, 0, -1};
        jp_kept_match(k, row);
        for (int j = 0; j < k->n; j++) {
            int size = k->size[k->order[j]] < prompt ? k->size[k->order[j]] : prompt,
                n = shared(symbols, k->symbols + k->order[j] * LENGTH, size);
            if (n > best) best = n;
        }
        assert_int_equal(row->known, best < prompt ? best : prompt - 1);
        if (row->kept >= 0)
            assert_memory_equal(symbols, k->symbols + row->kept * LENGTH, (size_t)row->known * sizeof *symbols);
    }
}

/* Keep some of the batch; what takes a place is one of its rows. Returns how many rows made way. */
static int take_batch(jp_kept *k, const drawn *d) {
    int32_t before[N_KEPT * LENGTH];
    int     sizes[N_KEPT], victims = 0, row_of[BATCH];
    for (int i = 0; i < BATCH; i++) row_of[i] = i;
    memcpy(before, k->symbols, sizeof before);
    memcpy(sizes, k->size, sizeof sizes);
    jp_kept_take(k, d->rows, row_of, BATCH, SEQUENCES, false);
    for (int slot = 0; slot < N_KEPT; slot++) {
        const int32_t *now = k->symbols + slot * LENGTH;
        size_t         bytes = (size_t)k->size[slot] * sizeof *now;
        bool           known = k->size[slot] == 0;
        if (sizes[slot] == k->size[slot] && !memcmp(now, before + slot * LENGTH, bytes)) continue;
        victims += sizes[slot] > 0;
        for (int i = 0; i < BATCH; i++)
            known = known || (d->rows[i].prompt == k->size[slot] && !memcmp(d->symbols[i], now, bytes));
        assert_true(known);
    }
    return victims;
}

/* Room is never exceeded, and the whole prompt stays. */
static void test_kept_rows_are_found_and_make_way(void **state) {
    (void)state;
    jp_random r;
    jp_kept   k;
    int32_t   first[LENGTH] = {0};
    int       victims = 0;
    jp_random_seed(&r, 5);
    assert_int_equal(jp_kept_init(&k, NULL, N_KEPT, ROOM, LENGTH, NULL), JP_OK);
    jp_kept_take(&k, &(jp_row){first, LENGTH, LENGTH, 0, 0, -1}, &(int){0}, 1, SEQUENCES, true);
    assert_true(jp_kept_is_whole(&k, first, LENGTH) && !jp_kept_is_whole(&k, first, LENGTH - 1));
    for (int step = 0; step < 300; step++) {
        drawn d;
        draw_batch(&d, &k, &r);
        victims += take_batch(&k, &d);
        assert_int_equal(k.distinct, count_distinct(&k));
        assert_in_range(k.distinct, 1, ROOM);
        assert_in_range(k.n, 1, N_KEPT);
        assert_true(jp_kept_is_whole(&k, first, LENGTH));
    }
    assert_true(victims > 100);
    jp_kept_free(&k);
}

/* The row that was used last stays, the one that was not makes way. */
static void test_kept_row_unused_for_longest_makes_way(void **state) {
    (void)state;
    jp_kept k;
    int32_t symbols[4][3] = {{0, 0, 0}, {1, 1, 1}, {2, 2, 2}, {3, 3, 3}};
    jp_row  rows[4];
    assert_int_equal(jp_kept_init(&k, NULL, 3, 100, 3, NULL), JP_OK);
    for (int i = 0; i < 4; i++) rows[i] = (jp_row){symbols[i], 3, 3, 0, 0, -1};
    for (int i = 0; i < 3; i++) jp_kept_take(&k, rows + i, &(int){0}, 1, SEQUENCES, i == 0);
    jp_kept_match(&k, rows + 1); /* used again, as it is, */
    jp_kept_take(&k, rows + 1, &(int){0}, 1, SEQUENCES, false);
    assert_int_equal(k.n, 3); /* and nothing to keep */
    jp_kept_take(&k, rows + 3, &(int){0}, 1, SEQUENCES, false);
    assert_int_equal(k.n, 3);
    jp_kept_match(&k, rows + 1);
    assert_int_equal(rows[1].known, 2);
    jp_kept_match(&k, rows + 2);
    assert_int_equal(rows[2].known, 0);
    jp_kept_free(&k);
}

/* Forgotten, and a new whole prompt in the place of another. */
static void test_kept_rows_are_forgotten(void **state) {
    (void)state;
    jp_kept k;
    int32_t symbols[2][3] = {{0, 0, 0}, {0, 1, 1}};
    jp_row  rows[2] = {{symbols[0], 3, 3, 0, 0, -1}, {symbols[1], 3, 3, 0, 0, -1}};
    assert_int_equal(jp_kept_init(&k, NULL, 3, 100, 3, NULL), JP_OK);
    for (int i = 0; i < 2; i++) {
        jp_kept_match(&k, rows + i);
        jp_kept_take(&k, rows + i, &(int){0}, 1, SEQUENCES, true);
        assert_true(jp_kept_is_whole(&k, symbols[i], 3));
        assert_true(k.n == 1 && k.distinct == 3);
    }
    jp_kept_forget(&k);
    jp_kept_match(&k, rows + 1);
    assert_true(k.n == 0 && k.distinct == 0 && rows[1].known == 0 && rows[1].kept == -1);
    assert_false(jp_kept_is_whole(&k, symbols[1], 3));
    jp_kept_free(&k);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plan_rebuilds_rows),
        cmocka_unit_test(test_plan_shares_all),
        cmocka_unit_test(test_plan_cuts_to_size),
        cmocka_unit_test(test_kept_rows_are_found_and_make_way),
        cmocka_unit_test(test_kept_row_unused_for_longest_makes_way),
        cmocka_unit_test(test_kept_rows_are_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
