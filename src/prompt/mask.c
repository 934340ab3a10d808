#include "prompt/mask.h"

#include <string.h>

/* To add an operator: a kind in mask.h, a row here, a case in hidden_symbol. `name` ends in ':' when text follows. */
static const struct {
    const char      *name, *shown, *summary;
    jp_operator_kind kind;
} operators[] = {
    {"zero", "zero", "the token's embedding becomes 0 (the paper's x * m)", JP_OPERATOR_ZERO},
    {"mean", "mean", "the token's embedding becomes the mean of the embedding table", JP_OPERATOR_MEAN},
    {"delete", "delete", "the token is taken out, later tokens move up", JP_OPERATOR_DELETE},
    {"token:", "token:TEXT", "the token is replaced by the token TEXT, such as token:_", JP_OPERATOR_TOKEN},
};
enum { N_OPERATORS = sizeof operators / sizeof *operators };

static int32_t hidden_symbol(const jp_operator *op) {
    switch (op->kind) {
    case JP_OPERATOR_MEAN: return JP_SYMBOL_MEAN;
    case JP_OPERATOR_TOKEN: return op->token;
    default: return JP_SYMBOL_ZERO;
    }
}

int jp_mask_symbols(const jp_prompt *p, const jp_operator *op, const jp_bitset *mask, int32_t *out) {
    int     n = 0;
    int32_t hidden = hidden_symbol(op);
    for (int i = 0; i < p->n_tokens; i++) {
        const jp_token *t = &p->tokens[i];
        if (!mask || t->unit < 0 || !jp_bitset_has(mask, t->unit)) out[n++] = t->id;
        else if (op->kind != JP_OPERATOR_DELETE) out[n++] = hidden;
    }
    return n;
}

int jp_operator_parse(const char *name, jp_operator *op, const char **text, jopa_error *e) {
    for (int i = 0; i < N_OPERATORS; i++) {
        size_t length = strlen(operators[i].name);
        bool   takes_text = operators[i].name[length - 1] == ':';
        if (takes_text ? strncmp(name, operators[i].name, length) : strcmp(name, operators[i].name)) continue;
        if (takes_text && !name[length])
            return jp_fail(e, JOPA_ERROR_USAGE, "operator '%s' lacks its text: write %s", name, operators[i].shown);
        *op = (jp_operator){.kind = operators[i].kind, .token = -1};
        *text = takes_text ? name + length : NULL;
        return JP_OK;
    }
    return jp_fail(e, JOPA_ERROR_USAGE, "unknown operator '%s': use zero, mean, delete or token:TEXT", name);
}

const char *jp_operator_name(int index, const char **summary) {
    if (index < 0 || index >= N_OPERATORS) return NULL;
    if (summary) *summary = operators[index].summary;
    return operators[index].shown;
}
