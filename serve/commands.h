/* The commands that a server has. To add one: a row in commands.c, and one in endpoints.c. */
#ifndef SERVE_COMMANDS_H
#define SERVE_COMMANDS_H

#include "hub.h"

typedef struct {
    const char *name;
    /* By a session, where what is known helps; or by the model. */
    int (*in_session)(jopa_result **out, jopa_session *s, const jopa_options *o, jopa_error *e);
    int (*ask)(jopa_result **out, jopa_model *m, const jopa_options *o, jopa_error *e);
} served_command;

const served_command *command_served(const char *name); /* NULL: none */
/* run_function of a command. */
int command_run(work *w, run *r, char **json, jopa_error *e);

#endif
