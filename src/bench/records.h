/* The file of results: JSON Lines, a header with the settings, then one result a line as `jopa explain` writes it, with
 * one more key, "bench": {"id", "task", "method", "prompt"}. Lines are appended whole and flushed, so that a killed run
 * leaves at most a part of its last line, which the next run cuts off. */
#ifndef JP_RECORDS_H
#define JP_RECORDS_H

#include <jansson.h>
#include <stdio.h>

#include "bench/cases.h"
#include "result/result.h"

typedef struct {
    char        *id, *task, *label; /* label: the method as it was asked for, "jopa@0.08" */
    char        *digest;            /* of the case (cases.h); NULL: a file of before there were any */
    jopa_result *result;            /* of one explanation */
} jp_record;

typedef struct {
    jp_record *items;
    int        n, capacity;
    json_t    *settings; /* NULL: the file is new */
    size_t     whole;    /* bytes up to the end of the last whole line */
    size_t     size;     /* bytes of the file */
} jp_records;

/* A file that is not there, or that is empty, holds nothing. JOPA_ERROR_INPUT for a file that does not begin with a
 * header of ours (or with the part of one that a killed run left), and, with the line's number, for a line that is no
 * result. */
int  jp_records_read(jp_records *r, const char *file, jopa_error *e);
void jp_records_free(jp_records *r);
bool jp_records_have(const jp_records *r, const char *id, const char *label);
/* Whose the id is. Where a record has no digest, by whether the prompt stands in its text. */
jp_id_use jp_records_use(const jp_records *r, const char *id, const jp_case *c);

/* Open the file that was read into `r` for appending, and write the header when it is new. JOPA_ERROR_USAGE, naming the
 * setting, when its results were made with other settings; a setting that its header does not have is taken to be as in
 * `defaults`. On success the caller fcloses *out. */
int jp_records_open(FILE **out, const jp_records *r, const char *file, const json_t *settings, const json_t *defaults,
                    jopa_error *e);
/* Append one result and flush. */
int jp_records_append(FILE *f, const jp_case *c, const char *label, jp_explanation *x, jopa_error *e);

#endif
