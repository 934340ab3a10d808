#include "data.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "file.h"
#include "json-problem.h"
#include "messages.h"
#include "say.h"

struct data {
    const char *path;
    char       *text, *at; /* `at`: the next line, NULL past the end */
    int         line;
    json_t     *json; /* of the line in hand */
    char        id[32];
};

static void forget_line(data *d) {
    json_decref(d->json);
    d->json = NULL;
}

int data_open(data **out, const char *path) {
    data *d = calloc(1, sizeof *d);
    if (!d) return say(EXIT_FAILED, "out of memory");
    d->path = path;
    d->text = d->at = file_read(path, NULL);
    if (!d->text) {
        free(d);
        return EXIT_FAILED;
    }
    *out = d;
    return -1;
}

void data_close(data *d) {
    if (!d) return;
    forget_line(d);
    free(d->text);
    free(d);
}

/* The next line that is not blank, NULL at the end. */
static char *next_line(data *d) {
    while (d->at) {
        char *line = d->at, *end = strchr(line, '\n');
        d->at = end ? end + 1 : NULL;
        if (end) *end = '\0';
        d->line++;
        if (line[strspn(line, " \t\r")]) return line;
    }
    return NULL;
}

static int wrong_data(const data *d, const char *what) {
    say(0, "'%s', line %d: %s", d->path, d->line, what);
    return -1;
}

int data_line(const data *d) { return d->line; }

/* A member that is a string; *out stays NULL where it is missing or null. */
static bool text_member(const data *d, const char *name, const char **out) {
    const json_t *value = json_object_get(d->json, name);
    *out = json_string_value(value);
    return !value || json_is_null(value) || *out;
}

/* The id, a string or a number; the line where it has none. */
static bool read_id(data *d, const char **out) {
    const json_t *value = json_object_get(d->json, "id");
    snprintf(d->id, sizeof d->id, "line %d", d->line);
    *out = d->id;
    if (json_is_string(value)) *out = json_string_value(value);
    else if (json_is_integer(value)) snprintf(d->id, sizeof d->id, "%lld", (long long)json_integer_value(value));
    else if (json_is_real(value)) snprintf(d->id, sizeof d->id, "%.12g", json_real_value(value));
    else return !value || json_is_null(value);
    return true;
}

typedef struct {
    const char *prompt, *system, *response, *id;
} line_texts;

static int read_texts(data *d, line_texts *x) {
    if (!text_member(d, "prompt", &x->prompt) || !text_member(d, "system", &x->system) ||
        !text_member(d, "response", &x->response))
        return wrong_data(d, "\"prompt\", \"system\" and \"response\" are strings");
    if (!read_id(d, &x->id)) return wrong_data(d, "\"id\" is a string or a number");
    const json_t *chat = json_object_get(d->json, "messages");
    if (json_is_null(chat)) chat = NULL;
    if (!x->prompt == !chat) return wrong_data(d, "either \"prompt\" or \"messages\" is needed");
    if (chat && x->system) return wrong_data(d, "\"messages\" hold the system's text themselves: leave \"system\" out");
    return 1;
}

static int set_texts(const line_texts *x, jopa_options *o, jopa_error *e) {
    int status = jopa_options_set(o, "id", x->id, e);
    if (!status) status = jopa_options_set(o, "prompt", x->prompt, e);
    if (!status) status = jopa_options_set(o, "system", x->system, e);
    return status ? status : jopa_options_set(o, "response", x->response, e);
}

/* The documents of a line, beside those of all lines; other commands than cite leave them out. */
static int set_line_documents(const data *d, jopa_options *o, jopa_error *e) {
    const json_t *documents = json_object_get(d->json, "documents");
    if (!documents || json_is_null(documents)) return 0;
    char *text = json_dumps(documents, JSON_COMPACT | JSON_ENCODE_ANY);
    int   status = text ? jopa_options_set(o, "documents", text, e) : JOPA_ERROR_MEMORY;
    free(text);
    return status == JOPA_ERROR_USAGE ? 0 : status;
}

/* 1: the chat is in `o`. */
static int add_chat(data *d, jopa_options *o) {
    const json_t *chat = json_object_get(d->json, "messages");
    char          where[300];
    snprintf(where, sizeof where, "'%s', line %d", d->path, d->line);
    return !chat || json_is_null(chat) || messages_add(chat, where, o) < 0 ? 1 : -1;
}

int data_next(data *d, const jopa_options *asked, jopa_options **out) {
    json_error_t why;
    jopa_error   e = {0};
    line_texts   texts = {0};
    forget_line(d);
    char *line = next_line(d);
    if (!line) return 0;
    d->json = json_loads(line, 0, &why);
    if (!json_is_object(d->json)) return wrong_data(d, d->json ? "not a JSON object" : json_problem(&why));
    if (read_texts(d, &texts) < 0) return -1;
    if (jopa_options_copy(out, asked, &e) || set_texts(&texts, *out, &e)) return say_error(&e), -1;
    if (set_line_documents(d, *out, &e)) return say_error(&e), -1;
    return add_chat(d, *out);
}
