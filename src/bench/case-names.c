#include "bench/case-names.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/excerpt.h"

/* ---- names of a file ------------------------------------------------------------------------------------------------
 */

/* Where the last `parts` parts of the path begin, or its beginning. */
static const char *last_parts(const char *path, int parts) {
    const char *at = path + strlen(path);
    while (at > path && (at[-1] != '/' || --parts > 0)) at--;
    return at;
}

static bool whole_path(const char *path, int parts) { return last_parts(path, parts) == path; }

/* How many parts the path has. */
static int count_parts(const char *path) {
    int n = 1;
    while (!whole_path(path, n)) n++;
    return n;
}

/* Name `level` of the file: "test", "b/test", ... up to the whole path, then with its ending, then with a number. */
static char *file_name(const char *path, int level) {
    jp_buffer   out = {0};
    int         parts = count_parts(path);
    const char *from = last_parts(path, level < parts ? level + 1 : parts), *base = last_parts(path, 1);
    size_t      stem = strcspn(base, ".");
    if (level >= parts || !stem) stem = strlen(base);
    jp_buffer_bytes(&out, from, (size_t)(base - from) + stem);
    if (level > parts) jp_buffer_format(&out, "#%d", level - parts + 1);
    return jp_buffer_take(&out, NULL);
}

/* ---- ids ------------------------------------------------------------------------------------------------------------
 */

/* What cases 0..n-1 and the results know by the id. */
static jp_id_use use_of(const jp_cases *c, int n, const char *id, const jp_case *one, const jp_known_ids *known) {
    for (int i = 0; i < n; i++)
        if (!strcmp(c->items[i].id, id)) return strcmp(c->items[i].digest, one->digest) ? JP_ID_OTHER : JP_ID_SAME;
    return known ? known->look(known->user, id, one) : JP_ID_FREE;
}

static char *made_id(const char *name, const jp_case *one) {
    jp_buffer id = {0};
    if (one->id) jp_buffer_format(&id, "%s/%s", name, one->id);
    else jp_buffer_format(&id, "%s-%d", name, one->place);
    return jp_buffer_take(&id, NULL);
}

/* Whether no case of the file gets an id that is another prompt's. */
static int fits_name(const jp_cases *c, int from, const char *name, const jp_known_ids *known, bool *out,
                     jopa_error *e) {
    *out = true;
    for (int i = from; i < c->n && *out; i++) {
        const jp_case *one = &c->items[i];
        if (one->id && use_of(c, from, one->id, one, known) != JP_ID_OTHER) continue; /* keeps its own */
        char *id = made_id(name, one);
        if (!id) return jp_fail_memory(e);
        *out = use_of(c, from, id, one, known) != JP_ID_OTHER;
        free(id);
    }
    return JP_OK;
}

/* The first name of the file that fits, malloc'd. */
static int choose_name(const jp_cases *c, int from, const char *file, const jp_known_ids *known, char **out,
                       jopa_error *e) {
    bool fine = false;
    int  status = JP_OK;
    for (int level = 0; !fine && !status; level++) {
        char *name = file_name(file, level);
        status = name ? fits_name(c, from, name, known, &fine, e) : jp_fail_memory(e);
        if (!status && fine) *out = name;
        else free(name);
    }
    return status;
}

/* ---- naming ---------------------------------------------------------------------------------------------------------
 */

static void warn_id(const jp_source *s, const jp_case *one, const char *id) {
    char what[512];
    jp_one_line(what, sizeof what, "its id '%s' is another prompt's: it goes by '%s'", jp_excerpt(one->id, 100).text,
                jp_excerpt(id, 200).text);
    jp_source_note(s, one->place, what);
}

static int name_case(const jp_cases *c, int from, jp_case *one, const char *name, const jp_source *s,
                     const jp_known_ids *known, jopa_error *e) {
    if (!one->task) one->task = strdup(name);
    if (!one->task) return jp_fail_memory(e);
    if (one->id && use_of(c, from, one->id, one, known) != JP_ID_OTHER) return JP_OK;
    char *id = made_id(name, one);
    if (!id) return jp_fail_memory(e);
    if (one->id) warn_id(s, one, id);
    free(one->id);
    one->id = id;
    return JP_OK;
}

/* Leave out what has an id that an earlier case has. */
static void drop_doubles(jp_cases *c, int from, const jp_source *s) {
    int kept = from;
    for (int i = from; i < c->n; i++) {
        jp_case one = c->items[i];
        bool    there = false;
        for (int j = 0; j < kept && !there; j++) there = !strcmp(c->items[j].id, one.id);
        if (!there) {
            c->items[kept++] = one;
            continue;
        }
        char what[512];
        jp_one_line(what, sizeof what, "its id '%s' was there before", jp_excerpt(one.id, 200).text);
        jp_source_warn(s, one.place, what);
        jp_case_free(&one);
    }
    c->n = kept;
}

int jp_cases_name(jp_cases *c, int from, const jp_source *s, const jp_known_ids *known, jopa_error *e) {
    char *name = NULL;
    int   status = choose_name(c, from, s->file, known, &name, e);
    if (status) return status;
    for (int i = from; i < c->n && !status; i++) status = name_case(c, from, &c->items[i], name, s, known, e);
    free(name);
    if (!status) drop_doubles(c, from, s);
    return status;
}
