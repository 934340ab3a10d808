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
/* All values of an option of type texts; *n is 0 where there is none. */
const char *const *jp_options_texts(const jopa_options *o, const char *name, int *n);

#endif
