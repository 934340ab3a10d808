#include "use/refusal.h"

#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "prompt/boundary.h"

/* Lower case, with the ASCII apostrophe. */
static const char *const phrases[] = {
    "i'm sorry",
    "i am sorry",
    "i apologize",
    "i apologise",
    "my apologies",
    "i can't",
    "i cannot",
    "i can not",
    "i could not",
    "i won't",
    "i will not",
    "i'm unable",
    "i am unable",
    "i'm not able",
    "i am not able",
    "i'm not allowed",
    "i am not allowed",
    "i must decline",
    "i have to decline",
    "as an ai",
    "as a language model",
    "i'm just an ai",
    "i am just an ai",
    "i do not have the ability",
    "i don't have the ability",
    "unable to assist",
    "cannot assist",
    "can't assist",
    "cannot help",
    "can't help",
    "unable to help",
    "not comfortable",
    "against my",
    "it is not appropriate",
    "it's not appropriate",
};

/* Whether `text` begins with the phrase, in any case and with any apostrophe. */
static bool begins(const char *text, const char *phrase) {
    for (; *phrase; phrase++) {
        if (*phrase == '\'' && !strncmp(text, "\xe2\x80\x99", 3)) text += 3; /* U+2019 */
        else if (jp_ascii_lower(*text++) != *phrase) return false;
    }
    return true;
}

static bool is_word_byte(char c) {
    return (jp_ascii_lower(c) >= 'a' && jp_ascii_lower(c) <= 'z') || (unsigned char)c >= 0x80;
}

static bool find_phrase(const char *text, size_t *at) {
    for (size_t i = 0; text[i]; i++) {
        if (i && is_word_byte(text[i - 1])) continue;
        for (size_t p = 0; p < sizeof phrases / sizeof *phrases; p++) {
            if (!begins(text + i, phrases[p])) continue;
            *at = i;
            return true;
        }
    }
    return false;
}

int jp_refusal_find(const char *response, bool *found, jp_range *out, jopa_error *e) {
    size_t    at = 0;
    jp_range *sentences = NULL;
    int       n = 0;
    *found = find_phrase(response, &at);
    if (!*found) return JP_OK;
    *out = (jp_range){0, strlen(response)};
    int status = jp_boundary_find(JP_UNIT_SENTENCE, response, *out, &sentences, &n, e);
    for (int i = 0; i < n && !status; i++)
        if (sentences[i].start <= at && at < sentences[i].end) *out = jp_boundary_trim(response, sentences[i]);
    free(sentences);
    return status;
}
