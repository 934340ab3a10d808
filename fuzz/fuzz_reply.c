/* A server's reply: log-probabilities that can be some, tokens with as many pieces, or one line that says what is
 * wrong. The first line names the dialect, its variant and what was asked for; then the reply. */
#include "fuzz.h"

#include <jansson.h>
#include <math.h>

#include "remote_row.h"

static void check_line(const char *text, size_t room) {
    CHECK(memchr(text, '\0', room) && !strchr(text, '\n') && !strchr(text, '\x1b'));
}

static void read_score(const jp_server *s, const json_t *reply) {
    for (int first = 0; first < REMOTE_RESPONSE; first += 3) {
        jp_wire_row row = remote_row();
        float       out[REMOTE_RESPONSE];
        int64_t     decoded = 0;
        char        why[256] = "";
        row.first = first;
        bool fine = s->dialect->read_score(s, &row, reply, out, &decoded, why, sizeof why);
        CHECK(fine || *why);
        check_line(why, sizeof why);
        for (int t = 0; fine && t < row.last - row.first; t++)
            CHECK(isfinite(out[t]) && out[t] <= 0 && out[t] >= -10000);
    }
}

static void check_tokens(jp_wire_tokens *t, bool fine) {
    for (int i = 0; fine && i < t->n; i++) {
        CHECK(t->ids[i] >= 0);
        if (t->pieces) CHECK(t->sizes[i] >= 0 && t->pieces[i][t->sizes[i]] == '\0');
    }
    jp_wire_tokens_free(t);
}

static void read_reply(const jp_server *s, const char *asked, const json_t *reply) {
    jp_wire_tokens t = {0};
    if (!strcmp(asked, "score")) read_score(s, reply);
    else if (!strcmp(asked, "generated") && s->dialect->read_generated)
        check_tokens(&t, s->dialect->read_generated(reply, &t));
    else if (s->dialect->read_tokens)
        check_tokens(&t, s->dialect->read_tokens(reply,
                                                 strcmp(asked, "chat") ? "Gr\xc3\xbc\xc3\x9f"
                                                                         "e \xf0\x9f\xa6\x99 x"
                                                                       : NULL,
                                                 &t));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text = fuzz_text(data, size), *body = text, reason[300];
    char *name = fuzz_line(&body), *variant = strchr(name, ' '), *asked = variant ? strchr(variant + 1, ' ') : NULL;
    jp_http_call call = {.reply = body, .size = size - (size_t)(body - text)};
    if (variant) *variant++ = '\0';
    if (asked) *asked++ = '\0';
    jp_server s = {.base = "http://127.0.0.1", .dialect = remote_dialect(name), .variant = variant && *variant == '1'};
    jp_http_reason(&call, reason, sizeof reason);
    check_line(reason, sizeof reason);
    json_t *reply = jp_http_json(&call);
    CHECK(reply || *call.problem);
    if (reply && s.dialect && asked) read_reply(&s, asked, reply);
    json_decref(reply);
    free(text);
    return 0;
}
