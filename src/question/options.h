/* What a command is asked, as texts by name: the jopa_options of jopa.h. */
#ifndef JP_OPTIONS_H
#define JP_OPTIONS_H

#include "question/option.h"

typedef struct {
    const jp_option *option;
    char           **values; /* [n] owned; more than one of type texts alone */
    int              n;
} jp_option_value;

struct jopa_options {
    unsigned         command;
    jp_option_value *set; /* [n_set] in the order of the table */
    int              n_set;
    char           **roles, **contents; /* [n_messages] owned */
    char           **extras;            /* [n_messages] owned; NULL where a message is a role and a content */
    int              n_messages;

    jopa_progress_function progress; /* or NULL */
    void (*warn)(void *user, const char *line);
    void *user;
};

/* The value of an option that the command has, or its default; NULL: neither. */
const char *jp_options_text(const jopa_options *o, const char *name);
/* For options whose values are checked: never fails. */
int      jp_options_integer(const jopa_options *o, const char *name);
double   jp_options_number(const jopa_options *o, const char *name);
bool     jp_options_switch(const jopa_options *o, const char *name);
uint64_t jp_options_unsigned(const jopa_options *o, const char *name);
/* One more message; `extra`: all of it as JSON, or NULL. See build.h. */
int jp_options_add(jopa_options *o, const char *role, const char *content, const char *extra, jopa_error *e);
/* All values of an option of type texts; *n is 0 where there is none. */
const char *const *jp_options_texts(const jopa_options *o, const char *name, int *n);

#endif
