#include "completion.h"

#include <string.h>

#include "command.h"
#include "list.h"

const char *const completion_shells[] = {"bash", "zsh", "fish", NULL};

bool completion_write(FILE *out, const char *shell) {
    static void (*const writers[])(FILE *) = {completion_bash, completion_zsh, completion_fish};
    for (int i = 0; completion_shells[i]; i++) {
        if (strcmp(completion_shells[i], shell)) continue;
        writers[i](out);
        return true;
    }
    return false;
}

/* ---- names ------------------------------------------------------------------------------------------------------- */

/* The names of a table that `jopa list` shows; "token:TEXT" as far as it is a name. */
static void put_table(FILE *out, const char *table, const char *separator) {
    jopa_name name;
    for (int i = 0; jopa_list(table, i, &name); i++) {
        size_t size = strcspn(name.name, ":");
        fprintf(out, "%s%.*s", i ? separator : "", (int)(size + (name.name[size] == ':')), name.name);
    }
}

/* The bench's tables have formats of their own. */
static bool is_bench_format(const char *command, const jopa_option_info *o) {
    return !strcmp(command, "bench") && !strcmp(o->name, "format");
}

void option_names(FILE *out, const char *command, const jopa_option_info *o, const char *separator) {
    if (is_bench_format(command, o)) {
        for (int i = 0; jopa_bench_format(i); i++) fprintf(out, "%s%s", i ? separator : "", jopa_bench_format(i));
        return;
    }
    if (!strncmp(o->values, "jopa list ", 10)) {
        put_table(out, o->values + 10, separator);
        return;
    }
    for (const char *at = o->values; *at;) {
        size_t size = strcspn(at, ",");
        fprintf(out, "%s%.*s", at == o->values ? "" : separator, (int)size, at);
        at += size + (at[size] == ',');
    }
}

void argument_names(FILE *out, const char *command, const char *separator) {
    if (!strcmp(command, "help")) {
        command_names(out, separator);
        return;
    }
    for (int i = 0; list_table(i); i++) fprintf(out, "%s%s", i ? separator : "", list_table(i));
}

void command_names(FILE *out, const char *separator) {
    for (int i = 0; command_at(i); i++) fprintf(out, "%s%s", i ? separator : "", command_at(i)->name);
}

/* ---- what is taken ------------------------------------------------------------------------------------------------
 */

taking option_takes(const char *command, const jopa_option_info *o) {
    if (!strcmp(o->type, "switch")) return TAKES_NOTHING;
    if (!strcmp(o->type, "file")) return TAKES_FILE;
    if (!o->values && !is_bench_format(command, o)) return TAKES_ANYTHING;
    return strcmp(o->type, "list") ? TAKES_NAME : TAKES_LIST;
}

taking argument_takes(const char *command) {
    if (!strcmp(command, "list") || !strcmp(command, "help")) return TAKES_NAME;
    if (!strcmp(command, "render") || !strcmp(command, "bench")) return TAKES_FILE;
    return strcmp(command, "model") ? TAKES_ANYTHING : TAKES_NOTHING;
}

const jopa_option_info *next_flag(const char *command, int *index) {
    const jopa_option_info *o;
    while ((o = jopa_option_at(command, *index))) {
        ++*index;
        if (o->flag) break;
    }
    return o;
}
