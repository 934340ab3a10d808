/* The JSON contract (schema 1) as data: which member of the result each name stands for. The writer and the reader
 * both walk these tables, so what one writes the other reads. */
#ifndef JP_JSON_FIELDS_H
#define JP_JSON_FIELDS_H

#include <stddef.h>

#include "base/buffer.h"
#include "result/result.h"

enum { JP_JSON_SCHEMA = 1 };

typedef enum {
    JP_FIELD_SCHEMA,  /* JP_JSON_SCHEMA; no member */
    JP_FIELD_TEXT,    /* char *; NULL is left out */
    JP_FIELD_INT,     /* int: a count or an index, 0 to INT_MAX - 1 */
    JP_FIELD_I32,     /* int32_t */
    JP_FIELD_I64,     /* int64_t: a count */
    JP_FIELD_SIZE,    /* size_t */
    JP_FIELD_SEED,    /* uint64_t; a string above INT64_MAX, which JSON readers would round */
    JP_FIELD_REAL,    /* double; NAN is null */
    JP_FIELD_BOOL,    /* bool */
    JP_FIELD_UNIT,    /* int; -1 is null */
    JP_FIELD_ROW,     /* the row's own number; no member */
    JP_FIELD_RANGE,   /* two neighbouring ints: [first, last] */
    JP_FIELD_INTS,    /* int * and its count: an array of numbers */
    JP_FIELD_REALS,   /* double * and its count: an array of numbers, null for NAN */
    JP_FIELD_OBJECT,  /* `fields` of the same struct */
    JP_FIELD_ROWS,    /* pointer to structs and their count: an array of objects */
    JP_FIELD_METRICS, /* jp_result_metric * and its count: an object of objects of numbers */
    JP_FIELD_OPTIONS, /* jp_result_option * and its count: an object of texts */
} jp_field_kind;

typedef struct jp_field {
    const char            *name; /* NULL ends a table */
    jp_field_kind          kind;
    bool                   required; /* reading fails without it */
    size_t                 offset;   /* of the member in its struct */
    size_t                 count;    /* INTS, REALS, ROWS, METRICS, OPTIONS: offset of the int that counts */
    size_t                 stride;   /* ROWS: size of one struct */
    const struct jp_field *fields;   /* OBJECT, ROWS */
    /* Left out when the bool at `offset` is false (BOOL), the pointer NULL (POINTER), the array empty, the I64 0,
     * the UNIT -1 or the REAL no number (SOME). */
    enum { JP_PRESENT_ALWAYS, JP_PRESENT_BOOL, JP_PRESENT_POINTER, JP_PRESENT_SOME } present;
} jp_field;

/* Whether the member is left out of the JSON. base: the struct. */
bool jp_field_absent(const jp_field *f, const void *base);

/* `text` in quotes, escaped. */
void jp_json_string(jp_buffer *out, const char *text);

extern const jp_field jp_json_explanation[]; /* a jp_explanation */
extern const jp_field jp_json_list[];        /* a struct jopa_result with several */

#endif
