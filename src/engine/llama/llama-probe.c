/* Whether rows of embeddings do what their tokens do, and at which scale: families such as Gemma 3 scale the embeddings
 * of tokens, but take rows as they are; others look up more than an embedding by the token's id (Gemma 3n, 4), and no
 * scale will do. Found out once, before the first rows that are fed. Where the whole prompt is in place 0, and its
 * logits were noted when it was fed as ids, its last token is decoded once more, as a row; else a few tokens are
 * decoded both ways. Not in a batch that is decoded anyway: what else a batch holds changes the last digits of scores.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/llama/llama-local.h"

enum { TOKENS = 4, SCALES = 2 };

static float scale_at(const jp_local *l, int i) { return i == 0 ? 1 : sqrtf((float)llama_model_n_embd_inp(l->model)); }
static int   vocabulary(const jp_local *l) { return llama_vocab_n_tokens(l->vocab); }

/* How far two sets of logits are apart, of how far they are spread; a shift of all makes no difference. */
static double distance(const float *a, const float *b, int n) {
    double mean_a = 0, mean_b = 0, apart = 0, spread = 0;
    for (int i = 0; i < n; i++) {
        mean_a += (double)a[i] / n;
        mean_b += (double)b[i] / n;
    }
    for (int i = 0; i < n; i++) {
        double x = (double)a[i] - mean_a, y = (double)b[i] - mean_b;
        apart += (x - y) * (x - y);
        spread += x * x;
    }
    return spread > 0 ? sqrt(apart / spread) : apart > 0 ? INFINITY : 0;
}

static bool are_same(const jp_local *l, const float *by_id, const float *by_row) {
    static const double LEAST = 0.05; /* rounding is a tenth of it, what is lost is more */
    return distance(by_id, by_row, vocabulary(l)) < LEAST;
}

static void conclude(jp_local *l, bool differs) {
    l->probe.tried = true;
    l->probe.differs = differs;
    free(l->probe.logits);
    l->probe.logits = NULL;
    l->probe.n = 0;
}

static int refuse_rows(jopa_error *err) {
    return jp_fail(err, JOPA_ERROR_UNSUPPORTED,
                   "this model looks up more for a token than its embedding, which the operators zero and mean would "
                   "lose: use `operator` delete or token:TEXT");
}

bool jp_local_takes_rows(const jp_local *l) { return !l->probe.differs; }

/* ---- a few tokens both ways ----------------------------------------------------------------------------------- */

/* Logits after the tokens, fed as ids or as rows of embeddings. */
static int decode_tokens(jp_local *l, const int32_t *ids, float *rows, float *logits, jopa_error *err) {
    struct llama_batch batch = l->tokens;
    batch.n_tokens = TOKENS;
    for (int i = 0; i < TOKENS; i++) {
        batch.token[i] = ids[i];
        batch.pos[i] = i;
        batch.n_seq_id[i] = 1;
        batch.seq_id[i] = l->row_ids;
        batch.logits[i] = i == TOKENS - 1;
    }
    if (rows) {
        batch.token = NULL;
        batch.embd = rows;
    }
    int status = jp_local_compute(l, l->context, batch, 2, 2, err);
    if (!status) memcpy(logits, llama_get_logits_ith(l->context, TOKENS - 1), (size_t)vocabulary(l) * sizeof *logits);
    jp_local_clear_rows(l, 1);
    return status;
}

static int find_scale(jp_local *l, const int32_t *ids, float *rows, float *by_id, float *by_row, jopa_error *err) {
    int  status = decode_tokens(l, ids, NULL, by_id, err);
    bool same = false;
    for (int i = 0; i < SCALES && !same && !status; i++) {
        l->probe.scale = scale_at(l, i);
        status = jp_local_read_rows(l, ids, TOKENS, rows, err);
        if (!status) status = decode_tokens(l, ids, rows, by_row, err);
        same = !status && are_same(l, by_id, by_row);
    }
    if (!status) conclude(l, !same); /* what was cut short tells nothing */
    return status;
}

int jp_local_check_input(jp_local *l, const int32_t *symbols, int n, jopa_error *err) {
    if (l->probe.tried) return l->probe.differs ? refuse_rows(err) : JP_OK;
    int     found = 0;
    int32_t ids[TOKENS];
    for (int i = 0; i < n && found < TOKENS; i++)
        if (symbols[i] >= 0) ids[found++] = symbols[i];
    for (; found < TOKENS; found++) ids[found] = (int32_t)((found + 1) * (int64_t)vocabulary(l) / (TOKENS + 1));
    float *rows = malloc((size_t)TOKENS * (size_t)llama_model_n_embd_inp(l->model) * sizeof *rows),
          *logits = malloc(2 * (size_t)vocabulary(l) * sizeof *logits);
    int status = rows && logits ? find_scale(l, ids, rows, logits, logits + vocabulary(l), err) : jp_fail_memory(err);
    free(rows);
    free(logits);
    return status ? status : l->probe.differs ? refuse_rows(err) : JP_OK;
}

/* ---- the last token of the whole prompt ----------------------------------------------------------------------- */

void jp_local_note_whole(jp_local *l, const float *logits, int n) {
    size_t size = (size_t)vocabulary(l) * sizeof *logits;
    if (l->probe.tried) return;
    if (!l->probe.logits) l->probe.logits = malloc(size);
    l->probe.n = l->probe.logits ? n : 0;
    if (l->probe.n) memcpy(l->probe.logits, logits, size);
}

static void visit_last(void *user, int row, int t, const float *logits, int n_vocab) {
    (void)row, (void)t;
    memcpy(user, logits, (size_t)n_vocab * sizeof *logits);
}

static int find_scale_whole(jp_local *l, float *by_row, jopa_error *err) {
    int            n = l->probe.n, status = JP_OK;
    const int32_t *symbols = l->kept.symbols;
    jp_node        nodes[] = {{-1, 0, 1, 0, symbols, n - 1, 0}, {-1, 0, 1, n - 1, symbols + n - 1, 1, -1}};
    jp_tree        tree = {.nodes = nodes, .n_nodes = 2, .n_rows = 1, .row_prompt = &n, .last = 1};
    tree.visit = visit_last;
    tree.user = by_row;
    bool same = false;
    for (int i = 0; i < SCALES && !same && !status; i++) {
        jp_engine_cost unbilled = {0};
        l->probe.scale = scale_at(l, i);
        status = jp_local_decode_tree(l, &tree, true, &unbilled, err);
        jp_local_clear_rows(l, 1);
        same = !status && are_same(l, l->probe.logits, by_row);
    }
    if (!status) conclude(l, !same);
    return status;
}

static int try_whole(jp_local *l, jopa_error *err) {
    float *logits = malloc((size_t)vocabulary(l) * sizeof *logits);
    int    status = logits ? find_scale_whole(l, logits, err) : jp_fail_memory(err);
    free(logits);
    return status;
}

int jp_local_decode_rows(jp_local *l, const jp_tree *tree, jp_engine_cost *cost, jopa_error *err) {
    bool noted = !l->probe.tried && l->probe.n > 0 && l->kept.size[0] == l->probe.n;
    int  status = noted ? try_whole(l, err) : JP_OK;
    if (!status) status = jp_local_check_input(l, tree->nodes[0].symbols, tree->nodes[0].count, err);
    return status ? status : jp_local_decode_tree(l, tree, true, cost, err);
}
