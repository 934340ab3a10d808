#include "data.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "file.h"
#include "messages.h"
#include "say.h"

struct data {
    const char   *path;
    char         *text, *at; /* `at`: the next line, NULL past the end */
    int           line;
    json_t       *json; /* of the line in hand */
    jopa_message *messages;
    char          id[32];
};

static void forget_line(data *d) {
    messages_free(d->messages, NULL);
    json_decref(d->json);
    d->messages = NULL;
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

/* A member that is a string; *out stays NULL where it is missing. */
static bool text_member(const data *d, const char *name, const char **out) {
    const json_t *value = json_object_get(d->json, name);
    *out = json_string_value(value);
    return !value || *out;
}

static int read_chat(data *d, jopa_explain_options *x) {
    const json_t *chat = json_object_get(d->json, "messages");
    char          where[300];
    if (!x->prompt == !chat) return wrong_data(d, "either \"prompt\" or \"messages\" is needed");
    if (!chat) return 1;
    if (x->system) return wrong_data(d, "\"messages\" hold the system's text themselves: leave \"system\" out");
    snprintf(where, sizeof where, "'%s', line %d", d->path, d->line);
    if (messages_from(chat, where, &d->messages, &x->n_messages) >= 0) return -1;
    x->messages = d->messages;
    return 1;
}

int data_next(data *d, jopa_explain_options *x, const char **id) {
    json_error_t why;
    forget_line(d);
    char *line = next_line(d);
    if (!line) return 0;
    d->json = json_loads(line, 0, &why);
    if (!json_is_object(d->json)) return wrong_data(d, d->json ? "not a JSON object" : why.text);
    x->messages = NULL;
    x->n_messages = 0;
    if (!text_member(d, "prompt", &x->prompt) || !text_member(d, "system", &x->system) ||
        !text_member(d, "response", &x->response) || !text_member(d, "id", id))
        return wrong_data(d, "\"prompt\", \"system\", \"response\" and \"id\" are strings");
    snprintf(d->id, sizeof d->id, "line %d", d->line);
    if (!*id) *id = d->id;
    return read_chat(d, x);
}
