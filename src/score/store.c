#include "score/store.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "score/cache.h"

struct jp_store {
    jp_cache place; /* where each set's log-probabilities are */
    int      n_response, count, capacity;
    double   noise;
    float   *log_probs; /* [capacity * n_response] */

    int32_t  *tokens; /* [n_tokens] of another answer's store: what it is, */
    int       n_tokens, first;
    jp_store *next; /* and the one after it; of the response's store: the first of these */
};

int jp_store_new(jp_store **out, int n_units, int n_response, jopa_error *e) {
    jp_store *s = calloc(1, sizeof *s);
    if (!s) return jp_fail_memory(e);
    jp_cache_init(&s->place, n_units);
    s->n_response = n_response;
    s->noise = NAN;
    *out = s;
    return JP_OK;
}

void jp_store_free(jp_store *s) {
    if (!s) return;
    while (s->next) {
        jp_store *other = s->next;
        s->next = other->next;
        other->next = NULL;
        jp_store_free(other);
    }
    jp_cache_free(&s->place);
    free(s->log_probs);
    free(s->tokens);
    free(s);
}

static float *at_place(const jp_store *s, double place) { return s->log_probs + (size_t)place * (size_t)s->n_response; }

double jp_store_noise(const jp_store *s) { return s->noise; }
void   jp_store_set_noise(jp_store *s, double noise) { s->noise = noise; }

const float *jp_store_find(const jp_store *s, const jp_bitset *mask) {
    double place;
    return jp_cache_get(&s->place, mask, &place) ? at_place(s, place) : NULL;
}

static int grow_store(jp_store *s, jopa_error *e) {
    if (s->count < s->capacity) return JP_OK;
    int    capacity = s->capacity ? 2 * s->capacity : 64;
    float *larger = realloc(s->log_probs, (size_t)capacity * (size_t)s->n_response * sizeof *larger);
    if (!larger) return jp_fail_memory(e);
    s->log_probs = larger;
    s->capacity = capacity;
    return JP_OK;
}

int jp_store_add(jp_store *s, const jp_bitset *mask, const float *log_probs, jopa_error *e) {
    double place = s->count;
    bool   known = jp_cache_get(&s->place, mask, &place);
    int    status = known ? JP_OK : grow_store(s, e);
    if (!status && !known) status = jp_cache_put(&s->place, mask, place) ? jp_fail_memory(e) : JP_OK;
    if (status) return status;
    s->count += !known;
    memcpy(at_place(s, place), log_probs, (size_t)s->n_response * sizeof *log_probs);
    return JP_OK;
}

bool jp_store_next(const jp_store *s, int *at, jp_bitset *mask, const float **log_probs) {
    double place;
    if (!jp_cache_next(&s->place, at, mask, &place)) return false;
    *log_probs = at_place(s, place);
    return true;
}

int jp_store_count(const jp_store *s) { return s->count; }

int jp_store_of_other(jp_store *s, const int32_t *tokens, int n, int first, jp_store **out, jopa_error *e) {
    size_t size = (size_t)n * sizeof *tokens;
    for (jp_store *o = s->next; o; o = o->next)
        if (o->n_tokens == n && o->first == first && !memcmp(o->tokens, tokens, size)) return *out = o, JP_OK;
    jp_store *made = NULL;
    int       status = jp_store_new(&made, s->place.n, n - first, e);
    if (status) return status;
    made->tokens = malloc(size);
    if (!made->tokens) {
        jp_store_free(made);
        return jp_fail_memory(e);
    }
    memcpy(made->tokens, tokens, size);
    made->n_tokens = n;
    made->first = first;
    made->next = s->next;
    s->next = made;
    *out = made;
    return JP_OK;
}
