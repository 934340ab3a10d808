#include "question/like.h"
#include "question/message.h"

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

/* The chat as it was given, as the JSON array that `messages` reads. */
static int note_chat(jp_explanation *x, const jp_question *q, jopa_error *e) {
    json_t *chat = json_array();
    for (int i = 0; i < q->n_messages && chat; i++)
        chat = append_json(chat, q->extras && q->extras[i] ? json_loads(q->extras[i], 0, NULL)
                                                           : json_pack("{s:s, s:s}", "role", q->roles[i], "content",
                                                                       q->options->contents[i]));
    return note_array(x, "messages", chat, e);
}

/* One target was all that there could be, once: it stands as it is. */
static bool is_plain(const jp_option_value *v) {
    return v->n == 1 && v->values[0][0] != '[' && !strcmp(v->option->info.name, "target");
}

/* Values of an option that may be repeated: a JSON array, since a name stands once among the options. */
static int note_texts(jp_explanation *x, const jp_option_value *v, jopa_error *e) {
    if (is_plain(v)) return add_note(x, v->option->info.name, v->values[0], e);
    json_t *texts = json_array();
    for (int i = 0; i < v->n && texts; i++) texts = append_json(texts, json_string(v->values[i]));
    return note_array(x, v->option->info.name, texts, e);
}

int jp_question_record(const jp_question *q, jp_explanation *x, jopa_error *e) {
    int status = JP_OK;
    for (int i = 0; i < q->options->n_set && !status; i++) {
        const jp_option_value *v = &q->options->set[i];
        if (v->option->info.command_only || v->option->secret || (q->command == JP_BENCH && !v->option->answers))
            continue;
        status =
            v->option->type == JP_TYPE_TEXTS ? note_texts(x, v, e) : add_note(x, v->option->info.name, v->values[0], e);
    }
    return !status && q->chat ? note_chat(x, q, e) : status;
}

/* ---- asking again --------------------------------------------------------------------------------------------------
 */

/* One of the first that is set replaces all of the second. */
static const struct {
    const char *set[4], *replaced[6];
} groups[] = {
    {{"prompt", "messages"}, {"prompt", "system", "messages", "raw", "tools"}},
    {{"response"}, {"response", "target", "against"}},
    {{"k", "sparsity", "min_drop"}, {"k", "sparsity", "min_drop"}},
    {{"ratio", "tolerance"}, {"ratio", "tolerance"}},
};

static bool is_one_of(const char *const *names, const char *name) {
    for (; *names; names++)
        if (!strcmp(*names, name)) return true;
    return false;
}

static bool is_asked(const jopa_options *o, const char *name) {
    return jopa_options_given(o, name) || (!strcmp(name, "messages") && o->n_messages);
}

bool jp_like_takes(const jopa_options *asked, const char *name) {
    if (is_asked(asked, name)) return false;
    for (size_t g = 0; g < sizeof groups / sizeof *groups; g++)
        for (int i = 0; groups[g].set[i] && is_one_of(groups[g].replaced, name); i++)
            if (is_asked(asked, groups[g].set[i])) return false;
    return true;
}

static int add_chat_again(jopa_options *o, const char *text, jopa_error *e) {
    json_error_t why;
    json_t      *chat = json_loads(text, 0, &why), *one;
    size_t       i;
    int status = json_is_array(chat) ? JP_OK : jp_fail(e, JOPA_ERROR_INPUT, "the result's chat cannot be read");
    json_array_foreach(chat, i, one) {
        if (!status && jp_message_add(o, one, NULL))
            status = jp_fail(e, JOPA_ERROR_INPUT, "the result's chat cannot be read");
    }
    json_decref(chat);
    return status;
}

static int set_texts_again(jopa_options *o, const jp_result_option *note, jopa_error *e) {
    if (note->value[0] != '[' && !strcmp(note->name, "target")) return jopa_options_set(o, note->name, note->value, e);
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

int jp_like_set(jopa_options *o, const jp_explanation *x, const char *name, const char *value, jopa_error *e) {
    bool another = x->command && strcmp(x->command, jp_command_name(__builtin_ctz(o->command)));
    if (!jp_option_find(o->command, name)) return JP_OK;
    /* what compare calls its methods is more than explain takes, and compress has methods of its own */
    int status = jopa_options_set(o, name, another && !strcmp(name, "method") ? x->method : value, another ? NULL : e);
    if (another && status == JOPA_ERROR_USAGE) return JP_OK;
    return another && status ? jp_fail_memory(e) : status;
}

static int set_from_notes(jopa_options *o, const jopa_options *asked, const jp_explanation *x, jopa_error *e) {
    int status = JP_OK;
    for (int i = 0; i < x->n_options && !status; i++) {
        const jp_result_option *note = &x->options[i];
        const jp_option        *option = jp_option_find(o->command, note->name);
        if (!jp_like_takes(asked, note->name)) continue;
        if (!strcmp(note->name, "messages")) status = add_chat_again(o, note->value, e);
        else if (option && option->type == JP_TYPE_TEXTS) status = set_texts_again(o, note, e);
        else status = jp_like_set(o, x, note->name, note->value, e);
    }
    return status;
}

int jopa_options_like(jopa_options *o, const jopa_result *r, int i, jopa_error *e) {
    jopa_options *made = NULL;
    if (!r || i < 0 || i >= r->n_items) return jp_fail(e, JOPA_ERROR_USAGE, "the result has no explanation %d", i);
    const jp_explanation *x = &r->items[i];
    int                   status = jopa_options_copy(&made, o, e);
    if (!status) status = x->n_options ? set_from_notes(made, o, x, e) : jp_like_members(made, o, x, e);
    if (!status) {
        jopa_options before = *o;
        *o = *made;
        *made = before;
    }
    jopa_options_free(made);
    return status;
}
