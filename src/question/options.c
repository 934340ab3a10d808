#include "question/options.h"

#include <stdlib.h>
#include <string.h>

#include "base/excerpt.h"
#include "base/nearest.h"
#include "base/number.h"
#include "base/parse.h"

/* ---- life ---------------------------------------------------------------------------------------------------- */

int jopa_options_new(jopa_options **out, const char *command, jopa_error *e) {
    unsigned bit = jp_command_bit(command);
    if (!bit) return jp_fail(e, JOPA_ERROR_USAGE, "no command is called '%s'", command ? command : "");
    jopa_options *o = calloc(1, sizeof *o);
    if (!o) return jp_fail_memory(e);
    o->command = bit;
    *out = o;
    return JP_OK;
}

static void free_value(jp_option_value *v) {
    for (int i = 0; i < v->n; i++) free(v->values[i]);
    free(v->values);
}

void jopa_options_clear_messages(jopa_options *o) {
    for (int i = 0; i < o->n_messages; i++) {
        free(o->roles[i]);
        free(o->contents[i]);
        free(o->extras[i]);
    }
    free(o->roles);
    free(o->contents);
    free(o->extras);
    o->roles = o->contents = o->extras = NULL;
    o->n_messages = 0;
}

void jopa_options_free(jopa_options *o) {
    if (!o) return;
    for (int i = 0; i < o->n_set; i++) free_value(&o->set[i]);
    free(o->set);
    jopa_options_clear_messages(o);
    free(o);
}

static int copy_values(jopa_options *to, const jopa_options *from, jopa_error *e) {
    int status = JP_OK;
    for (int i = 0; i < from->n_set && !status; i++)
        for (int j = 0; j < from->set[i].n && !status; j++)
            status = jopa_options_set(to, from->set[i].option->info.name, from->set[i].values[j], e);
    for (int i = 0; i < from->n_messages && !status; i++)
        status = jp_options_add(to, from->roles[i], from->contents[i], from->extras[i], e);
    return status;
}

int jopa_options_copy(jopa_options **out, const jopa_options *from, jopa_error *e) {
    jopa_options *o = calloc(1, sizeof *o);
    if (!o) return jp_fail_memory(e);
    o->command = from->command;
    jopa_options_listen(o, from->progress, from->warn, from->user);
    int status = copy_values(o, from, e);
    if (status) jopa_options_free(o);
    else *out = o;
    return status;
}

void jopa_options_listen(jopa_options *o, jopa_progress_function progress, void (*warn)(void *user, const char *line),
                         void *user) {
    o->progress = progress;
    o->warn = warn;
    o->user = user;
}

/* ---- setting --------------------------------------------------------------------------------------------------- */

static const char *name_of_row(int index) { return jp_option_row(index) ? jp_option_row(index)->info.name : NULL; }

static int find_option(const jp_option **out, const jopa_options *o, const char *name, jopa_error *e) {
    *out = jp_option_find(o->command, name ? name : "");
    if (*out) return JP_OK;
    if (name && jp_option_find(0, name))
        return jp_fail(e, JOPA_ERROR_USAGE, "`%s` is no option of %s", name,
                       jp_command_name(__builtin_ctz(o->command)));
    const char *nearest = jp_nearest(name ? name : "", name_of_row);
    return jp_fail(e, JOPA_ERROR_USAGE,
                   nearest ? "unknown option '%s': did you mean `%s`?" : "unknown option '%s': see `jopa list options`",
                   jp_excerpt(name ? name : "", 80).text, nearest);
}

static jp_option_value *value_of(const jopa_options *o, const char *name) {
    for (int i = 0; i < o->n_set; i++)
        if (!strcmp(o->set[i].option->info.name, name)) return &o->set[i];
    return NULL;
}

static void unset(jopa_options *o, jp_option_value *v) {
    free_value(v);
    memmove(v, v + 1, (size_t)(o->set + o->n_set - (v + 1)) * sizeof *v);
    o->n_set--;
}

/* A place for the option's value, in the table's order. NULL: no memory. */
static jp_option_value *new_value(jopa_options *o, const jp_option *option) {
    jp_option_value *set = realloc(o->set, (size_t)(o->n_set + 1) * sizeof *set);
    if (!set) return NULL;
    o->set = set;
    int at = 0;
    while (at < o->n_set && set[at].option < option) at++;
    memmove(set + at + 1, set + at, (size_t)(o->n_set - at) * sizeof *set);
    set[at] = (jp_option_value){.option = option};
    o->n_set++;
    return &set[at];
}

static int replace_value(jp_option_value *v, const char *value, jopa_error *e) {
    char *copy = strdup(value);
    if (!copy) return jp_fail_memory(e);
    free(v->values[0]);
    v->values[0] = copy;
    return JP_OK;
}

static int append_value(jp_option_value *v, const char *value, jopa_error *e) {
    char **values = realloc(v->values, (size_t)(v->n + 1) * sizeof *values);
    if (!values) return jp_fail_memory(e);
    v->values = values;
    values[v->n] = strdup(value);
    if (!values[v->n]) return jp_fail_memory(e);
    v->n++;
    return JP_OK;
}

int jopa_options_set(jopa_options *o, const char *name, const char *value, jopa_error *e) {
    const jp_option *option;
    int              status = find_option(&option, o, name, e);
    if (!status && value) status = jp_option_check(option, value, e);
    if (status) return status;
    jp_option_value *v = value_of(o, name);
    if (!value) {
        if (v) unset(o, v);
        return JP_OK;
    }
    if (!v) v = new_value(o, option);
    if (!v) return jp_fail_memory(e);
    status = v->n && option->type != JP_TYPE_TEXTS ? replace_value(v, value, e) : append_value(v, value, e);
    if (!v->n) unset(o, v);
    return status;
}

/* A place for one more text; false: no memory. */
static bool grow_texts(char ***texts, int n) {
    char **more = realloc(*texts, (size_t)(n + 1) * sizeof *more);
    if (more) *texts = more;
    return more;
}

int jp_options_add(jopa_options *o, const char *role, const char *content, const char *extra, jopa_error *e) {
    int n = o->n_messages;
    if (!grow_texts(&o->roles, n) || !grow_texts(&o->contents, n) || !grow_texts(&o->extras, n))
        return jp_fail_memory(e);
    o->roles[n] = strdup(role);
    o->contents[n] = strdup(content);
    o->extras[n] = extra ? strdup(extra) : NULL;
    if (!o->roles[n] || !o->contents[n] || (extra && !o->extras[n])) {
        free(o->roles[n]);
        free(o->contents[n]);
        free(o->extras[n]);
        return jp_fail_memory(e);
    }
    o->n_messages++;
    return JP_OK;
}

int jopa_options_add_message(jopa_options *o, const char *role, const char *content, jopa_error *e) {
    return jp_options_add(o, role, content, NULL, e);
}

/* ---- asking ---------------------------------------------------------------------------------------------------- */

const char *jp_options_text(const jopa_options *o, const char *name) {
    const jp_option_value *v = value_of(o, name);
    const jp_option       *option = v ? NULL : jp_option_find(o->command, name);
    return v ? v->values[v->n - 1] : option ? option->info.fallback : NULL;
}

int jp_options_integer(const jopa_options *o, const char *name) {
    int value = 0;
    jp_parse_integer(jp_options_text(o, name), &value);
    return value;
}

double jp_options_number(const jopa_options *o, const char *name) {
    const char *text = jp_options_text(o, name);
    double      value = 0;
    if (text) jp_parse_double(text, NULL, &value);
    return value;
}

uint64_t jp_options_unsigned(const jopa_options *o, const char *name) {
    uint64_t value = 0;
    jp_parse_unsigned(jp_options_text(o, name), &value);
    return value;
}

bool jp_options_switch(const jopa_options *o, const char *name) {
    const char *text = jp_options_text(o, name);
    return text && !strcmp(text, "true");
}

const char *const *jp_options_texts(const jopa_options *o, const char *name, int *n) {
    const jp_option_value *v = value_of(o, name);
    *n = v ? v->n : 0;
    return v ? (const char *const *)v->values : NULL;
}

const char *jopa_options_get(const jopa_options *o, const char *name) { return jp_options_text(o, name ? name : ""); }

bool jopa_options_given(const jopa_options *o, const char *name) { return name && value_of(o, name); }

const char *jopa_options_value(const jopa_options *o, const char *name, int index) {
    const jp_option_value *v = value_of(o, name);
    if (!v) return index == 0 ? jopa_options_get(o, name) : NULL;
    return index >= 0 && index < v->n ? v->values[index] : NULL;
}
