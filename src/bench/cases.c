#include "bench/cases.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/excerpt.h"
#include "base/json-problem.h"
#include "base/utf8.h"
#include "bench/case-names.h"
#include "bench/lines.h"

void jp_source_note(const jp_source *s, int place, const char *what) {
    char line[900];
    jp_one_line(line, sizeof line, s->array ? "%s: element %d: %s" : "%s:%d: %s", s->file, place, what);
    if (s->warn->line) s->warn->line(s->warn->user, line);
}

void jp_source_warn(const jp_source *s, int place, const char *what) {
    char line[900];
    jp_one_line(line, sizeof line, s->array ? "%s: element %d left out: %s" : "%s:%d: left out: %s", s->file, place,
                what);
    if (s->warn->line) s->warn->line(s->warn->user, line);
}

/* ---- one case ---------------------------------------------------------------------------------------------------- */

void jp_case_free(jp_case *c) {
    char *const texts[] = {c->id, c->task, c->prompt, c->system, c->response};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) free(texts[i]);
}

/* The string `key` of an object, NULL when absent or null; *wrong is set when it is something else. */
static const char *text_of(const json_t *object, const char *key, const char **wrong) {
    const json_t *value = json_object_get(object, key);
    if (!value || json_is_null(value)) return NULL;
    if (!json_is_string(value)) *wrong = key;
    return json_string_value(value);
}

/* `prompt`, or `instruction` and, after a blank line, `input`; malloc'd, NULL without memory. */
static char *prompt_of(const json_t *object, const char **wrong) {
    jp_buffer   text = {0};
    const char *prompt = text_of(object, "prompt", wrong), *input = text_of(object, "input", wrong);
    if (!prompt) {
        prompt = text_of(object, "instruction", wrong);
        if (prompt && input && *input) {
            jp_buffer_format(&text, "%s\n\n%s", prompt, input);
            return jp_buffer_take(&text, NULL);
        }
    }
    jp_buffer_text(&text, prompt ? prompt : "");
    return jp_buffer_take(&text, NULL);
}

static char *copy_value(const char *text, bool *short_of_memory) {
    char *out = text ? strdup(text) : NULL;
    if (text && !out) *short_of_memory = true;
    return out;
}

/* The id, a string or a number, malloc'd; NULL: none, or short of memory. */
static char *id_of(const json_t *object, const char **wrong, bool *short_of_memory) {
    const json_t *value = json_object_get(object, "id");
    jp_buffer     text = {0};
    if (json_is_integer(value)) jp_buffer_format(&text, "%lld", (long long)json_integer_value(value));
    else if (json_is_real(value)) jp_buffer_format(&text, "%.12g", json_real_value(value));
    else return copy_value(text_of(object, "id", wrong), short_of_memory);
    char *out = jp_buffer_take(&text, NULL);
    if (!out) *short_of_memory = true;
    return out;
}

/* FNV-1a, 64 bits, of the texts with a NUL after each. */
static void digest_texts(const char *const *texts, int n, char out[JP_DIGEST_SIZE]) {
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (int i = 0; i < n; i++) {
        const char *at = texts[i] ? texts[i] : "";
        do h = (h ^ (unsigned char)*at) * UINT64_C(0x100000001b3);
        while (*at++);
    }
    snprintf(out, JP_DIGEST_SIZE, "%016llx", (unsigned long long)h);
}

static int make_case(jp_case *out, const json_t *object, int place, const char **wrong, jopa_error *e) {
    bool        failed = false;
    const char *response = text_of(object, "response", wrong);
    *out = (jp_case){.id = id_of(object, wrong, &failed),
                     .task = copy_value(text_of(object, "task", wrong), &failed),
                     .prompt = prompt_of(object, wrong),
                     .system = copy_value(text_of(object, "system", wrong), &failed),
                     .response = copy_value(response && *response ? response : NULL, &failed),
                     .place = place};
    if (failed || !out->prompt) return jp_fail_memory(e);
    digest_texts((const char *const[]){out->prompt, out->system, out->response}, 3, out->digest);
    return JP_OK;
}

static int grow_case(jp_cases *c, jopa_error *e) {
    if (c->n < c->capacity) return JP_OK;
    int      capacity = c->capacity ? 2 * c->capacity : 64;
    jp_case *items = realloc(c->items, (size_t)capacity * sizeof *items);
    if (!items) return jp_fail_memory(e);
    c->items = items;
    c->capacity = capacity;
    return JP_OK;
}

static int add_case(jp_cases *c, const json_t *object, const jp_source *s, int place, jopa_error *e) {
    char        what[512];
    const char *wrong = NULL;
    if (!json_is_object(object)) return jp_source_warn(s, place, "not a JSON object"), JP_OK;
    int status = grow_case(c, e);
    if (status) return status;
    jp_case *made = &c->items[c->n];
    status = make_case(made, object, place, &wrong, e);
    if (status) return jp_case_free(made), status;
    if (wrong)
        jp_one_line(what, sizeof what, strcmp(wrong, "id") ? "\"%s\" is not a string" : "\"%s\" is no string or number",
                    wrong);
    else if (!*made->prompt) jp_one_line(what, sizeof what, "neither \"prompt\" nor \"instruction\" has text");
    else return c->n++, JP_OK;
    jp_source_warn(s, place, what);
    jp_case_free(made);
    return JP_OK;
}

/* ---- files ------------------------------------------------------------------------------------------------------- */

static int read_array(jp_cases *c, const jp_buffer *text, const jp_source *s, jopa_error *e) {
    json_error_t problem;
    size_t       mark = jp_utf8_mark(text->data, text->size);
    json_t      *root = json_loadb(text->data + mark, text->size - mark, 0, &problem);
    if (!root)
        return jp_fail(e, JOPA_ERROR_INPUT, "'%s' begins like a JSON array but is none (line %d): %s", s->file,
                       problem.line, jp_json_problem(&problem));
    int status = JP_OK;
    for (size_t i = 0; i < json_array_size(root) && !status; i++)
        status = add_case(c, json_array_get(root, i), s, (int)i + 1, e);
    json_decref(root);
    return status;
}

static int read_lines(jp_cases *c, const jp_buffer *text, const jp_source *s, jopa_error *e) {
    int status = JP_OK, number = 0;
    for (jp_line line = {0}; jp_next_line(text, &line) && !status;) {
        char         what[512];
        json_error_t problem;
        number++;
        if (line.blank) continue;
        json_t *object = json_loadb(line.start, line.size, 0, &problem);
        if (object) {
            status = add_case(c, object, s, number, e);
        } else {
            jp_one_line(what, sizeof what, "no JSON (column %d): %s", problem.column,
                        jp_excerpt(jp_json_problem(&problem), 140).text);
            jp_source_warn(s, number, what);
        }
        json_decref(object);
    }
    return status;
}

int jp_cases_read(jp_cases *c, const char *file, const jp_known_ids *known, const jp_warnings *warn, jopa_error *e) {
    jp_source   s = {.file = file, .warn = warn};
    jp_buffer   text = {0};
    int         before = c->n, status = jp_read_file(file, &text, e);
    const char *first = text.data ? text.data + jp_utf8_mark(text.data, text.size) : "";
    s.array = first[strspn(first, " \t\r\n")] == '[';
    if (!status) status = s.array ? read_array(c, &text, &s, e) : read_lines(c, &text, &s, e);
    jp_buffer_free(&text);
    if (!status) status = jp_cases_name(c, before, &s, known, e);
    if (!status && c->n == before)
        status = jp_fail(e, JOPA_ERROR_INPUT,
                         "'%s' holds no prompt that can be used: JSON Lines with \"prompt\" are needed", file);
    return status;
}

/* ---- selection -----------------------------------------------------------------------------------------------------
 */

/* How many cases of the task there are, and how many of them before case `at`. */
static long count_task(const jp_cases *c, int at, long *before) {
    long n = 0;
    for (int i = 0; i < c->n; i++) {
        if (strcmp(c->items[i].task, c->items[at].task)) continue;
        if (i == at) *before = n;
        n++;
    }
    return n;
}

int jp_cases_thin(jp_cases *c, int per_task, jopa_error *e) {
    if (per_task <= 0) return JP_OK;
    bool *keep = calloc((size_t)c->n + 1, sizeof *keep);
    if (!keep) return jp_fail_memory(e);
    for (int i = 0; i < c->n;
         i++) { /* of n cases, those at whose rank the share r * per_task / n passes a whole number */
        long rank = 0, n = count_task(c, i, &rank);
        keep[i] = n <= per_task || (rank + 1) * per_task / n > rank * per_task / n;
    }
    int kept = 0;
    for (int i = 0; i < c->n; i++) {
        if (keep[i]) c->items[kept++] = c->items[i];
        else jp_case_free(&c->items[i]);
    }
    c->n = kept;
    free(keep);
    return JP_OK;
}

void jp_cases_free(jp_cases *c) {
    for (int i = 0; i < c->n; i++) jp_case_free(&c->items[i]);
    free(c->items);
    *c = (jp_cases){0};
}
