/* The local engine: a GGUF model run by libllama. */
#ifndef JP_LOCAL_H
#define JP_LOCAL_H

#include "engine/table.h"

int jp_local_open(jp_engine **out, const jp_engine_options *o, jopa_error *e);
/* The file's tokenizer and chat template alone: tokenize, piece, template_source, template_name, token_called. */
int jp_vocabulary_open(jp_engine **out, const char *file, jopa_error *e);

#endif
