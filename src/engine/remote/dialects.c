#include "engine/remote/dialect.h"

extern const jp_dialect jp_dialect_llama_server, jp_dialect_vllm, jp_dialect_sglang, jp_dialect_openai;

static const jp_dialect *const dialects[] = {&jp_dialect_llama_server, &jp_dialect_sglang, &jp_dialect_vllm,
                                             &jp_dialect_openai};

const jp_dialect *jp_dialect_at(int index) {
    return index >= 0 && index < (int)(sizeof dialects / sizeof *dialects) ? dialects[index] : NULL;
}
