#include "question/like.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* ---- noting ------------------------------------------------------------------------------------------------------ */

static int add_note(jp_explanation *x, const char *name, const char *value, jopa_error *e) {
    jp_result_option *options = realloc(x->options, (size_t)(x->n_options + 1) * sizeof *options);
    if (!options) return jp_fail_memory(e);
    x->options = options;
    jp_result_option *o = &options[x->n_options];
    *o = (jp_result_option){strdup(name), strdup(value)};
    x->n_options++;
    return o->name && o->value ? JP_OK : jp_fail_memory(e);
}

/* The array as text, which it is freed after. NULL: no memory. */
static int note_array(jp_explanation *x, const char *name, json_t *array, jopa_error *e) {
    char *text = array ? json_dumps(array, JSON_COMPACT) : NULL;
    int   status = text ? add_note(x, name, text, e) : jp_fail_memory(e);
    free(text);
    json_decref(array);
    return status;
}

/* Append, or let go of all: NULL then. */
static json_t *append_json(json_t *array, json_t *value) {
    if (value && array && !json_array_append_new(array, value)) return array;
    json_decref(array);
    return NULL;
}

/* The chat as the JSON array that `messages` reads. */
static int note_chat(jp_explanation *x, const jp_question *q, jopa_error *e) {
    json_t *chat = json_array();
    for (int i = 0; i < q->n_messages && chat; i++)
        chat = append_json(chat, json_pack("{s:s, s:s}", "role", q->roles[i], "content", q->contents[i]));
    return note_array(x, "messages", chat, e);
}

/* Values of an option that may be repeated: a JSON array, since a name stands once among the options. */
static int note_texts(jp_explanation *x, const jp_option_value *v, jopa_error *e) {
    json_t *texts = json_array();
    for (int i = 0; i < v->n && texts; i++) texts = append_json(texts, json_string(v->values[i]));
    return note_array(x, v->option->info.name, texts, e);
}

int jp_question_record(const jp_question *q, jp_explanation *x, jopa_error *e) {
    int status = JP_OK;
    for (int i = 0; i < q->options->n_set && !status; i++) {
        const jp_option_value *v = &q->options->set[i];
        if (v->option->info.command_only || (q->command == JP_BENCH && !v->option->answers)) continue;
        status =
            v->option->type == JP_TYPE_TEXTS ? note_texts(x, v, e) : add_note(x, v->option->info.name, v->values[0], e);
    }
    return !status && q->chat ? note_chat(x, q, e) : status;
}

/* ---- asking again --------------------------------------------------------------------------------------------------
 */

/* Options of which one that is set replaces all. */
static const char *const groups[][5] = {
    {"prompt", "system", "messages", "raw", NULL},
    {"response", "target", NULL},
    {"k", "sparsity", "min_drop", NULL},
    {"ratio", "tolerance", NULL},
    {"data", NULL},
};
enum { GROUPS = sizeof groups / sizeof *groups };

static int group_of(const char *name) {
    for (int g = 0; g < GROUPS; g++)
        for (int i = 0; groups[g][i]; i++)
            if (!strcmp(groups[g][i], name)) return g;
    return -1;
}

/* Which groups are asked for anew. */
static void find_given(const jopa_options *o, bool given[GROUPS]) {
    for (int g = 0; g < GROUPS; g++) given[g] = g == 0 && o->n_messages;
    for (int i = 0; i < o->n_set; i++) {
        int g = group_of(o->set[i].option->info.name);
        if (g >= 0) given[g] = true;
    }
}

static int add_chat_again(jopa_options *o, const char *text, jopa_error *e) {
    json_error_t why;
    json_t      *chat = json_loads(text, 0, &why), *one;
    size_t       i;
    int status = json_is_array(chat) ? JP_OK : jp_fail(e, JOPA_ERROR_INPUT, "the result's chat cannot be read");
    json_array_foreach(chat, i, one) {
        const char *role = json_string_value(json_object_get(one, "role")),
                   *content = json_string_value(json_object_get(one, "content"));
        if (!status && (!role || !content)) status = jp_fail(e, JOPA_ERROR_INPUT, "the result's chat cannot be read");
        if (!status) status = jopa_options_add_message(o, role, content, e);
    }
    json_decref(chat);
    return status;
}

/* Results of before options were noted: what their members tell. */
static int set_from_members(jopa_options *o, const jp_explanation *x, const bool given[GROUPS], jopa_error *e) {
    const struct {
        const char *name, *value;
    } members[] = {{"unit", x->unit}, {"operator", x->op}, {"method", x->method}, {"response", x->response_text}};
    int status = JP_OK;
    for (size_t i = 0; i < sizeof members / sizeof *members && !status; i++) {
        int  g = group_of(members[i].name);
        bool mine = jp_option_find(o->command, members[i].name) && !jopa_options_given(o, members[i].name);
        if (mine && members[i].value && (g < 0 || !given[g]))
            status = jopa_options_set(o, members[i].name, members[i].value, e);
    }
    for (int i = 0; i < x->n_messages && !status && !given[0]; i++) {
        const jp_result_message *m = &x->messages[i];
        char                    *text = strndup(x->prompt_text + m->start, m->end - m->start);
        status = text ? jopa_options_add_message(o, m->role, text, e) : jp_fail_memory(e);
        free(text);
    }
    return status;
}

static int set_texts_again(jopa_options *o, const jp_result_option *note, jopa_error *e) {
    json_t *texts = json_loads(note->value, 0, NULL), *one;
    size_t  i;
    int     status = json_is_array(texts)
                         ? JP_OK
                         : jp_fail(e, JOPA_ERROR_INPUT, "the result's option %s cannot be read", note->name);
    json_array_foreach(texts, i, one) if (!status && json_is_string(one)) status =
        jopa_options_set(o, note->name, json_string_value(one), e);
    json_decref(texts);
    return status;
}

/* One note, where its name was not given. */
static int set_from_note(jopa_options *o, const jopa_options *before, const jp_result_option *note,
                         const bool given[GROUPS], jopa_error *e) {
    int g = group_of(note->name);
    if (g >= 0 && given[g]) return JP_OK;
    if (!strcmp(note->name, "messages")) return add_chat_again(o, note->value, e);
    const jp_option *option = jp_option_find(o->command, note->name);
    if (!option || jopa_options_given(before, note->name)) return JP_OK;
    if (option->type == JP_TYPE_TEXTS) return set_texts_again(o, note, e);
    return jopa_options_set(o, note->name, note->value, e);
}

int jopa_options_like(jopa_options *o, const jopa_result *r, int i, jopa_error *e) {
    bool          given[GROUPS];
    jopa_options *before = NULL;
    if (!r || i < 0 || i >= r->n_items) return jp_fail(e, JOPA_ERROR_USAGE, "the result has no explanation %d", i);
    const jp_explanation *x = &r->items[i];
    int                   status = jopa_options_copy(&before, o, e);
    find_given(o, given);
    if (!status && !x->n_options) status = set_from_members(o, x, given, e);
    for (int n = 0; n < x->n_options && !status; n++) status = set_from_note(o, before, &x->options[n], given, e);
    jopa_options_free(before);
    return status;
}
