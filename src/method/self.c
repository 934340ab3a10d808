/* The model is asked which words of the request mattered. Words that are not in the request are passed over; an answer
 * without any that is selects nothing. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/buffer.h"
#include "base/utf8.h"
#include "method/method.h"

enum { TOKENS_PER_UNIT = 8, TOKENS_MIN = 32, TOKENS_MAX = 512, WORDS_MAX = 6 };

/* ---- the question -------------------------------------------------------------------------------------------- */

static void append_pieces(jp_buffer *b, jp_engine *engine, const int32_t *ids, int n) {
    char piece[256];
    for (int i = 0; i < n; i++) {
        int size = engine->ops->piece(engine, ids[i], false, piece, sizeof piece);
        if (size > 0 && size < (int)sizeof piece) jp_buffer_bytes(b, piece, (size_t)size);
    }
}

/* The messages whose text may be hidden. */
static void append_request(jp_buffer *b, const jp_prompt *p) {
    for (int s = 0; s < p->n_spans; s++) {
        bool asked = false;
        for (int u = 0; u < p->n_units && !asked; u++) asked = p->units[u].role == s;
        if (!asked) continue;
        jp_buffer_bytes(b, p->text + p->spans[s].start, p->spans[s].end - p->spans[s].start);
        jp_buffer_text(b, "\n");
    }
}

static char *question(const jp_task *task, size_t *size) {
    const jp_problem *problem = jp_scorer_problem(task->scorer);
    jp_buffer         b = {0};
    jp_buffer_text(&b, "Here is a request and the answer to it.\n\nRequest: ");
    append_request(&b, problem->prompt);
    jp_buffer_text(&b, "\nAnswer: ");
    append_pieces(&b, jp_scorer_engine(task->scorer), problem->response, problem->n_response);
    jp_buffer_format(&b,
                     "\n\nWhich %d words of the request mattered most for this answer? Write only these words, copied "
                     "from the request, the most important first, separated by commas.",
                     task->k);
    char *raw = jp_buffer_take(&b, size), *text = raw ? jp_utf8_repair(raw, *size) : NULL;
    free(raw);
    return text;
}

/* The model's answer: malloc'd, NUL-terminated. */
static int ask_self(const jp_task *task, char **answer, jopa_error *e) {
    jp_engine *engine = jp_scorer_engine(task->scorer);
    size_t     size;
    char      *content = question(task, &size), *text = NULL;
    int32_t   *ids = NULL, reply[TOKENS_MAX];
    int        n = 0, max = task->k * TOKENS_PER_UNIT + TOKENS_MIN;
    jp_buffer  b = {0};
    int status = content ? engine->ops->apply_template(engine, &(const char *){"user"}, &(const char *){content}, 1,
                                                       true, &text, e)
                         : jp_fail_memory(e);
    if (!status) status = engine->ops->tokenize(engine, text, strlen(text), true, &ids, &n, e);
    jopa_generate_request rq = {
        .size = sizeof rq, .symbols = ids, .n_symbols = n, .max = max < TOKENS_MAX ? max : TOKENS_MAX, .out = reply};
    if (!status) status = engine->ops->generate(engine, &rq, e);
    if (!status) {
        append_pieces(&b, engine, reply, rq.n);
        jp_buffer_text(&b, "");
        if (!(*answer = jp_buffer_take(&b, NULL))) status = jp_fail_memory(e);
    }
    free(content);
    free(text);
    free(ids);
    return status;
}

/* ---- the answer ------------------------------------------------------------------------------------------------ */

/* Letters, digits and every byte of a character beyond ASCII. */
static bool in_word(char c) { return jp_ascii_is_alnum(c) || (unsigned char)c >= 0x80; }

static bool at_word(const char *text, size_t size, size_t at, size_t length) {
    return (at == 0 || !in_word(text[at - 1]) || !in_word(text[at])) &&
           (at + length == size || !in_word(text[at + length]) || !in_word(text[at + length - 1]));
}

/* Select the units that the bytes [start, end) touch, as far as k goes; how many. */
static int take_self(const jp_task *task, size_t start, size_t end, jp_selection *selection) {
    const jp_prompt *p = jp_scorer_problem(task->scorer)->prompt;
    int              taken = 0, held = jp_bitset_count(&selection->selected);
    for (int u = 0; u < p->n_units && held < task->k; u++) {
        if (p->units[u].start >= end || p->units[u].end <= start || jp_bitset_has(&selection->selected, u)) continue;
        jp_bitset_add(&selection->selected, u);
        selection->score[u] = task->k - held++;
        taken++;
    }
    return taken;
}

/* Find one word or phrase in the request, whatever its case, where it still has a unit to give; how many it gave. */
static int find_self(const jp_task *task, const char *word, size_t length, jp_selection *selection) {
    const jp_prompt *p = jp_scorer_problem(task->scorer)->prompt;
    int              taken = 0;
    for (size_t at = 0; length && !taken && at + length <= p->size; at++)
        if (jp_ascii_equal_nocase(p->text + at, word, length) && at_word(p->text, p->size, at, length))
            taken = take_self(task, at, at + length, selection);
    return taken;
}

/* "1. doctor", "- \"patient\"", "(surgery)": the words without numbers, bullets and quotes around them. */
static void trim_self(const char **word, size_t *length) {
    const char *from = *word, *end = from + *length, *digits = from;
    while (digits < end && jp_ascii_is_space(*digits)) digits++;
    const char *number = digits;
    while (digits < end && jp_ascii_is_digit(*digits)) digits++;
    if (digits > number && digits < end && (*digits == '.' || *digits == ')' || *digits == ':')) from = digits + 1;
    while (from < end && !in_word(*from)) from++;
    while (end > from && !in_word(end[-1])) end--;
    *word = from;
    *length = (size_t)(end - from);
}

/* The words of a short piece, one by one: a list without commas. */
static void find_words(const jp_task *task, const char *piece, size_t length, jp_selection *selection) {
    int words = 0;
    for (int pass = 0; pass < 2; pass++)
        for (size_t at = 0; at < length;) {
            size_t start = at;
            while (at < length && !jp_ascii_is_space(piece[at])) at++;
            const char *word = piece + start;
            size_t      size = at - start;
            trim_self(&word, &size);
            if (pass == 0) words += size > 0;
            else if (words <= WORDS_MAX) find_self(task, word, size, selection);
            at++;
        }
}

/* Pieces between commas, colons and line ends, each a phrase of the request or else a few words of it. */
static void parse_self(const jp_task *task, const char *answer, jp_selection *selection) {
    while (*answer) {
        size_t      length = strcspn(answer, ",;:\n"), size = length;
        const char *piece = answer;
        trim_self(&piece, &size);
        if (!find_self(task, piece, size, selection)) find_words(task, piece, size, selection);
        answer += length + (answer[length] != '\0');
    }
}

static int run_self(const jp_task *task, jp_selection *selection, jopa_error *e) {
    char *answer = NULL;
    int   status = ask_self(task, &answer, e);
    if (!status) parse_self(task, answer, selection);
    free(answer);
    return status;
}

const jp_method jp_method_self = {.name = "self",
                                  .summary = "the model is asked which words mattered",
                                  .needs = JP_CAN_GENERATE | JP_CAN_TOKENIZE,
                                  .run = run_self};
