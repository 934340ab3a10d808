/* A small model's tokenizer and chat templates, for the tests of the prompt stage.
 * A token is a word with the space before it, a run of white space, or one punctuation mark; characters of three and
 * more bytes are cut after their second byte, as byte-level tokenizers do. */
#ifndef FAKE_SOURCE_H
#define FAKE_SOURCE_H

#include "prompt/build.h"

typedef enum {
    FAKE_CHATML,    /* <|im_start|>ROLE\nCONTENT<|im_end|>\n ... */
    FAKE_TRIMMING,  /* the same, contents trimmed */
    FAKE_PLAIN,     /* [INST] CONTENT [/INST]: no special token; the system's text inside the first user's */
    FAKE_LATE,      /* contents in reverse order, in a row */
    FAKE_TWICE,     /* <s>CONTENT|CONTENT of each message */
    FAKE_USER_ONLY, /* refuses every role but "user" */
    FAKE_DROPPING,  /* leaves system messages out without a word */
    FAKE_SHOUTING,  /* changes what follows the first space of a content */
} fake_template;

enum { FAKE_PIECES = 4096, FAKE_UNKNOWN = 3 };

typedef struct {
    fake_template    kind;
    bool             add_bos, add_eos;
    bool             space_prefix; /* SentencePiece: a space before each text that follows a special token */
    bool             lower_blocks; /* SentencePiece: U+2581 and the space are the same */
    bool             unknown;      /* characters beyond ASCII become token FAKE_UNKNOWN */
    bool             strips;       /* spaces after a special token vanish */
    bool             merges_lines; /* punctuation merges with the line ends after it: ".\n\n" */
    bool             merges_words; /* words merge with what follows without a space */
    bool             mangles;      /* loses a letter: no tokenizer at all */
    int              plain_calls;  /* times that text was tokenized without special tokens */
    char            *pieces[FAKE_PIECES];
    int              n_pieces;
    jp_prompt_source source; /* set by fake_open */
} fake;

void fake_open(fake *f, fake_template kind);
void fake_close(fake *f);

/* The pieces of p's tokens, each between bars; tokens in a unit carry its number: "|0: doctor|-:<|im_end|>|". */
void fake_show(const fake *f, const jp_prompt *p, char *out, size_t size);

/* Build from one user message; asserts success. */
void fake_build(fake *f, jp_prompt *p, const char *user, const char *unit);
/* Unit u's text equals `expected`; asserts. */
void assert_unit(const jp_prompt *p, int u, const char *expected);
/* Invariants of any prompt: ascending ranges, units contiguous, never cutting a character, within their span. */
void assert_prompt(const jp_prompt *p);

#endif
