/* What the command adds for servers: their key, and the address that the environment names. */
#ifndef CLI_SERVERS_H
#define CLI_SERVERS_H

#include "options.h"

/* The engine is addresses of servers, or `openai`. */
bool servers_asked(const options *o);
/* The address and the key into `found`. -1: done; otherwise the exit code, and told. */
int servers_find(const options *o, jopa_options *found);

#endif
