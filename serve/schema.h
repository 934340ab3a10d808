/* JSON Schemas of what is asked and answered. */
#ifndef SERVE_SCHEMA_H
#define SERVE_SCHEMA_H

#include <jansson.h>

/* Of a request of the command, made of the table of options; NULL: no memory. */
json_t *schema_of_command(const char *command);
/* {"$ref"} to one of the document's schemas. */
json_t *schema_named(const char *name);
/* An array of the names in one of the library's tables, "methods"; those that take a text, as token:TEXT, left out. */
json_t *schema_names(const char *table);

#endif
