#include "commands.h"

#include <string.h>

#include "sessions.h"
#include "work.h"

static const served_command commands[] = {
    {"explain", jopa_session_explain, NULL},
    {"compare", jopa_session_explain, NULL},
    {"score", jopa_session_score, NULL},
    {"cite", NULL, jopa_cite},
    {"audit", NULL, jopa_audit},
    {"compress", NULL, jopa_compress},
};

const served_command *command_served(const char *name) {
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (!strcmp(commands[i].name, name)) return &commands[i];
    return NULL;
}

static int ask_run(work *w, run *r, jopa_result **out, jopa_error *e) {
    const served_command *c = command_served(r->command);
    jopa_session         *s = NULL;
    jopa_options_listen(r->asked, work_progress, NULL, w);
    if (!c->in_session) return c->ask(out, w->model, r->asked, e);
    int status = sessions_find(&s, &w->sessions, w->model, r->asked, e);
    w->session = s;
    return status ? status : c->in_session(out, s, r->asked, e);
}

int command_run(work *w, run *r, char **json, jopa_error *e) {
    jopa_result *result = NULL;
    int          status = ask_run(w, r, &result, e);
    if (!status && !(*json = jopa_result_render(result, "json", NULL, NULL, e))) status = JOPA_ERROR_MEMORY;
    jopa_result_free(result);
    return status;
}
