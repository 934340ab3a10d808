/* The remote engine: the same questions to servers, src/engine/remote/dialects.c. */
#ifndef JP_REMOTE_OPEN_H
#define JP_REMOTE_OPEN_H

#include "engine/table.h"

/* o->servers: addresses with commas. */
int jp_remote_open(jp_engine **out, const jp_engine_options *o, jopa_error *e);

#endif
