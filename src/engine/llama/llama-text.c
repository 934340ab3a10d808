#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/llama/llama-local.h"

int jp_local_tokenize(void *self, const char *text, size_t size, bool special, int32_t **ids, int *n, jopa_error *err) {
    const jp_local *l = self;
    if (size > INT32_MAX / 2) return jp_fail(err, JOPA_ERROR_INPUT, "the text has %zu bytes: that is too long", size);
    int      capacity = (int)size + 16;
    int32_t *out = malloc((size_t)capacity * sizeof *out);
    if (!out) return jp_fail_memory(err);
    int count = llama_tokenize(l->vocab, text, (int32_t)size, out, capacity, special, special);
    if (count < 0 && count != INT32_MIN) {
        int32_t *more = realloc(out, (size_t)-count * sizeof *out);
        if (!more) {
            free(out);
            return jp_fail_memory(err);
        }
        out = more;
        count = llama_tokenize(l->vocab, text, (int32_t)size, out, -count, special, special);
    }
    if (count < 0) {
        free(out);
        return jp_fail(err, JOPA_ERROR_INPUT, "the model's tokenizer rejects this text");
    }
    *ids = out;
    *n = count;
    return JP_OK;
}

/* libllama writes a piece whole or not at all. */
static void write_part(const jp_local *l, int32_t id, bool special, int length, char *out, int size) {
    char *whole = malloc((size_t)length);
    if (whole && llama_token_to_piece(l->vocab, id, whole, length, 0, special) == length)
        memcpy(out, whole, (size_t)size);
    free(whole);
}

int jp_local_piece(void *self, int32_t id, bool special, char *out, int size) {
    const jp_local *l = self;
    if (id < 0 || id >= llama_vocab_n_tokens(l->vocab)) return 0;
    int length = llama_token_to_piece(l->vocab, id, out, size, 0, special);
    if (length < 0 && size > 0) write_part(l, id, special, -length, out, size);
    return length < 0 ? -length : length;
}

static int run_template(const char *name, const struct llama_chat_message *chat, int n, bool add_assistant, char **text,
                        jopa_error *err) {
    int need = llama_chat_apply_template(name, chat, (size_t)n, add_assistant, NULL, 0);
    if (need < 0)
        return jp_fail(
            err, JOPA_ERROR_UNSUPPORTED,
            "libllama does not know this model's chat template: write the whole prompt yourself and set `raw`");
    char *out = malloc((size_t)need + 1);
    if (!out) return jp_fail_memory(err);
    llama_chat_apply_template(name, chat, (size_t)n, add_assistant, out, need);
    out[need] = '\0';
    *text = out;
    return JP_OK;
}

int jp_local_apply_template(void *self, const char *const *roles, const char *const *contents, int n,
                            bool add_assistant, char **text, jopa_error *err) {
    const jp_local *l = self;
    const char     *name = llama_model_chat_template(l->model, NULL);
    if (!name)
        return jp_fail(err, JOPA_ERROR_UNSUPPORTED,
                       "this model has no chat template: set `raw` to use the text as it is");
    struct llama_chat_message *chat = malloc((size_t)(n > 0 ? n : 1) * sizeof *chat);
    if (!chat) return jp_fail_memory(err);
    for (int i = 0; i < n; i++) chat[i] = (struct llama_chat_message){roles[i], contents[i]};
    int status = run_template(name, chat, n, add_assistant, text, err);
    free(chat);
    return status;
}

const char *jp_local_template_source(void *self, const char *name) {
    return llama_model_chat_template(((jp_local *)self)->model, name);
}

bool jp_local_template_name(void *self, int index, char *out, int size) {
    static const char         prefix[] = "tokenizer.chat_template.";
    const struct llama_model *m = ((jp_local *)self)->model;
    char                      key[256];
    for (int i = 0; i < llama_model_meta_count(m); i++) {
        if (llama_model_meta_key_by_index(m, i, key, sizeof key) < 0 || strncmp(key, prefix, sizeof prefix - 1))
            continue;
        if (index-- > 0) continue;
        snprintf(out, (size_t)size, "%s", key + sizeof prefix - 1);
        return true;
    }
    return false;
}

int32_t jp_local_token_called(void *self, const char *part) {
    const struct llama_vocab *v = ((jp_local *)self)->vocab;
    if (!strcmp(part, "bos")) return llama_vocab_bos(v);
    if (!strcmp(part, "eos")) return llama_vocab_eos(v);
    if (!strcmp(part, "pad")) return llama_vocab_pad(v);
    return strcmp(part, "sep") ? -1 : llama_vocab_sep(v);
}
