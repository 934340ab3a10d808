/* The body of a request as options of a command: the table's names as JSON. */
#ifndef SERVE_REQUEST_H
#define SERVE_REQUEST_H

#include <jopa.h>

struct json_t;

/* Whether a request may have the option: what is about the model, files and the terminal is the server's. */
bool request_takes(const jopa_option_info *option);
/* Whether the option is a text that is JSON: a request may give it as JSON, too. */
bool request_takes_json(const jopa_option_info *option);
/* Whether it is documents: an array of texts, or of objects with "text" and perhaps "title". */
bool request_takes_documents(const jopa_option_info *option);
/* Parse `size` bytes as a JSON object. On success *out is a json_t owned by the caller. */
int request_parse(struct json_t **out, const char *text, size_t size, jopa_error *e);
/* A JSON object as options of `command`, owned by the caller, checked as far as that goes without a model. Its texts
 * have at most `most` bytes together. `like`: the result whose question it asks again, or NULL. JOPA_ERROR_USAGE,
 * JOPA_ERROR_INPUT: what is wrong with it. */
int request_options(jopa_options **out, const char *command, const struct json_t *body, const jopa_result *like,
                    size_t most, jopa_error *e);
/* The id of the run that it asks again; NULL: none. JOPA_ERROR_USAGE: it is no text. */
int request_like(const char **out, const struct json_t *body, jopa_error *e);

#endif
