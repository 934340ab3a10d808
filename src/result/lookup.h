/* Members of a result by their path in its JSON, from the tables that JSON is written and read by. */
#ifndef JP_LOOKUP_H
#define JP_LOOKUP_H

#include "result/json-fields.h"

/* What a path leads to. Zeroed: nothing. */
typedef struct {
    jopa_kind kind;
    /* NUMBER, BOOL: `number`, and `integer` where it is `whole`. A seed above INT64_MAX: the int64_t of its bits. */
    double          number;
    int64_t         integer;
    bool            whole;
    const char     *text;   /* TEXT */
    int             size;   /* ARRAY: elements; OBJECT: members */
    const void     *base;   /* ARRAY, OBJECT: the struct that it is in, */
    int             row;    /* the struct's place in its array, */
    const jp_field *fields; /* OBJECT: its members, NULL: see `field`; */
    const jp_field *field;  /* ARRAY, METRICS or OPTIONS: itself */
    const char     *group;  /* METRICS: the one group, NULL: all of them */
} jp_node;

/* i: the explanation, or -1 for the whole document. `path` "": all of it. */
jp_node jp_lookup(const jopa_result *r, int i, const char *path);
/* The name of member `index` of an OBJECT, owned by the result or static; NULL past the end. */
const char *jp_node_name(const jp_node *n, int index);

#endif
