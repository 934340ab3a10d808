#include "bench/records.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/excerpt.h"
#include "bench/lines.h"
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
    jp_record *made = &r->items[r->n++];
    *made = (jp_record){strdup(id), strdup(task), strdup(label), *result};
    *result = NULL;
    return made->id && made->task && made->label ? JP_OK : jp_fail_memory(e);
}

static int read_line_record(jp_records *r, const jp_line *line, jopa_error *e) {
    jopa_result *result = NULL;
    json_t      *root = json_loadb(line->start, line->size, 0, NULL), *settings = json_object_get(root, "settings");
    int          status = JP_OK;
    if (!r->settings && settings) {
        r->settings = json_incref(settings);
    } else {
        status = root ? jp_json_read(&result, line->start, line->size, e) : jp_fail(e, JOPA_ERROR_INPUT, "no JSON");
        if (!status && result->n_items != 1) status = jp_fail(e, JOPA_ERROR_INPUT, "not the result of one method");
        if (!status) status = add_record(r, json_object_get(root, "bench"), &result, e);
        jopa_result_free(result);
    }
    json_decref(root);
    return status;
}

int jp_records_read(jp_records *r, const char *file, jopa_error *e) {
    jp_buffer text = {0};
    *r = (jp_records){0};
    if (access(file, F_OK)) return JP_OK;
    int status = jp_read_file(file, &text, e), number = 0;
    for (jp_line line = {0}; !status && jp_next_line(&text, &line) && line.ended;) {
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
    if (!status && r->n && !r->settings)
        status = jp_fail(e, JOPA_ERROR_INPUT, "'%s' has no line of settings: choose another file", file);
    jp_buffer_free(&text);
    if (status) jp_records_free(r);
    return status;
}

void jp_records_free(jp_records *r) {
    for (int i = 0; i < r->n; i++) {
        free(r->items[i].id);
        free(r->items[i].task);
        free(r->items[i].label);
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

/* ---- writing -------------------------------------------------------------------------------------------------------
 */

/* A setting as text: so many digits as survive being written and read. */
static char *setting_text(const json_t *value) {
    return value ? json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(12)) : strdup("unknown");
}

static int check_settings(const jp_records *r, const char *file, const json_t *settings, jopa_error *e) {
    const char *name;
    json_t     *wanted;
    int         status = JP_OK;
    json_object_foreach((json_t *)(uintptr_t)settings, name, wanted) {
        char *old = setting_text(json_object_get(r->settings, name)), *new = setting_text(wanted);
        if (!old || !new) status = jp_fail_memory(e);
        else if (strcmp(old, new))
            status =
                jp_fail(e, JOPA_ERROR_USAGE, "'%s' holds results with %s %s, not %s: choose another file of results",
                        file, name, jp_excerpt(old, 80).text, jp_excerpt(new, 80).text);
        free(old);
        free(new);
        if (status) break;
    }
    return status;
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

int jp_records_open(FILE **out, const jp_records *r, const char *file, const json_t *settings, jopa_error *e) {
    int status = r->settings ? check_settings(r, file, settings, e) : JP_OK;
    if (status) return status;
    FILE *f = fopen(file, "ab");
    if (!f || (r->settings && ftruncate(fileno(f), (off_t)r->whole))) {
        status = jp_fail(e, JOPA_ERROR_IO, "cannot write '%s': %s", file, strerror(errno));
        if (f) fclose(f);
        return status;
    }
    if (!r->settings) {
        status = ftruncate(fileno(f), 0) ? jp_fail(e, JOPA_ERROR_IO, "cannot write '%s': %s", file, strerror(errno))
                                         : write_header(f, settings, e);
        if (status) return fclose(f), status;
    }
    *out = f;
    return JP_OK;
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

int jp_records_append(FILE *f, const char *id, const char *task, const char *label, jp_explanation *x, jopa_error *e) {
    struct jopa_result one = {.command = x->command, .items = x, .n_items = 1};
    jp_buffer          json = {0}, line = {0};
    int                status = jp_format_find("json")->write(&one, NULL, &json, e);
    if (!status) {
        put_text_record(&line, "{\"bench\": {\"id\": ", id);
        put_text_record(&line, ", \"task\": ", task);
        put_text_record(&line, ", \"method\": ", label);
        jp_buffer_text(&line, "}, ");
        put_on_one_line(&line, json.data + strspn(json.data, "{\n "));
        status = write_line(f, &line, e);
    }
    jp_buffer_free(&json);
    jp_buffer_free(&line);
    return status;
}
