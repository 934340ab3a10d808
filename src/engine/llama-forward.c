#include "engine/llama-forward.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/gradient-shape.h"

enum { MAX_ROWS = 64, SLACK = 1024, CACHE_BYTES = 256 << 20, CACHE_CELLS = 8192 };

/* A symbol of the batch that has to be computed. */
typedef struct jp_forward_token {
    int32_t symbol;
    int     position;
    int     node, offset; /* of the prefix tree, and its place in there */
    bool    output;
} token;

/* Where a node of the batch ends in the prefix tree; `brief`: what follows an output is not kept. */
typedef struct jp_forward_end {
    int  node;
    bool brief;
} end;

/* ---- opening ---------------------------------------------------------------------------------------------------- */

static bool fast_type(const struct ggml_tensor *t) { return t && !ggml_is_quantized(t->type); }

static bool fast_weights(const struct jp_gradient *g) {
    bool fast = fast_type(g->output.w);
    for (int i = 0; i < g->shape.n_layer; i++) {
        const jp_gradient_layer *l = g->layers + i;
        fast = fast && fast_type(l->q.w) && fast_type(l->k.w) && fast_type(l->v.w) && fast_type(l->o.w) && fast_type(l->gate.w) &&
               fast_type(l->up.w) && fast_type(l->down.w);
    }
    return fast;
}

static int open_model(jp_forward *f, const char *file, int threads, jopa_error *err) {
    struct jp_gradient *g = &f->model;
    g->cpu = ggml_backend_cpu_init();
    g->allocator = ggml_gallocr_new(ggml_backend_cpu_buffer_type());
    if (!g->cpu || !g->allocator) return jp_fail_memory(err);
    ggml_backend_cpu_set_n_threads(g->cpu, threads);
    int status = jp_gradient_model_load(g, file, err);
    if (status) return status;
    if (!fast_weights(g) || g->shape.head_size % JP_KEY_BLOCK)
        return jp_fail(err, JOPA_ERROR_UNSUPPORTED, "the weights are quantized, or heads are no multiple of %d wide", JP_KEY_BLOCK);
    f->shape = (jp_attend_shape){g->shape.n_head, g->shape.n_head_kv, g->shape.head_size, 0};
    return jp_forward_graph_init(f, err);
}

int jp_forward_open(jp_forward **out, const char *file, int threads, jp_forward_rows *rows, void *user, jopa_error *err) {
    jp_forward *f = calloc(1, sizeof *f);
    if (!f) return jp_fail_memory(err);
    f->threads = threads;
    f->rows = rows;
    f->user = user;
    int status = open_model(f, file, threads, err);
    if (status) jp_forward_free(f);
    else *out = f;
    return status;
}

static void release_cells(jp_forward *f) {
    jp_prefix_tree_free(&f->tree);
    free(f->keys);
    free(f->values);
    free(f->scratch);
    f->keys = f->values = f->scratch = NULL;
    f->max_row = 0;
}

void jp_forward_free(jp_forward *f) {
    if (!f) return;
    release_cells(f);
    jp_gradient_model_free(&f->model);
    if (f->model.allocator) ggml_gallocr_free(f->model.allocator);
    if (f->model.cpu) ggml_backend_free(f->model.cpu);
    free(f->graph_memory);
    free(f->jobs);
    free(f->tokens);
    free(f->wants);
    free(f->picked);
    free(f->cells);
    free(f->ends);
    free(f->brief);
    free(f);
}

/* Cells: the retained row and a batch, or more where they are small: what is left over keeps old prefixes. */
static int cell_count(const jp_forward *f, int max_row) {
    const jp_gradient_shape *s = &f->model.shape;
    size_t                   one = (size_t)s->n_layer * (size_t)s->n_head_kv * (size_t)s->head_size * 2 * sizeof(float);
    size_t                   least = 2 * (size_t)max_row + SLACK, cache = CACHE_BYTES / one < CACHE_CELLS ? CACHE_BYTES / one : CACHE_CELLS;
    return (int)(((least > cache ? least : cache) + JP_KEY_BLOCK - 1) / JP_KEY_BLOCK * JP_KEY_BLOCK);
}

int jp_forward_reserve(jp_forward *f, int max_row, int *max_rows, int *max_tokens, jopa_error *err) {
    *max_rows = MAX_ROWS;
    *max_tokens = JP_FORWARD_PIECE;
    if (max_row <= f->max_row) return JP_OK;
    release_cells(f);
    f->shape.n_cells = cell_count(f, max_row);
    size_t all = (size_t)f->model.shape.n_layer * jp_attend_size(&f->shape);
    f->keys = calloc(all, sizeof *f->keys);
    f->values = calloc(all, sizeof *f->values);
    f->scratch = malloc((size_t)f->threads * jp_attend_scratch(&f->shape) * sizeof *f->scratch);
    if (!f->keys || !f->values || !f->scratch || jp_prefix_tree_init(&f->tree, f->shape.n_cells)) {
        release_cells(f);
        return jp_fail_memory(err);
    }
    f->max_row = max_row;
    return JP_OK;
}

/* ---- a batch: what has to be computed ------------------------------------------------------------------------- */

/* The array, moved where n fills its *capacity; NULL without memory: then it is as it was. */
static void *grown(void *array, int n, int *capacity, size_t size) {
    if (n < *capacity) return array;
    void *larger = realloc(array, (size_t)(2 * *capacity + 256) * size);
    if (larger) *capacity = 2 * *capacity + 256;
    return larger;
}

static bool add_want(jp_forward *f, int row, int t) {
    jp_forward_want *wants = grown(f->wants, f->n_wants, &f->wants_capacity, sizeof *wants);
    if (!wants) return false;
    f->wants = wants;
    f->wants[f->n_wants++] = (jp_forward_want){f->n_tokens, row, t};
    return true;
}

static bool add_brief(jp_forward *f, int tree_node) {
    int *brief = grown(f->brief, f->n_brief, &f->brief_capacity, sizeof *brief);
    if (!brief) return false;
    f->brief = brief;
    f->brief[f->n_brief++] = tree_node;
    return true;
}

/* Symbol `i` of the batch's node, at `offset` of the tree's. */
static bool add_token(jp_forward *f, const jp_batch *b, const jp_node *node, int i, int tree_node, int offset) {
    int    position = node->position + i, wants = f->n_wants;
    token *tokens = grown(f->tokens, f->n_tokens, &f->tokens_capacity, sizeof *tokens);
    if (!tokens) return false;
    f->tokens = tokens;
    for (int r = node->row_first; r < node->row_last; r++) {
        int t = position - (b->row_prompt[r] - 1);
        if (t >= b->target_first && t < b->target_last && !add_want(f, r, t)) return false;
    }
    f->tokens[f->n_tokens++] = (token){node->symbols[i], position, tree_node, offset, f->n_wants > wants};
    return true;
}

/* Add symbols [from, to) of a batch's node below *end, which moves on. JP_STOP: the cells do not suffice. */
static int add_symbols(jp_forward *f, const jp_batch *b, const jp_node *node, int from, int to, end *end, jopa_error *err) {
    while (from < to) {
        int added = jp_prefix_add(&f->tree, end->node, node->symbols + from, to - from, end->brief);
        if (added < 0) return JP_STOP;
        end->node = added;
        if (end->brief && !add_brief(f, added)) return jp_fail_memory(err);
        for (int i = 0; i < f->tree.nodes[added].count; i++)
            if (!add_token(f, b, node, from + i, added, i)) return jp_fail_memory(err);
        from += f->tree.nodes[added].count;
    }
    return JP_OK;
}

/* How many of the node's symbols come before all outputs: their keys and values may be known, or be kept. */
static int lasting(const jp_batch *b, const jp_node *node) {
    int count = node->count;
    for (int r = node->row_first; r < node->row_last; r++)
        if (b->row_prompt[r] - 1 - node->position < count) count = b->row_prompt[r] - 1 - node->position;
    return count > 0 ? count : 0;
}

static int add_node(jp_forward *f, const jp_batch *b, int index, jopa_error *err) {
    const jp_node *node = b->nodes + index;
    end           *end = f->ends + index;
    *end = node->parent < 0 ? (struct jp_forward_end){JP_PREFIX_ROOT, false} : f->ends[node->parent];
    int keep = end->brief ? 0 : lasting(b, node), known = 0;
    end->node = jp_prefix_follow(&f->tree, end->node, node->symbols, keep, &known);
    int status = add_symbols(f, b, node, known, keep, end, err);
    if (status || keep == node->count) return status;
    end->brief = true;
    return add_symbols(f, b, node, keep, node->count, end, err);
}

/* JP_STOP: the cells do not suffice. */
static int list_tokens(jp_forward *f, const jp_batch *b, jopa_error *err) {
    int status = JP_OK;
    f->n_tokens = f->n_wants = f->n_brief = 0;
    jp_prefix_begin(&f->tree);
    for (int i = 0; i < b->n_nodes && !status; i++) {
        end *ends = grown(f->ends, i, &f->ends_capacity, sizeof *ends);
        if (!ends) return jp_fail_memory(err);
        f->ends = ends;
        status = add_node(f, b, i, err);
    }
    return status;
}

/* ---- a piece of it ---------------------------------------------------------------------------------------------- */

static bool add_cells(jp_forward *f, int first, int last) {
    jp_cells *cells = grown(f->cells, f->n_cells, &f->cells_capacity, sizeof *cells);
    if (!cells) return false;
    f->cells = cells;
    f->cells[f->n_cells++] = (jp_cells){first, last};
    return true;
}

/* Append the cells on the path to `node` to f->cells; runs that follow each other become one. Returns the first cell of
 * the run that ends in `node`, which is not listed, or -1 without memory. */
static int list_path(jp_forward *f, int node) {
    const jp_prefix_node *nodes = f->tree.nodes;
    int                   first = f->n_cells, own = nodes[node].cell;
    for (int up = nodes[node].parent; up > JP_PREFIX_ROOT; up = nodes[up].parent) {
        int begin = nodes[up].cell, end = begin + nodes[up].count;
        if (f->n_cells == first && end == own) own = begin;
        else if (f->n_cells > first && end == f->cells[f->n_cells - 1].first) f->cells[f->n_cells - 1].first = begin;
        else if (!add_cells(f, begin, end)) return -1;
    }
    return own;
}

static float query_scale(const jp_gradient_shape *s, int position) {
    if (s->temperature == 0) return s->attention_scale;
    return s->attention_scale * (1 + s->temperature * logf(1 + floorf((float)position / (float)s->temperature_floor)));
}

static void add_output(jp_forward_piece *p, int i, bool starts) {
    const jp_attend_run *run = p->runs + p->n_runs - 1;
    if (starts) {
        p->out_runs[p->n_out_runs] = *run;
        p->out_runs[p->n_out_runs].query = p->n_out;
        p->out_runs[p->n_out_runs].cell = p->cell[i];
        p->out_runs[p->n_out_runs++].count = 0;
    }
    p->out_runs[p->n_out_runs - 1].count++;
    p->out[p->n_out] = i;
    p->out_position[p->n_out] = p->position[i];
    p->out_scale[p->n_out++] = p->scale[i];
}

/* Tokens [first, first + n) of the batch. */
static int fill_piece(jp_forward *f, const jp_batch *b, int first, int n, jopa_error *err) {
    jp_forward_piece *p = &f->piece;
    p->first = first;
    p->n = n;
    p->n_out = p->n_runs = p->n_out_runs = f->n_cells = 0;
    p->response = b->response;
    for (int i = 0; i < n; i++) {
        const token *t = f->tokens + first + i;
        bool         starts = i == 0 || t->node != t[-1].node;
        p->symbols[i] = t->symbol;
        p->position[i] = t->position;
        p->cell[i] = f->tree.nodes[t->node].cell + t->offset;
        p->scale[i] = query_scale(&f->model.shape, t->position);
        if (starts) {
            int before = f->n_cells, own = list_path(f, t->node);
            if (own < 0) return jp_fail_memory(err);
            p->runs[p->n_runs++] = (jp_attend_run){i, 0, p->cell[i], own, before, f->n_cells - before};
        }
        p->runs[p->n_runs - 1].count++;
        if (t->output) add_output(p, i, starts || !t[-1].output);
    }
    return JP_OK;
}

/* ---- score -------------------------------------------------------------------------------------------------------- */

/* The piece's log-probabilities, and its wants are done with. */
static void hand_out(jp_forward *f, const jp_batch *b, float *log_probs) {
    const jp_forward_piece *p = &f->piece;
    int                     width = b->target_last - b->target_first;
    for (int w = 0, o = 0; w < p->n_wants; w++) {
        const jp_forward_want *want = p->wants + w;
        while (p->first + p->out[o] < want->token) o++;
        log_probs[want->row * width + want->t - b->target_first] = (float)((double)p->picked[w] - p->log_sum[o]);
    }
}

static int run_pieces(jp_forward *f, const jp_batch *b, float *log_probs, jopa_error *err) {
    jp_forward_piece *p = &f->piece;
    int               status = JP_OK;
    float            *picked = realloc(f->picked, (size_t)(f->n_wants + 1) * sizeof *picked);
    if (!picked) return jp_fail_memory(err);
    f->picked = p->picked = picked;
    p->wants = f->wants;
    for (int first = 0, n; first < f->n_tokens && !status; first += n) {
        n = f->n_tokens - first < JP_FORWARD_PIECE ? f->n_tokens - first : JP_FORWARD_PIECE;
        for (p->n_wants = 0; p->wants + p->n_wants < f->wants + f->n_wants && p->wants[p->n_wants].token < first + n;) p->n_wants++;
        status = fill_piece(f, b, first, n, err);
        if (!status) status = jp_forward_run(f, err);
        if (!status) hand_out(f, b, log_probs);
        p->wants += p->n_wants;
    }
    return status;
}

int jp_forward_score(jp_forward *f, const jp_batch *b, float *log_probs, jp_engine_cost *cost, jopa_error *err) {
    int status = list_tokens(f, b, err);
    if (status == JP_STOP) { /* too much is pinned or followed: forget it */
        jp_prefix_tree_clear(&f->tree);
        status = list_tokens(f, b, err);
        if (status == JP_STOP) status = jp_fail(err, JOPA_ERROR_MODEL, "the batch does not fit the room reserved for it");
    }
    if (!status) status = run_pieces(f, b, log_probs, err);
    if (status) {
        jp_prefix_tree_clear(&f->tree); /* its new cells hold nothing */
        return status;
    }
    if (b->retain) jp_prefix_pin(&f->tree, f->ends[b->n_nodes - 1].node);
    while (f->n_brief) jp_prefix_remove(&f->tree, f->brief[--f->n_brief]);
    cost->decoded_tokens += f->n_tokens;
    return JP_OK;
}
