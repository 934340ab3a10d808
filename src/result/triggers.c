#include "result/triggers.h"

#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"

typedef struct {
    jp_trigger_count *at;
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
    if (!at) return false;
    t->at = at;
    t->capacity = capacity;
    return true;
}

/* Takes `text`, also when it fails. */
static int append_trigger(table *t, char *text, const char *unit, bool word, jopa_error *e) {
    char *copy = strdup(unit);
    if (!text || !copy || !grow_trigger(t)) {
        free(text);
        free(copy);
        return jp_fail_memory(e);
    }
    t->at[t->n] = (jp_trigger_count){.text = text, .unit = copy, .word = word, .first = t->n, .last = -1};
    t->n++;
    return JP_OK;
}

static int add_trigger(table *t, const char *text, const char *unit, bool word, int question, jopa_error *e) {
    char *form = normal(text);
    int   i = 0, status = JP_OK;
    if (!form) return jp_fail_memory(e);
    while (i < t->n && (t->at[i].word != word || strcmp(t->at[i].text, form))) i++;
    if (i == t->n && *form) status = append_trigger(t, form, unit, word, e);
    else free(form);
    if (!status && i < t->n && t->at[i].last != question) {
        t->at[i].questions++;
        t->at[i].last = question;
    }
    return status;
}

static int add_audit(table *t, const jopa_result *r, int question, jopa_error *e) {
    const jp_result_audit *a = &r->items[question].audit;
    const char            *unit = r->items[0].unit ? r->items[0].unit : "unit";
    int                    status = JP_OK;
    if (!a->present || !a->reached) return JP_OK;
    for (int i = 0; i < a->n_sentences && !status; i++)
        status = add_trigger(t, a->sentences[i].text, unit, false, question, e);
    for (int i = 0; i < a->n_words && !status; i++)
        status = add_trigger(t, a->words[i].text, "word", true, question, e);
    return status;
}

static int copy_triggers(table *t, const jopa_result *r, jopa_error *e) {
    int status = grow_trigger(t) ? JP_OK : jp_fail_memory(e);
    for (int i = 0; i < r->n_triggers && !status; i++) {
        const jp_trigger_count *from = &r->triggers[i];
        status = append_trigger(t, strdup(from->text), from->unit, from->word, e);
        if (status) break;
        t->at[i].questions = from->questions;
        t->at[i].first = from->first;
        t->at[i].last = from->last;
    }
    return status;
}

static bool comes_before(const jp_trigger_count *a, const jp_trigger_count *b) {
    return a->questions != b->questions ? a->questions > b->questions : a->first < b->first;
}

/* Insertion sort: the list is short and nearly sorted. */
static void sort_triggers(table *t) {
    for (int i = 1; i < t->n; i++) {
        jp_trigger_count one = t->at[i];
        int              j = i;
        for (; j > 0 && comes_before(&one, &t->at[j - 1]); j--) t->at[j] = t->at[j - 1];
        t->at[j] = one;
    }
}

int jp_triggers_count(struct jopa_result *r, int n, jopa_error *e) {
    table t = {0};
    int   status = copy_triggers(&t, r, e);
    for (int i = r->triggers ? r->n_items : 0; i < n && !status; i++) status = add_audit(&t, r, i, e);
    if (status) {
        jp_triggers_free(t.at, t.n);
        return status;
    }
    sort_triggers(&t);
    jp_triggers_free(r->triggers, r->n_triggers);
    r->triggers = t.at;
    r->n_triggers = t.n;
    return JP_OK;
}

void jp_triggers_free(jp_trigger_count *t, int n) {
    for (int i = 0; i < n; i++) {
        free(t[i].text);
        free(t[i].unit);
    }
    free(t);
}
