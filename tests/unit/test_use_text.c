/* Texts around audit and compress: refusals, what is left of a chat, triggers counted, the JSON of both. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_source.h"
#include "report_fixture.h"
#include "use/paste.h"
#include "use/refusal.h"

/* ---- refusals ------------------------------------------------------------------------------------------------------
 */

static void expect_refusal(const char *response, const char *sentence) {
    bool       found;
    jp_range   r;
    jopa_error e = {0};
    assert_int_equal(jp_refusal_find(response, &found, &r, &e), JP_OK);
    if (found != (sentence != NULL)) fail_msg("%s", response);
    if (sentence && (r.end - r.start != strlen(sentence) || strncmp(response + r.start, sentence, r.end - r.start)))
        fail_msg("%.*s", (int)(r.end - r.start), response + r.start);
}

static void refusals(void **state) {
    (void)state;
    expect_refusal("I'm sorry, but I can't help with that.", "I'm sorry, but I can't help with that.");
    expect_refusal("Good question. I\xe2\x80\x99m sorry to say no. Ask a doctor.", "I\xe2\x80\x99m sorry to say no.");
    expect_refusal("Well. AS AN AI, I have no body. Bye.", "AS AN AI, I have no body.");
    expect_refusal("Here it is. It is easy.", NULL);
    expect_refusal("Paris, Hawaii cannot do that.", NULL); /* "i cannot" within a word */
    expect_refusal("", NULL);
    expect_refusal("I\xe2\x80", NULL);
}

static const char *const refusing[] = {
    "Lo siento, pero no puedo ayudar con eso.",
    "Je suis désolé, mais je ne peux pas vous aider.",
    "Je suis désolé, mais je ne peux malheureusement pas répondre à cette demande.",
    "Es tut mir leid, dabei kann ich nicht helfen.",
    "Diese Anfrage kann ich leider nicht beantworten.",
    "Mi dispiace, ma non posso aiutarti con questa richiesta.",
    "Desculpe, mas não posso ajudar com isso.",
    "Sorry, daar kan ik je niet bij helpen.",
    "Jag kan tyvärr inte hjälpa dig med det.",
    "Beklager, men jeg kan ikke hjelpe med det.",
    "Przepraszam, ale nie mogę w tym pomóc.",
    "Omlouvám se, ale s tím vám nemohu pomoci.",
    "Sajnálom, de ebben nem tudok segíteni.",
    "Извините, но я не могу помочь с этим.",
    "Вибачте, але я не можу допомогти з цим.",
    "Λυπάμαι, αλλά δεν μπορώ να βοηθήσω με αυτό.",
    "Üzgünüm, bu konuda yardımcı olamam.",
    "عذرًا، لا أستطيع مساعدتك في ذلك.",
    "متأسفم، نمی\u200cتوانم در این مورد کمک کنم.",
    "מצטער, אני לא יכול לעזור בזה.",
    "क्षमा करें, मैं इसमें आपकी मदद नहीं कर सकता।",
    "Maaf, saya tidak bisa membantu dengan itu.",
    "Xin lỗi, tôi không thể giúp bạn việc này.",
    "对不起，我不能帮助你完成这个请求。",
    "抱歉，我無法提供這方面的協助。",
    "申し訳ありませんが、そのご要望にはお応えできません。",
    "죄송하지만 그 요청은 도와드릴 수 없습니다.",
    "ขออภัย ฉันไม่สามารถช่วยเรื่องนี้ได้",
    "I decline to answer that.",
    "I'm not going to do that.",
    "I CAN\u2019T ASSIST WITH THAT.",
    "I cannot, in good conscience, help with this.",
    "I'm sorry, but I can't.",
    "I am unable to comply with your request.",
    "That goes against my guidelines.",
    "I'm afraid I can't do that.",
    "I must respectfully decline.",
    "My guidelines do not allow me to answer this.",
    "I can't tell you how to pick a lock.",
    "Das kann ich leider nicht tun.",
    "Ho sento, però no puc ajudar amb això.",
    "Съжалявам, но не мога да помогна с това.",
    "Žao mi je, ali ne mogu pomoći s tim.",
    "Atsiprašau, bet negaliu padėti.",
    "Samahani, siwezi kukusaidia na hilo.",
    "抱歉，这个问题无法回答。",
    "معذرت، میں اس میں مدد نہیں کر سکتا۔",
};

static void refusals_in_other_words(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof refusing / sizeof *refusing; i++) expect_refusal(refusing[i], refusing[i]);
    expect_refusal("I'm sorry. I can't help you.", "I can't help you.");
}

static void what_is_no_refusal(void **state) {
    static const char *const texts[] = {
        "I can't wait to show you! Here is the recipe.",
        "I will not only list the parts but also explain each one.",
        "The verdict went against my team, and here is why.",
        "I can't help but admire how you share this.",
        "I'm sorry to hear that you are not well. Drink tea.",
        "I apologize for the confusion. Here is the list.",
        "These shoes are not comfortable. Try others.",
        "It is not appropriate to wear shorts there.",
        "As an AI, I love this question! Here is the answer.",
        "I can't find the answer in the book, so look it up online.",
        "¡No puedo esperar a ayudarte! Aquí tienes.",
        "Ich kann dir helfen. Es ist nicht schwer.",
        "Ich kann es kaum erwarten, dir zu helfen!",
        "Je ne peux que vous aider : voici la liste.",
        "我可以帮助你。这不难。",
        "お手伝いします。できますよ。",
        "Не могу дождаться, чтобы помочь!",
        "Mal posso esperar para ajudar!",
        "Ik kan je helpen.",
        "I couldn't help laughing at how you share this.",
        "I can't tell you how much I like to help.",
        "I can't begin to explain how glad I am.",
        "Ich kann dir nicht nur helfen, sondern auch zeigen, wie es geht.",
        "No puedo dejar de compartir esta receta.",
        "I can't give up now: here is the next step.",
        "Lo siento por la demora. Aquí está la lista.",
    };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) expect_refusal(texts[i], NULL);
}

/* ---- what is left of a chat
 * ------------------------------------------------------------------------------------------ */

static const char *const roles[] = {"system", "user"};

static void expect_left(fake_template kind, const char *system, const char *user, const char *unit, const int *out,
                        int n, const char *left_system, const char *left_user) {
    const char       *contents[] = {system, user};
    jp_prompt_options o = {.roles = roles, .contents = contents, .n = 2, .unit = unit, .mask_roles = "all"};
    jp_result_turn    turns[2] = {0};
    jopa_error        e = {0};
    jp_prompt         p = {0};
    jp_bitset         set;
    fake              f;
    fake_open(&f, kind);
    if (jp_prompt_build(&p, &f.source, &o, &e)) fail_msg("%s", e.message);
    assert_int_equal(jp_bitset_init(&set, p.n_units), JP_OK);
    for (int i = 0; i < n; i++) jp_bitset_add(&set, out[i]);
    assert_int_equal(jp_paste(&p, &set, roles, contents, 2, NULL, true, turns, &e), JP_OK);
    assert_string_equal(turns[0].role, "system");
    assert_string_equal(turns[0].content, left_system);
    assert_string_equal(turns[1].content, left_user);
    for (int i = 0; i < 2; i++) {
        free(turns[i].role);
        free(turns[i].content);
    }
    jp_bitset_free(&set);
    jp_prompt_free(&p);
    fake_close(&f);
}

static void pasted_texts(void **state) {
    (void)state;
    expect_left(FAKE_CHATML, "Be kind.", "Write the  story\nof one doctor.", "word", (int[]){3, 5, 7}, 3, "Be kind.",
                "Write  story\n one");
    expect_left(FAKE_CHATML, "Be kind.", "one two", "word", (int[]){0, 1, 2}, 3, "", "two");
    expect_left(FAKE_CHATML, "", "one two three", "word", (int[]){1}, 1, "", "one three");
    expect_left(FAKE_CHATML, " kept as it is ", " one two ", "word", NULL, 0, " kept as it is ", " one two ");
    expect_left(FAKE_CHATML, "", "how\nmany\nare there", "word", (int[]){1}, 1, "", "how\nare there");
    expect_left(FAKE_CHATML, "", "one two\r\nthree", "word", (int[]){1}, 1, "", "one\r\nthree");
    expect_left(FAKE_TWICE, "Be kind.", "one two", "word", (int[]){0}, 1, "kind.",
                "one two"); /* the first copy speaks */
}

/* ---- triggers
 * --------------------------------------------------------------------------------------------------------- */

static void add_trigger(jp_result_trigger **list, int *n, const char *text, size_t start) {
    *list = realloc(*list, ((size_t)*n + 1) * sizeof **list);
    (*list)[(*n)++] = (jp_result_trigger){strdup(text), strdup("user"), 1, start, start + 1, 4, 2.5};
}

/* An audit of the fixture's question whose set has these sentences and words. */
static jopa_result *audited(bool reached, const char *sentence, const char *other, const char *word) {
    jopa_result     *r = fixture_result();
    jp_explanation  *x = &r->items[0];
    jp_result_audit *a = &x->audit;
    *a = (jp_result_audit){.present = true,
                           .threshold = 0.5,
                           .until = strdup("probability"),
                           .reached = reached,
                           .drop_per_token = 1.25,
                           .unmasked_response = strdup("They \"met\"."),
                           .similarity = NAN,
                           .words_reached = true,
                           .words_drop_per_token = 0.75,
                           .words_response = strdup("They")};
    add_trigger(&a->sentences, &a->n_sentences, sentence, 30);
    if (other) add_trigger(&a->sentences, &a->n_sentences, other, 34);
    if (word) add_trigger(&a->words, &a->n_words, word, 31);
    free(x->command);
    x->command = strdup("audit");
    free(r->command);
    r->command = strdup("audit");
    x->id = strdup("question one");
    return r;
}

static jopa_result *audited_list(void) {
    jopa_result *list = NULL;
    jopa_result *parts[] = {audited(true, "Say  HELLO!", NULL, "hello"),
                            audited(true, "other one.", "say hello", "Hello,"),
                            audited(false, "Say hello.", NULL, NULL), audited(true, "say hello?", "say hello", NULL)};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        assert_int_equal(jopa_audit_join(&list, parts[i], NULL), JOPA_OK);
    return list;
}

static void triggers_are_counted_by_question(void **state) {
    (void)state;
    jopa_result            *r = audited_list();
    const jp_trigger_count *found = r->triggers;
    assert_int_equal(jopa_result_count(r), 4);
    assert_true(jopa_result_triggered(r, 0) && !jopa_result_triggered(r, 2) && !jopa_result_triggered(r, 4));
    assert_int_equal(r->n_triggers, 3);
    assert_string_equal(found[0].text, "say hello");
    assert_int_equal(found[0].questions, 3);
    assert_string_equal(found[1].text, "hello");
    assert_true(found[1].word && found[1].questions == 2);
    assert_string_equal(found[2].text, "other one");
    jopa_result_free(r);
}

/* ---- JSON and the other formats -------------------------------------------------------------------------------------
 */

static void expect_same_when_read(jopa_result *r, const char *const *formats) {
    jopa_error   e = {0};
    jopa_result *again = NULL;
    char        *json = fixture_render(r, "json", 0, false, false);
    if (jopa_result_parse(&again, json, strlen(json), &e)) fail_msg("%s", e.message);
    for (; *formats; formats++) {
        char *direct = fixture_render(r, *formats, 70, false, false),
             *saved = fixture_render(again, *formats, 70, false, false);
        assert_string_equal(direct, saved);
        free(direct);
        free(saved);
    }
    free(json);
    jopa_result_free(again);
    jopa_result_free(r);
}

static void audits_are_read_back(void **state) {
    (void)state;
    expect_same_when_read(audited(true, "Say hello.", "And more.", "hello"),
                          (const char *const[]){"json", "text", "html", "svg", "csv", "markdown", NULL});
    expect_same_when_read(audited_list(), (const char *const[]){"json", "text", NULL});
    jopa_result *one = NULL; /* a list of one stays a list */
    assert_int_equal(jopa_audit_join(&one, audited(false, "Say hello.", NULL, NULL), NULL), JOPA_OK);
    expect_same_when_read(one, (const char *const[]){"json", "text", NULL});
}

static void lists_have_two_formats(void **state) {
    (void)state;
    jopa_result *r = audited_list();
    jopa_error   e = {0};
    assert_null(jopa_result_render(r, "html", NULL, NULL, &e));
    assert_int_equal(e.code, JOPA_ERROR_USAGE);
    jopa_result_free(r);
}

static void triggers_outside_the_prompt_are_refused(void **state) {
    (void)state;
    jopa_result *r = audited(true, "Say hello.", NULL, NULL), *again = NULL;
    jopa_error   e = {0};
    r->items[0].audit.sentences[0].end = 100000;
    char *json = fixture_render(r, "json", 0, false, false);
    assert_int_equal(jopa_result_parse(&again, json, strlen(json), &e), JOPA_ERROR_INPUT);
    assert_non_null(strstr(e.message, "trigger outside"));
    free(json);
    jopa_result_free(r);
}

static jopa_result *compressed(bool cut_system) {
    jopa_result           *r = fixture_result();
    jp_explanation        *x = &r->items[0];
    jp_result_compression *c = &x->compression;
    *c = (jp_result_compression){.present = true,
                                 .text = strdup("A \"doctor\"\nmeets."),
                                 .tokens = 20,
                                 .tokens_left = 12,
                                 .ratio = 0.4,
                                 .tolerance = 0.1,
                                 .drop = 0.64,
                                 .drop_per_token = 0.08,
                                 .reached = true,
                                 .n_turns = 2};
    c->turns = calloc(2, sizeof *c->turns);
    c->turns[0] = (jp_result_turn){strdup("system"), strdup("Be <b>kind</b>.")};
    c->turns[1] = (jp_result_turn){strdup("user"), strdup(c->text)};
    if (cut_system) x->units[0].start = x->messages[0].start;
    return r;
}

static void compressions_are_read_back(void **state) {
    (void)state;
    jopa_result *r = compressed(false);
    assert_string_equal(jopa_result_compressed(r, 0), "A \"doctor\"\nmeets.");
    assert_null(jopa_result_compressed(r, 1));
    expect_same_when_read(r, (const char *const[]){"json", "text", "html", "prompt", "csv", "markdown", NULL});
}

static void the_shorter_prompt_alone(void **state) {
    (void)state;
    jopa_result *r = compressed(false);
    char        *text = fixture_render(r, "prompt", 0, false, false);
    assert_string_equal(text, "A \"doctor\"\nmeets.\n");
    free(text);
    jopa_result_free(r);
    r = compressed(true); /* both messages could be cut: a chat */
    text = fixture_render(r, "prompt", 0, false, false);
    assert_string_equal(text, "[{\"role\": \"system\", \"content\": \"Be <b>kind</b>.\"},\n"
                              " {\"role\": \"user\", \"content\": \"A \\\"doctor\\\"\\nmeets.\"}]\n");
    free(text);
    jopa_result_free(r);
    r = fixture_result();
    jopa_error e = {0};
    assert_null(jopa_result_render(r, "prompt", NULL, NULL, &e));
    assert_int_equal(e.code, JOPA_ERROR_USAGE);
    jopa_result_free(r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refusals),
        cmocka_unit_test(refusals_in_other_words),
        cmocka_unit_test(what_is_no_refusal),
        cmocka_unit_test(pasted_texts),
        cmocka_unit_test(triggers_are_counted_by_question),
        cmocka_unit_test(audits_are_read_back),
        cmocka_unit_test(lists_have_two_formats),
        cmocka_unit_test(triggers_outside_the_prompt_are_refused),
        cmocka_unit_test(compressions_are_read_back),
        cmocka_unit_test(the_shorter_prompt_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
