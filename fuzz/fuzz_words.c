/* Two texts, a response and what is written instead, with a line between them that is "===": word metrics within their
 * bounds, 1 and 0 for a text and itself; refusals and pieces of text lie in it; differences cover both. */
#include "fuzz.h"

#include <math.h>

#include "base/unseen.h"
#include "base/utf8.h"
#include "metric/words.h"
#include "prompt/boundary.h"
#include "report/cell.h"
#include "report/diff.h"
#include "report/plain.h"
#include "use/refusal.h"

static void check_metrics(const char *a, const char *b) {
    jp_rouge_scores r, back, self;
    double          bleu, variation;
    jopa_error      e = {0};
    CHECK(!jp_rouge(a, b, &r, &e) && !jp_rouge(b, a, &back, &e) && !jp_rouge(a, a, &self, &e));
    CHECK(r.rougeL >= 0 && r.rougeL <= r.rouge1 + 1e-12 && r.rouge1 <= 1 + 1e-12);
    CHECK(fabs(r.rouge1 - back.rouge1) < 1e-9 && fabs(r.rougeL - back.rougeL) < 1e-9);
    CHECK(!*a || self.rougeL == 1);
    CHECK(!jp_bleu(a, b, &bleu, &e) && bleu >= 0 && bleu <= 100 + 1e-9);
    CHECK(!jp_word_variation(a, b, &variation, &e) && variation >= 0 && variation <= 1 + 1e-12);
    CHECK(!jp_word_variation(a, a, &variation, &e) && variation == 0);
}

static void check_diff(const char *a, const char *b) {
    jp_diff    in_a, in_b;
    jopa_error e = {0};
    CHECK(!jp_diff_texts(a, b, &in_a, &in_b, &e));
    size_t at = 0;
    for (int i = 0; i < in_a.n; i++) {
        CHECK(in_a.runs[i].start == at && in_a.runs[i].end > at);
        at = in_a.runs[i].end;
    }
    CHECK(at == strlen(a));
    free(in_a.runs);
    free(in_b.runs);
}

static void check_pieces(const char *text) {
    size_t size = strlen(text);
    for (int kind = JP_UNIT_WORD; kind <= JP_UNIT_PARAGRAPH; kind++) {
        jp_range  *pieces = NULL;
        int        n = 0;
        jopa_error e = {0};
        CHECK(!jp_boundary_find((jp_unit_kind)kind, text, (jp_range){0, size}, &pieces, &n, &e));
        for (int i = 0; i < n; i++)
            CHECK(pieces[i].start == (i ? pieces[i - 1].end : 0) && pieces[i].start < pieces[i].end);
        CHECK(!n || pieces[n - 1].end == size);
        free(pieces);
    }
}

static void check_shown(const char *text) {
    jp_buffer out = {0};
    char      mark[JP_UNSEEN_SIZE];
    jp_put_markdown(&out, text, strlen(text), true);
    jp_put_cell(&out, text);
    jp_buffer_free(&out);
    jp_put_seen(&out, text, strlen(text));
    for (size_t at = 0; at < out.size; at++) CHECK(!jp_unseen(out.data, out.size, at, mark));
    jp_buffer_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size > 4000) return 0;
    char *raw = fuzz_text(data, size), *a = jp_utf8_repair(raw, strlen(raw)), *b = strstr(a, "\n===\n");
    if (b) {
        *b = '\0';
        b += 5;
    }
    bool       found;
    jp_range   r;
    jopa_error e = {0};
    check_metrics(a, b ? b : "");
    check_diff(a, b ? b : "");
    check_pieces(a);
    check_shown(a);
    CHECK(!jp_refusal_find(a, &found, &r, &e));
    if (found) CHECK(r.start < r.end && r.end <= strlen(a));
    free(a);
    free(raw);
    return 0;
}
