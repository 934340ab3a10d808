#include "bench/records.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/excerpt.h"
#include "bench/lines.h"
#include "prompt/marks.h"
#include "result/json-read.h"
#include "report/report.h"

/* ---- reading ------------------------------------------------------------------------------------------------------
 */

static int add_record(jp_records *r, const json_t *bench, jopa_result **result, jopa_error *e) {
    const char *id = json_string_value(json_object_get(bench, "id")),
               *task = json_string_value(json_object_get(bench, "task"));
    const char *label = json_string_value(json_object_get(bench, "method"));
    if (!id || !task || !label)
        return jp_fail(e, JOPA_ERROR_INPUT, "\"bench\" with \"id\", \"task\" and \"method\" is missing");
    if (jp_records_have(r, id, label)) return JP_OK;
    if (r->n == r->capacity) {
        int        capacity = r->capacity ? 2 * r->capacity : 64;
        jp_record *items = realloc(r->items, (size_t)capacity * sizeof *items);
        if (!items) return jp_fail_memory(e);
        r->items = items;
        r->capacity = capacity;
    }
    jp_record  *made = &r->items[r->n++];
    const char *digest = json_string_value(json_object_get(bench, "prompt"));
    *made = (jp_record){strdup(id), strdup(task), strdup(label), digest ? strdup(digest) : NULL, *result};
    *result = NULL;
    return made->id && made->task && made->label && (made->digest || !digest) ? JP_OK : jp_fail_memory(e);
}

static bool is_header(const json_t *root) {
    const char *command = json_string_value(json_object_get(root, "command"));
    return command && !strcmp(command, "bench") && json_is_integer(json_object_get(root, "schema")) &&
           json_is_object(json_object_get(root, "settings"));
}

static int read_line_record(jp_records *r, const jp_line *line, jopa_error *e) {
    jopa_result *result = NULL;
    json_t      *root = json_loadb(line->start, line->size, 0, NULL);
    int          status = JP_OK;
    if (!r->settings) {
        if (is_header(root)) r->settings = json_incref(json_object_get(root, "settings"));
        else status = jp_fail(e, JOPA_ERROR_INPUT, "no line of settings");
    } else {
        status = root ? jp_json_read(&result, line->start, line->size, e) : jp_fail(e, JOPA_ERROR_INPUT, "no JSON");
        if (!status && result->n_items != 1) status = jp_fail(e, JOPA_ERROR_INPUT, "not the result of one method");
        if (!status) status = add_record(r, json_object_get(root, "bench"), &result, e);
        jopa_result_free(result);
    }
    json_decref(root);
    return status;
}

/* Skip `literal`, or as much of it as there is. False when something else stands there. */
static bool skip_literal(const char **at, size_t *left, const char *literal) {
    size_t size = strlen(literal) < *left ? strlen(literal) : *left;
    if (memcmp(*at, literal, size)) return false;
    *at += size;
    *left -= size;
    return true;
}

static const char HEADER_START[] = "{\"schema\": 1, \"version\": \"", HEADER_REST[] = "\", \"command\": \"bench\", ",
                  RECORD_START[] = "{\"bench\": {\"id\": ";

/* Whether what stands after the last newline is the part of a line of ours that a killed run left. A header's has to
 * be unmistakable: all of the file is cut off with it. */
static bool is_cut_line(const jp_records *r, const char *text, size_t size) {
    if (r->settings) return skip_literal(&text, &size, RECORD_START);
    if (size < strlen(HEADER_START) || !skip_literal(&text, &size, HEADER_START)) return false;
    while (size && *text != '"' && (unsigned char)*text >= ' ') {
        text++;
        size--;
    }
    return skip_literal(&text, &size, HEADER_REST);
}

static int read_all_records(jp_records *r, const jp_buffer *text, const char *file, jopa_error *e) {
    int status = JP_OK, number = 0;
    r->size = text->size;
    for (jp_line line = {0}; !status && jp_next_line(text, &line) && line.ended;) {
        jopa_error why = {0};
        number++;
        r->whole = line.next;
        status = line.blank ? JP_OK : read_line_record(r, &line, &why);
        if (status == JOPA_ERROR_MEMORY) jp_fail_memory(e);
        else if (status)
            jp_fail(e, status,
                    "'%s' line %d is no result of `jopa bench` (%s): delete the line, or choose another file", file,
                    number, jp_excerpt(why.message, 300).text);
    }
    if (status || r->whole == r->size || is_cut_line(r, text->data + r->whole, r->size - r->whole)) return status;
    return jp_fail(e, JOPA_ERROR_INPUT,
                   "'%s' is no file of results of `jopa bench` (line %d is none of its lines): choose another file",
                   file, number + 1);
}

int jp_records_read(jp_records *r, const char *file, jopa_error *e) {
    jp_buffer text = {0};
    *r = (jp_records){0};
    if (access(file, F_OK)) return JP_OK;
    int status = jp_read_file(file, &text, e);
    if (!status) status = read_all_records(r, &text, file, e);
    jp_buffer_free(&text);
    if (status) jp_records_free(r);
    return status;
}

void jp_records_free(jp_records *r) {
    for (int i = 0; i < r->n; i++) {
        free(r->items[i].id);
        free(r->items[i].task);
        free(r->items[i].label);
        free(r->items[i].digest);
        jopa_result_free(r->items[i].result);
    }
    free(r->items);
    json_decref(r->settings);
    *r = (jp_records){0};
}

bool jp_records_have(const jp_records *r, const char *id, const char *label) {
    for (int i = 0; i < r->n; i++)
        if (!strcmp(r->items[i].id, id) && !strcmp(r->items[i].label, label)) return true;
    return false;
}

/* Whether the case's prompt, as it was written or without its marks, stands in the prompt of the result. Templates may
 * take away the white space around it. */
static bool holds_prompt(const jp_explanation *x, const jp_case *c) {
    jp_marks    marks = {0};
    const char *text = c->prompt;
    if (x->unit && !strcmp(x->unit, "marked") && !jp_marks_parse(&marks, text, strlen(text), NULL)) text = marks.text;
    while (jp_ascii_is_space(*text)) text++;
    size_t size = strlen(text);
    while (size && jp_ascii_is_space(text[size - 1])) size--;
    bool found = memmem(x->prompt_text, strlen(x->prompt_text), text, size) != NULL;
    jp_marks_free(&marks);
    return found;
}

jp_id_use jp_records_use(const jp_records *r, const char *id, const jp_case *c) {
    jp_id_use use = JP_ID_FREE;
    for (int i = 0; i < r->n; i++) {
        const jp_record *known = &r->items[i];
        if (strcmp(known->id, id)) continue;
        if (known->digest) return strcmp(known->digest, c->digest) ? JP_ID_OTHER : JP_ID_SAME;
        if (!use) use = holds_prompt(&known->result->items[0], c) ? JP_ID_SAME : JP_ID_OTHER;
    }
    return use;
}

/* ---- writing -------------------------------------------------------------------------------------------------------
 */

/* A setting as text: so many digits as survive being written and read. */
static char *setting_text(const json_t *value) {
    return value ? json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(12)) : strdup("unknown");
}

static const json_t *setting_of(const json_t *settings, const json_t *defaults, const char *name) {
    const json_t *value = json_object_get(settings, name);
    return value ? value : json_object_get(defaults, name);
}

static int check_setting(const char *file, const char *name, const json_t *there, const json_t *wanted, jopa_error *e) {
    char *old = setting_text(there), *new = setting_text(wanted);
    int   status = old && new ? JP_OK : jp_fail_memory(e);
    if (!status && strcmp(old, new))
        status = jp_fail(e, JOPA_ERROR_USAGE, "'%s' holds results with %s %s, not %s: choose another file of results",
                         file, name, jp_excerpt(old, 80).text, jp_excerpt(new, 80).text);
    free(old);
    free(new);
    return status;
}

static int check_settings(const jp_records *r, const char *file, const json_t *settings, const json_t *defaults,
                          jopa_error *e) {
    const char *name;
    json_t     *value;
    int         status = JP_OK;
    json_object_foreach((json_t *)(uintptr_t)settings, name, value) {
        status = check_setting(file, name, setting_of(r->settings, defaults, name), value, e);
        if (status) return status;
    }
    json_object_foreach(r->settings, name, value) /* of a later version */
        if (!json_object_get(settings, name)) return jp_fail(
            e, JOPA_ERROR_USAGE,
            "'%s' holds results with a setting %s, which this version does not have: choose another file", file,
            jp_excerpt(name, 80).text);
    return JP_OK;
}

static int write_line(FILE *f, jp_buffer *line, jopa_error *e) {
    jp_buffer_text(line, "\n");
    if (line->failed) return jp_fail_memory(e);
    if (fwrite(line->data, 1, line->size, f) != line->size || fflush(f))
        return jp_fail(e, JOPA_ERROR_IO, "cannot write the results: %s", strerror(errno));
    return JP_OK;
}

static int write_header(FILE *f, const json_t *settings, jopa_error *e) {
    jp_buffer line = {0};
    char     *text = json_dumps(settings, JSON_REAL_PRECISION(12));
    jp_buffer_format(&line, "{\"schema\": 1, \"version\": \"%s\", \"command\": \"bench\", \"settings\": %s}",
                     JOPA_VERSION, text ? text : "");
    int status = text ? write_line(f, &line, e) : jp_fail_memory(e);
    free(text);
    jp_buffer_free(&line);
    return status;
}

/* Cut off what a killed run left of its last line, unless the file has changed since it was read. */
static int cut_off(FILE *f, const jp_records *r, const char *file, jopa_error *e) {
    struct stat now;
    if (r->whole == r->size) return JP_OK;
    if (fstat(fileno(f), &now)) return jp_fail(e, JOPA_ERROR_IO, "cannot write '%s': %s", file, strerror(errno));
    if ((uintmax_t)now.st_size != r->size)
        return jp_fail(e, JOPA_ERROR_IO, "'%s' is being written by another program", file);
    if (!ftruncate(fileno(f), (off_t)r->whole)) return JP_OK;
    return jp_fail(e, JOPA_ERROR_IO, "cannot write '%s': %s", file, strerror(errno));
}

int jp_records_open(FILE **out, const jp_records *r, const char *file, const json_t *settings, const json_t *defaults,
                    jopa_error *e) {
    int status = r->settings ? check_settings(r, file, settings, defaults, e) : JP_OK;
    if (status) return status;
    FILE *f = fopen(file, "ab");
    if (!f) return jp_fail(e, JOPA_ERROR_IO, "cannot write '%s': %s", file, strerror(errno));
    status = cut_off(f, r, file, e);
    if (!status && !r->settings) status = write_header(f, settings, e);
    if (status) fclose(f);
    else *out = f;
    return status;
}

static void put_text_record(jp_buffer *out, const char *before, const char *text) {
    json_t *value = json_string(text);
    char   *quoted = value ? json_dumps(value, JSON_ENCODE_ANY) : NULL;
    jp_buffer_text(out, before);
    if (quoted) jp_buffer_text(out, quoted);
    else out->failed = true;
    free(quoted);
    json_decref(value);
}

/* JSON without the newlines and indents between its values; strings hold none. */
static void put_on_one_line(jp_buffer *out, const char *json) {
    while (*json) {
        size_t size = strcspn(json, "\n");
        jp_buffer_bytes(out, json, size);
        json += size;
        json += strspn(json, "\n ");
    }
}

int jp_records_append(FILE *f, const jp_case *c, const char *label, jp_explanation *x, jopa_error *e) {
    struct jopa_result one = {.command = x->command, .items = x, .n_items = 1};
    jp_buffer          json = {0}, line = {0};
    int                status = jp_format_find("json")->write(&one, NULL, &json, e);
    if (!status) {
        put_text_record(&line, "{\"bench\": {\"id\": ", c->id);
        put_text_record(&line, ", \"task\": ", c->task);
        put_text_record(&line, ", \"method\": ", label);
        put_text_record(&line, ", \"prompt\": ", c->digest);
        jp_buffer_text(&line, "}, ");
        put_on_one_line(&line, json.data + strspn(json.data, "{\n "));
        status = write_line(f, &line, e);
    }
    jp_buffer_free(&json);
    jp_buffer_free(&line);
    return status;
}
