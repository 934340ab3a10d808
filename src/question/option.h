/* The table of options: the one place where an option is described. The command's parsing and help, the man page,
 * completion, `jopa list options`, jopa_options_set, and the `options` of a result all come from it. To add an option:
 * a row in option-table.c, a member of jp_question, and a line in question-fields.c that fills it. */
#ifndef JP_OPTION_H
#define JP_OPTION_H

#include "base/error.h"

/* The commands that take options, as bits: the index in jp_command_name. */
enum {
    JP_EXPLAIN = 1 << 0,
    JP_COMPARE = 1 << 1,
    JP_SCORE = 1 << 2,
    JP_AUDIT = 1 << 3,
    JP_COMPRESS = 1 << 4,
    JP_BENCH = 1 << 5,
    JP_RENDER = 1 << 6,
    JP_LIST = 1 << 7,
    JP_MODEL = 1 << 8,
    JP_SERVE = 1 << 9,
    JP_CITE = 1 << 10,
};

typedef enum {
    JP_TYPE_TEXT,
    JP_TYPE_FILE,
    JP_TYPE_INTEGER, /* an int; with `most` above INT_MAX an unsigned 64-bit number */
    JP_TYPE_NUMBER,
    JP_TYPE_SWITCH,
    JP_TYPE_LIST,
    JP_TYPE_TEXTS
} jp_option_type;

typedef struct {
    unsigned         commands; /* rows of one name share no command */
    jopa_option_info info;
    jp_option_type   type;
    const char      *wrong;   /* what a value has to be: "a number of runs, at most 10000" */
    bool             above;   /* number: `least` itself is too small */
    bool             secret;  /* it goes into no result */
    bool             answers; /* it changes what the answer is, not only where it goes or how fast it comes */
} jp_option;

const jp_option *jp_option_row(int index);                           /* NULL past the end */
const jp_option *jp_option_find(unsigned command, const char *name); /* command 0: any; NULL: unknown */
/* "explain" and so on; NULL past the end. */
const char *jp_command_name(int index);
unsigned    jp_command_bit(const char *name); /* 0: unknown */

/* Whether `value` can be one of the option's. JOPA_ERROR_USAGE names the option and says what it has to be. */
int jp_option_check(const jp_option *option, const char *value, jopa_error *e);

#endif
