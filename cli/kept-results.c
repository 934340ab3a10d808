#include "kept-results.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "file.h"
#include "say.h"

typedef struct {
    char  *id;
    off_t  at; /* of its line in the file */
    size_t size;
    int    line;
} kept;

struct kept_results {
    const char *path; /* NULL: standard output */
    int         file;
    kept       *items;
    int         n, capacity;
};

/* ---- opening ------------------------------------------------------------------------------------------------------
 */

static int cannot(const kept_results *k, const char *what) {
    return say(EXIT_FAILED, "cannot %s '%s': %s", what, k->path ? k->path : "standard output", strerror(errno));
}

static int not_ours(const kept_results *k, int line, const char *why) {
    return say(EXIT_FAILED, "'%s', line %d is no result of a question with an id (%s): choose another file of results",
               k->path, line, why);
}

static bool add_kept(kept_results *k, const char *id, off_t at, size_t size, int line) {
    if (k->n == k->capacity) {
        int   capacity = k->capacity ? 2 * k->capacity : 64;
        kept *more = realloc(k->items, (size_t)capacity * sizeof *more);
        if (!more) return false;
        k->items = more;
        k->capacity = capacity;
    }
    k->items[k->n] = (kept){strdup(id), at, size, line};
    return k->items[k->n++].id != NULL;
}

/* One whole line. -1, or the exit code. */
static int read_kept(kept_results *k, const char *text, size_t size, off_t at, int line) {
    jopa_result *r = NULL;
    jopa_error   e = {0};
    int          code = -1;
    if (jopa_result_parse(&r, text, size, &e)) return not_ours(k, line, e.message);
    const char *id = jopa_result_text(r, 0, "id");
    if (!id) code = not_ours(k, line, "it has no \"id\"");
    else if (!add_kept(k, id, at, size, line)) code = say(EXIT_FAILED, "out of memory");
    jopa_result_free(r);
    return code;
}

/* What a killed run left behind the last newline, if it can be that. */
static int cut_off_rest(const kept_results *k, const char *text, size_t size, off_t at, int line) {
    static const char start[] = "{\"schema\": 1,";
    size_t            known = size < sizeof start - 1 ? size : sizeof start - 1;
    if (memcmp(text, start, known)) return not_ours(k, line, "it is no result");
    return ftruncate(k->file, at) ? cannot(k, "write") : -1;
}

static int read_all_kept(kept_results *k) {
    FILE   *f = fdopen(dup(k->file), "rb");
    char   *text = NULL;
    size_t  room = 0;
    ssize_t size;
    off_t   at = 0;
    int     code = f ? -1 : cannot(k, "read");
    for (int line = 1; code < 0 && (size = getline(&text, &room, f)) > 0; line++, at += size) {
        bool ended = text[size - 1] == '\n';
        if (!ended) code = cut_off_rest(k, text, (size_t)size, at, line);
        else if (text[strspn(text, " \t\r\n")]) code = read_kept(k, text, (size_t)size, at, line);
    }
    if (code < 0 && ferror(f)) code = cannot(k, "read");
    free(text);
    if (f) fclose(f);
    return code;
}

static int open_kept(kept_results *k) {
    struct stat info;
    k->file = open(k->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (k->file < 0) return cannot(k, "write");
    if (fstat(k->file, &info)) return cannot(k, "read");
    if (!S_ISREG(info.st_mode)) return say(EXIT_FAILED, "'%s' is no file that can be resumed from", k->path);
    if (flock(k->file, LOCK_EX | LOCK_NB))
        return say(EXIT_FAILED, "'%s' is being written by another run: wait for it, or choose another file", k->path);
    return read_all_kept(k);
}

int kept_results_open(kept_results **out, const char *path) {
    kept_results *k = calloc(1, sizeof *k);
    if (!k) return say(EXIT_FAILED, "out of memory");
    *k = (kept_results){.path = path, .file = STDOUT_FILENO};
    int code = path ? open_kept(k) : -1;
    if (code < 0) *out = k;
    else kept_results_close(k);
    return code;
}

void kept_results_close(kept_results *k) {
    if (!k) return;
    for (int i = 0; i < k->n; i++) free(k->items[i].id);
    free(k->items);
    if (k->path && k->file >= 0) close(k->file);
    free(k);
}

/* ---- asking -------------------------------------------------------------------------------------------------------
 */

/* The result of its line, read again; NULL: told. */
static jopa_result *parse_kept(const kept_results *k, const kept *item) {
    jopa_result *r = NULL;
    jopa_error   e = {0};
    char        *text = malloc(item->size);
    ssize_t      size = text ? pread(k->file, text, item->size, item->at) : -1;
    if (size != (ssize_t)item->size) cannot(k, "read");
    else if (jopa_result_parse(&r, text, item->size, &e)) say_error(&e);
    free(text);
    return r;
}

int kept_results_have(kept_results *k, const jopa_model *m, const jopa_options *asked, bool *known) {
    const kept *item = NULL;
    jopa_error  e = {0}, why = {0};
    const char *id = jopa_options_get(asked, "id");
    for (int i = 0; i < k->n && !item; i++)
        if (!strcmp(k->items[i].id, id)) item = &k->items[i];
    if (!item) return -1;
    jopa_result *r = parse_kept(k, item);
    if (!r) return EXIT_FAILED;
    *known = !jopa_result_answers(r, 0, m, asked, &why);
    jopa_result_free(r);
    if (*known) return -1;
    e.code = why.code;
    snprintf(e.message, sizeof e.message, "'%.100s', line %d, answers another question by the id '%.60s' (%.200s): %s",
             k->path, item->line, id, why.message, "choose another file of results");
    return say_error(&e);
}

/* ---- writing ------------------------------------------------------------------------------------------------------
 */

/* In place: JSON without the newlines and indents between its values; strings hold none. Its length, and a newline. */
static size_t squeeze_lines(char *json) {
    char *to = json;
    for (const char *from = json; *from;) {
        if (*from == '\n') from += 1 + strspn(from + 1, " ");
        else *to++ = *from++;
    }
    *to++ = '\n';
    return (size_t)(to - json);
}

int kept_results_add(kept_results *k, const jopa_result *r) {
    jopa_error e = {0};
    char      *json = jopa_result_render(r, "json", NULL, NULL, &e);
    if (!json) return say_error(&e);
    size_t size = squeeze_lines(json); /* it ends with a newline, so there is room */
    off_t  before = k->path ? lseek(k->file, 0, SEEK_END) : -1;
    int    code = file_put(k->file, json, size) ? EXIT_DONE : cannot(k, "write");
    jopa_free(json);
    /* Half a line goes; where it cannot, the next run cuts it off. */
    if (code != EXIT_DONE && before >= 0 && ftruncate(k->file, before)) return code;
    return code;
}
