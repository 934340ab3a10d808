/* Random models of a few kilobytes as GGUF files, so that engines are tested on real files without a download.
 * The same options and seed give the same file.
 *
 * Vocabulary: SentencePiece-like, bytes as a fallback, so that every text can be tokenized and tokens join back to
 * the text. Ids: 0 <unk>, 1 <s>, 2 </s>, 3 <|im_start|>, 4 <|im_end|> (end of turn), 5.. 260 bytes, then printable
 * ASCII and some words. The chat template is ChatML. */
#ifndef TINY_GGUF_H
#define TINY_GGUF_H

#include <ggml.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct {
    const char *architecture; /* NULL: "llama"; covered: llama qwen2 qwen3 smollm3 granite mistral3; others get llama's
                                 tensors */
    int            n_layer;   /* 0: 3 (smollm3: 5, so that one layer has no RoPE) */
    int            n_embd;    /* 0: 64 */
    int            n_head;    /* 0: 4 */
    int            n_head_kv; /* 0: 2 */
    int            head_size; /* 0: n_embd / n_head */
    int            n_ff;      /* 0: 96 */
    int            context;   /* 0: 2048 */
    enum ggml_type type;      /* of the matrices (0: F32); rows must be multiples of its block */
    enum ggml_type embedding_type; /* of token_embd (0: F32) */
    bool           untied;         /* an output matrix of its own */
    bool           biases;         /* attention and feed-forward biases where libllama reads them */
    bool           rope_factors;   /* a rope_freqs tensor, as Llama 3 has */
    const char    *rope_scaling;   /* NULL, "linear" or "yarn" (factor 2) */
    bool           fused_qkv;      /* one attn_qkv matrix in place of three */
    bool           no_bos;         /* the tokenizer does not ask for <s> first */
    const char    *chat_template;  /* NULL: ChatML */
    const char    *named_template; /* one more, called "short"; NULL: none */
    uint64_t       seed;
} tiny_gguf_options;

enum { TINY_UNK = 0, TINY_BOS = 1, TINY_EOS = 2, TINY_IM_START = 3, TINY_IM_END = 4, TINY_BYTE_0 = 5 };

/* Write the model; `o` may be NULL (all defaults). Returns 0, or -1 when the file cannot be written. */
int tiny_gguf_write(const char *path, const tiny_gguf_options *o);

#endif
