#include "engine/capability.h"

#include <stdio.h>
#include <string.h>

#include "jopa.h"

/* The order is the one they are shown in: new ones at the end. */
static const struct {
    unsigned    bit;
    const char *word;
} words[] = {
    {JOPA_CAN_SCORE, "logprobs"},        {JOPA_CAN_GENERATE, "generate"},
    {JOPA_CAN_GRADIENT, "gradient"},     {JOPA_CAN_ATTENTION, "attention"},
    {JOPA_CAN_EMBED, "embed"},           {JOPA_CAN_TOKENIZE, "tokenize"},
    {JOPA_CAN_TEMPLATE, "template"},     {JOPA_CAN_NEXT, "next"},
    {JOPA_CAN_KNOCKOUT, "knockout"},     {JOPA_CAN_HURRY, "fast"},
    {JOPA_CAN_EMBEDDINGS, "embeddings"}, {JOPA_CAN_CONTRAST, "contrast"},
};

void jp_capability_words(unsigned can, char *out, size_t size) {
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (!(can & words[i].bit) || used >= size) continue;
        used += (size_t)snprintf(out + used, size - used, "%s%s", used ? "," : "", words[i].word);
    }
}
