/* What can be asked, as an OpenAPI 3.1 document, made of the endpoints and the table of options. */
#ifndef SERVE_OPENAPI_H
#define SERVE_OPENAPI_H

/* malloc'd; NULL: no memory. */
char *openapi_json(void);

#endif
