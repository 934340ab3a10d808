#include "result/triggers.h"

#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"

typedef struct {
    jp_trigger_count *at;
    int              *last; /* the last question that counted it */
    int               n, capacity;
} table;

static bool is_space(char c) { return strchr(" \t\r\n", c) && c; }
static bool is_edge(char c) { return is_space(c) || jp_ascii_is_punct(c); }

/* malloc'd normal form, NULL without memory */
static char *normal(const char *text) {
    size_t end = strlen(text), size = 0;
    while (*text && is_edge(*text)) {
        text++;
        end--;
    }
    while (end && is_edge(text[end - 1])) end--;
    char *out = malloc(end + 1);
    if (!out) return NULL;
    for (size_t i = 0; i < end; i++) {
        if (is_space(text[i]) && is_space(text[i + 1])) continue;
        char c = is_space(text[i]) ? ' ' : text[i];
        out[size++] = jp_ascii_lower(c);
    }
    out[size] = '\0';
    return out;
}

static bool grow_trigger(table *t) {
    if (t->n < t->capacity) return true;
    int               capacity = t->capacity ? 2 * t->capacity : 64;
    jp_trigger_count *at = realloc(t->at, (size_t)capacity * sizeof *at);
    if (at) t->at = at;
    int *last = realloc(t->last, (size_t)capacity * sizeof *last);
    if (last) t->last = last;
    if (!at || !last) return false;
    t->capacity = capacity;
    return true;
}

static int add_trigger(table *t, const char *text, bool word, int question, jopa_error *e) {
    char *form = normal(text);
    if (!form) return jp_fail_memory(e);
    int i = 0;
    while (i < t->n && (t->at[i].word != word || strcmp(t->at[i].text, form))) i++;
    if (i == t->n && *form) {
        if (!grow_trigger(t)) {
            free(form);
            return jp_fail_memory(e);
        }
        t->at[t->n] = (jp_trigger_count){form, word, 0};
        t->last[t->n++] = -1;
        form = NULL;
    }
    if (i < t->n && t->last[i] != question) {
        t->at[i].questions++;
        t->last[i] = question;
    }
    free(form);
    return JP_OK;
}

/* Insertion sort: stable, and the list is short. */
static void sort(table *t) {
    for (int i = 1; i < t->n; i++) {
        jp_trigger_count one = t->at[i];
        int              j = i;
        for (; j > 0 && t->at[j - 1].questions < one.questions; j--) t->at[j] = t->at[j - 1];
        t->at[j] = one;
    }
}

int jp_triggers_count(const jopa_result *r, jp_trigger_count **out, int *n, jopa_error *e) {
    table t = {0};
    int   status = JP_OK;
    for (int i = 0; i < r->n_items; i++) {
        const jp_result_audit *a = &r->items[i].audit;
        if (!a->present || !a->reached) continue;
        for (int j = 0; j < a->n_sentences && !status; j++) status = add_trigger(&t, a->sentences[j].text, false, i, e);
        for (int j = 0; j < a->n_words && !status; j++) status = add_trigger(&t, a->words[j].text, true, i, e);
    }
    free(t.last);
    if (status) {
        jp_triggers_free(t.at, t.n);
        return status;
    }
    sort(&t);
    *out = t.at;
    *n = t.n;
    return JP_OK;
}

void jp_triggers_free(jp_trigger_count *t, int n) {
    for (int i = 0; i < n; i++) free(t[i].text);
    free(t);
}
