/* One value of one option, by itself. */
#include <float.h>
#include <limits.h>
#include <math.h>
#include <string.h>

#include "base/excerpt.h"
#include "base/number.h"
#include "base/parse.h"
#include "question/option.h"

static int refuse_value(const jp_option *o, const char *value, jopa_error *e) {
    return jp_fail(e, JOPA_ERROR_USAGE, "`%s` %s: %s", o->info.name, jp_excerpt(value, 80).text,
                   o->wrong ? o->wrong : "that is no value of this option");
}

static int check_integer(const jp_option *o, const char *value, jopa_error *e) {
    int      whole;
    uint64_t large;
    if (o->info.most > INT_MAX) return jp_parse_unsigned(value, &large) ? JP_OK : refuse_value(o, value, e);
    if (!jp_parse_integer(value, &whole)) return refuse_value(o, value, e);
    return whole >= o->info.least && whole <= o->info.most ? JP_OK : refuse_value(o, value, e);
}

static int check_number(const jp_option *o, const char *value, jopa_error *e) {
    double number;
    bool   fine = !strchr(" \t\n\v\f\r", *value) && jp_parse_double(value, NULL, &number) && isfinite(number) &&
                number <= o->info.most && (o->above ? number > o->info.least : number >= o->info.least);
    return fine ? JP_OK : refuse_value(o, value, e);
}

/* Whether `value` is in the row's list of names. A list that `jopa list` shows is looked up by the question. */
static bool is_listed(const char *list, const char *value) {
    size_t size = strlen(value);
    for (const char *at = list; *at;) {
        size_t length = strcspn(at, ",");
        if (length == size && !memcmp(at, value, size)) return true;
        at += length + (at[length] == ',');
    }
    return false;
}

int jp_option_check(const jp_option *o, const char *value, jopa_error *e) {
    const char *values = o->info.values;
    switch (o->type) {
    case JP_TYPE_INTEGER: return check_integer(o, value, e);
    case JP_TYPE_NUMBER: return check_number(o, value, e);
    case JP_TYPE_SWITCH:
        if (!strcmp(value, "true") || !strcmp(value, "false")) return JP_OK;
        return jp_fail(e, JOPA_ERROR_USAGE, "`%s` %s: true or false", o->info.name, jp_excerpt(value, 80).text);
    default:
        if (!values || !strncmp(values, "jopa list ", 10) || is_listed(values, value)) return JP_OK;
        return refuse_value(o, value, e);
    }
}
