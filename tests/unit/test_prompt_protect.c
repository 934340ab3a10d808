/* Text that is to stay: its units are none any more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_source.h"
#include "prompt/protect.h"

static const char *const roles[] = {"system", "user"};

static int build(fake *f, jp_prompt *p, const char *system, const char *user, jp_prompt_options o, jopa_error *e) {
    const char *contents[] = {system, user};
    o.roles = roles;
    o.contents = contents;
    o.n = 2;
    *p = (jp_prompt){0};
    return jp_prompt_build(p, &f->source, &o, e);
}

static void assert_shown(fake *f, const char *system, const char *user, jp_prompt_options o, const char *expected) {
    char       shown[1024];
    jp_prompt  p;
    jopa_error e = {0};
    if (build(f, &p, system, user, o, &e)) fail_msg("%s", e.message);
    fake_show(f, &p, shown, sizeof shown);
    if (!strstr(shown, expected)) fail_msg("%s", shown);
    assert_prompt(&p);
    jp_prompt_free(&p);
}

static void assert_refused(fake *f, const char *user, jp_prompt_options o, int code, const char *message) {
    jp_prompt  p;
    jopa_error e = {0};
    assert_int_equal(build(f, &p, "Be kind.", user, o, &e), code);
    if (!strstr(e.message, message)) fail_msg("%s", e.message);
    assert_null(p.text);
}

static void kept_texts(void **state) {
    const char *const one[] = {"the doctor"}, *const part[] = {"oc"};
    (void)state;
    fake f;
    fake_open(&f, FAKE_CHATML);
    assert_shown(&f, "Be kind.", "ask the doctor for the doctor now",
                 (jp_prompt_options){.unit = "word", .keep = one, .n_keep = 1},
                 "|0:ask|-: the|-: doctor|1: for|-: the|-: doctor|2: now|");
    assert_shown(&f, "Be kind.", "ask the doctor now", (jp_prompt_options){.unit = "word", .keep = part, .n_keep = 1},
                 "|0:ask|1: the|-: doctor|2: now|"); /* a part of a unit keeps all of it */
    assert_shown(&f, "Be kind.", "Go home. Ask the doctor. Sleep.",
                 (jp_prompt_options){.unit = "sentence", .keep = one, .n_keep = 1},
                 "|0:Go|0: home|0:.|-: Ask|-: the|-: doctor|-:.|1: Sleep|1:.|");
    fake_close(&f);
}

static void kept_marks(void **state) {
    (void)state;
    fake f;
    fake_open(&f, FAKE_TRIMMING);
    assert_shown(&f, "Be kind.", " ask {{the doctor}} now", (jp_prompt_options){.unit = "word", .keep_marked = true},
                 "|0:ask|-: the|-: doctor|1: now|");
    assert_shown(&f, "Be {{kind}}.", "ask the doctor", (jp_prompt_options){.unit = "word", .keep_marked = true},
                 "|-:}|-:}|"); /* not of a role that may be hidden: braces are text */
    assert_shown(&f, "Be {{kind}}.", "ask",
                 (jp_prompt_options){.unit = "word", .keep_marked = true, .mask_roles = "all"}, "|0:Be|-: kind|-:.|");
    fake_close(&f);
}

static void what_cannot_be_kept(void **state) {
    const char *const missing[] = {"nurse"}, *const empty[] = {""}, *const all[] = {"ask", "doctor"};
    (void)state;
    fake f;
    fake_open(&f, FAKE_CHATML);
    assert_refused(&f, "ask doctor", (jp_prompt_options){.keep = missing, .n_keep = 1}, JOPA_ERROR_INPUT,
                   "'nurse' does not occur");
    assert_refused(&f, "ask doctor", (jp_prompt_options){.keep = empty, .n_keep = 1}, JOPA_ERROR_INPUT, "empty");
    assert_refused(&f, "ask doctor", (jp_prompt_options){.unit = "word", .keep = all, .n_keep = 2}, JOPA_ERROR_INPUT,
                   "to be kept");
    assert_refused(&f, "{{ask doctor}}", (jp_prompt_options){.keep_marked = true}, JOPA_ERROR_INPUT, "to be kept");
    assert_refused(&f, "{{ask}} doctor", (jp_prompt_options){.unit = "marked", .keep_marked = true}, JOPA_ERROR_USAGE,
                   "another unit");
    assert_refused(&f, "{{ask doctor", (jp_prompt_options){.keep_marked = true}, JOPA_ERROR_INPUT, "{{");
    fake_close(&f);
}

static void all_roles(void **state) {
    jp_prompt  p;
    jopa_error e = {0};
    (void)state;
    fake f;
    fake_open(&f, FAKE_CHATML);
    assert_int_equal(build(&f, &p, "Be kind.", "ask now", (jp_prompt_options){.unit = "word", .mask_roles = "all"}, &e),
                     JP_OK);
    assert_int_equal(p.n_units, 4);
    assert_int_equal(p.spans[p.units[0].role].message, 0);
    assert_int_equal(p.spans[p.units[3].role].message, 1);
    jp_prompt_free(&p);
    assert_int_equal(build(&f, &p, "", "ask now", (jp_prompt_options){.unit = "word", .mask_roles = "all"}, &e), JP_OK);
    assert_int_equal(p.n_units, 2);
    assert_int_equal(p.spans[p.units[0].role].message, 1); /* an empty message has no span, but its number */
    jp_prompt_free(&p);
    fake_close(&f);
}

static void restricting(void **state) {
    char       shown[512];
    jp_prompt  p;
    jopa_error e = {0};
    (void)state;
    fake f;
    fake_open(&f, FAKE_CHATML);
    assert_int_equal(build(&f, &p, "Be kind.", "one two three four", (jp_prompt_options){.unit = "word"}, &e), JP_OK);
    size_t from = (size_t)(strstr(p.text, "two") - p.text);
    jp_units_restrict(&p, (jp_range[]){{from, from + 9}}, 1);
    fake_show(&f, &p, shown, sizeof shown);
    assert_non_null(strstr(shown, "|-:one|0: two|1: three|-: four|"));
    assert_int_equal(p.n_units, 2);
    assert_unit(&p, 1, "three");
    jp_units_restrict(&p, NULL, 0);
    assert_int_equal(p.n_units, 0);
    jp_prompt_free(&p);
    fake_close(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kept_texts), cmocka_unit_test(kept_marks),  cmocka_unit_test(what_cannot_be_kept),
        cmocka_unit_test(all_roles),  cmocka_unit_test(restricting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
