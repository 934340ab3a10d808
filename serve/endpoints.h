/* All that can be asked, in one table: the server's routes and /openapi.json come from it. To add one: a function in
 * one of the files beside it, and a row. */
#ifndef SERVE_ENDPOINTS_H
#define SERVE_ENDPOINTS_H

#include "exchange.h"

typedef struct endpoint {
    const char *method;
    const char *path;    /* "/v1/runs/{id}/events" */
    const char *name;    /* of the operation; of a command, the command */
    const char *summary; /* one line; NULL: not in /openapi.json */
    enum MHD_Result (*answer)(exchange *x);
    const char *request;  /* the schema of its body, or NULL */
    const char *response; /* the type of its answer, or a schema's name for JSON */
    unsigned    success;  /* its status where all went well */
    bool        open;     /* no token is needed */
    bool        imports;  /* its body is a saved result */
} endpoint;

const endpoint *endpoint_at(int index); /* NULL past the end */
/* The row for a method and path, and the id in it. NULL: none; *allowed: methods that the path has, NULL for none. */
const endpoint *endpoint_find(const char *method, const char *path, char id[ID_SIZE], const char **allowed);

/* ---- the answers, in the files of their names ---- */
enum MHD_Result answer_page(exchange *x); /* pages.c */
enum MHD_Result answer_asset(exchange *x);
enum MHD_Result answer_health(exchange *x); /* about.c */
enum MHD_Result answer_metrics(exchange *x);
enum MHD_Result answer_openapi(exchange *x);
enum MHD_Result answer_command(exchange *x); /* questions.c */
enum MHD_Result answer_import(exchange *x);
enum MHD_Result answer_run(exchange *x);
enum MHD_Result answer_cancel(exchange *x);
enum MHD_Result answer_report(exchange *x);
enum MHD_Result answer_events(exchange *x); /* events.c */

enum MHD_Result answer_completions(exchange *x); /* completions.c */
enum MHD_Result answer_tokenize(exchange *x);    /* tokens.c */
enum MHD_Result answer_detokenize(exchange *x);
enum MHD_Result answer_models(exchange *x);
enum MHD_Result answer_tokenizer(exchange *x);

#endif
