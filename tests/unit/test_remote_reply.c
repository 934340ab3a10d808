/* What real servers answered (fuzz/corpus/reply), read by their dialects, against PyTorch in float32. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka.h needs the four above
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "remote_row.h"

/* The reply in that file of the corpus; its first line is fuzz_reply.c's. */
static json_t *recorded(const char *name) {
    const char *source = getenv("JOPA_SOURCE_DIR");
    char        path[512], line[128];
    snprintf(path, sizeof path, "%s/fuzz/corpus/reply/%s", source ? source : "..", name);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    assert_non_null(fgets(line, sizeof line, f));
    json_t *reply = json_loadf(f, JSON_ALLOW_NUL, NULL);
    fclose(f);
    assert_non_null(reply);
    return reply;
}

typedef struct {
    const char *file, *dialect;
    int         variant;
    double      near; /* nats a token */
    int64_t     decoded;
} scored;

static const scored servers[] = {
    {"vllm-score", "vllm", 0, 1e-3, 44},
    {"vllm-scale-out-score", "vllm", 1, 1e-3, 44},
    {"openai-score", "openai", 0, 1e-3, 44},
    {"sglang-score", "sglang", 0, 1e-6, 8},
    {"llama-server-score", "llama-server", 0, 0.25, 43}, /* Q4_1 */
};

static void test_scores_are_the_models(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof servers / sizeof *servers; i++) {
        const scored *r = &servers[i];
        jp_server     s = {.dialect = remote_dialect(r->dialect), .variant = r->variant};
        json_t       *reply = recorded(r->file);
        for (int first = 0; first < REMOTE_RESPONSE; first++) {
            jp_wire_row row = remote_row();
            float       out[REMOTE_RESPONSE];
            int64_t     decoded;
            char        why[256] = "";
            bool        whole = first == 0 || (strcmp(r->dialect, "llama-server") && strcmp(r->dialect, "sglang"));
            row.first = first;
            bool fine = s.dialect->read_score(&s, &row, reply, out, &decoded, why, sizeof why);
            if (!whole) continue; /* they tell the span that was asked for alone */
            assert_true(fine);
            assert_int_equal(decoded, r->decoded);
            for (int t = first; t < REMOTE_RESPONSE; t++)
                assert_true(fabs((double)out[t - first] - remote_reference[t]) < r->near);
        }
        json_decref(reply);
    }
}

/* Every number of the reply in turn becomes `bad`; whether one of the ids or log-probabilities was it. */
static int refused_when(json_t *root, json_t *at, const json_t *bad, const jp_server *s) {
    json_t     *child;
    const char *key;
    size_t      i;
    int         count = 0;
    jp_wire_row row = remote_row();
    float       out[REMOTE_RESPONSE];
    int64_t     decoded;
    char        why[256];
    json_array_foreach(at, i, child) {
        count += refused_when(root, child, bad, s);
        if (!json_is_number(child)) continue;
        json_t *was = json_incref(child);
        json_array_set(at, i, (json_t *)(uintptr_t)bad);
        count += !s->dialect->read_score(s, &row, root, out, &decoded, why, sizeof why);
        json_array_set_new(at, i, was);
    }
    json_object_foreach(at, key, child) {
        count += refused_when(root, child, bad, s);
        if (!json_is_number(child)) continue;
        json_t *was = json_incref(child);
        json_object_set(at, key, (json_t *)(uintptr_t)bad);
        count += !s->dialect->read_score(s, &row, root, out, &decoded, why, sizeof why);
        json_object_set_new(at, key, was);
    }
    return count;
}

/* One wrong number among all that are right. */
static void test_one_wrong_number(void **state) {
    json_t *bad[] = {json_real(0.5), json_real(-3.4e38), json_string("-1"), json_null(), json_real(1.5e38)};
    (void)state;
    for (size_t i = 0; i < sizeof servers / sizeof *servers; i++) {
        jp_server s = {.dialect = remote_dialect(servers[i].dialect), .variant = servers[i].variant};
        json_t   *reply = recorded(servers[i].file);
        for (size_t b = 0; b < sizeof bad / sizeof *bad; b++) {
            bool ids = !strcmp(servers[i].dialect, "llama-server") || !strcmp(servers[i].dialect, "sglang");
            assert_int_equal(refused_when(reply, reply, bad[b], &s), (ids ? 2 : 1) * REMOTE_RESPONSE);
        }
        json_decref(reply);
    }
    for (size_t b = 0; b < sizeof bad / sizeof *bad; b++) json_decref(bad[b]);
}

static char *joined(const jp_wire_tokens *t) {
    static char text[512];
    char       *at = text;
    for (int i = 0; i < t->n; at += t->sizes[i++]) memcpy(at, t->pieces[i], (size_t)t->sizes[i]);
    *at = '\0';
    return text;
}

/* One character over several tokens has its bytes. */
static void test_pieces_are_the_text(void **state) {
    static const char        TEXT[] = "Gr\xc3\xbc\xc3\x9f"
                                      "e \xf0\x9f\xa6\x99 x";
    static const char *const files[][2] = {{"llama-server-tokens", "llama-server"}, {"vllm-tokens", "vllm"}};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        jp_wire_tokens t = {0};
        json_t        *reply = recorded(files[i][0]);
        assert_true(remote_dialect(files[i][1])->read_tokens(reply, TEXT, &t));
        assert_int_equal(t.n, 8);
        assert_string_equal(joined(&t), TEXT);
        jp_wire_tokens_free(&t);
        json_decref(reply);
    }
}

static void test_chats_are_the_prompt(void **state) {
    static const char *const files[][2] = {{"llama-server-special", "llama-server"}, {"vllm-chat", "vllm"}};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        jp_wire_tokens t = {0};
        json_t        *reply = recorded(files[i][0]);
        assert_true(remote_dialect(files[i][1])->read_tokens(reply, NULL, &t));
        assert_int_equal(t.n, REMOTE_PROMPT);
        assert_memory_equal(t.ids, remote_prompt, sizeof remote_prompt);
        assert_non_null(strstr(joined(&t), "<|im_start|>user\nWhat is the capital of France?<|im_end|>\n"));
        jp_wire_tokens_free(&t);
        json_decref(reply);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scores_are_the_models),
        cmocka_unit_test(test_one_wrong_number),
        cmocka_unit_test(test_pieces_are_the_text),
        cmocka_unit_test(test_chats_are_the_prompt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
