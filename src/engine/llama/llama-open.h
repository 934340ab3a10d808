/* The local engine: a GGUF model run by libllama. */
#ifndef JP_LOCAL_H
#define JP_LOCAL_H

#include "engine/table.h"

int jp_local_open(jp_engine **out, const jp_engine_options *o, jopa_error *e);

#endif
