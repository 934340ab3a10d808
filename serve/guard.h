/* Who may ask: the host that a request names, the page that it comes from, the token. */
#ifndef SERVE_GUARD_H
#define SERVE_GUARD_H

#include "exchange.h"

/* JOPA_OK, or the status of HTTP and why in *e. `open`: no token is needed. */
unsigned guard_check(const exchange *x, const char *version, bool open, jopa_error *e);
/* Whether `text` is the server's token; takes the same time whatever it is. */
bool guard_is_token(const settings *s, const char *text);
/* The cookie that a browser keeps it in. */
#define TOKEN_COOKIE "jopa_token"

#endif
