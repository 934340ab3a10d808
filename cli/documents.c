#include "documents.h"

#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "command.h"
#include "file.h"
#include "json-problem.h"
#include "say.h"

/* ---- one file ------------------------------------------------------------------------------------------------------
 */

static int add_object(json_t *all, json_t *one, const char *path, int line) {
    if (json_is_object(one) && json_is_string(json_object_get(one, "text")))
        return json_array_append_new(all, one) ? say(EXIT_FAILED, "out of memory") : -1;
    json_decref(one);
    return say(EXIT_FAILED, "'%s', %s %d: an object with \"text\", and perhaps \"title\", is needed", path,
               line ? "line" : "document", line ? line : (int)json_array_size(all) + 1);
}

static int add_lines(json_t *all, char *text, const char *path) {
    int line = 0, code = -1;
    for (char *at = text; at && code < 0;) {
        char *end = strchr(at, '\n'), *this = at;
        at = end ? end + 1 : NULL;
        if (end) *end = '\0';
        line++;
        if (!this[strspn(this, " \t\r")]) continue;
        json_error_t why;
        json_t      *one = json_loads(this, 0, &why);
        code = one ? add_object(all, one, path, line)
                   : say(EXIT_FAILED, "'%s', line %d: %s", path, line, json_problem(&why));
    }
    return code;
}

static int add_array(json_t *all, const char *text, const char *path) {
    json_error_t why;
    json_t      *array = json_loads(text, 0, &why), *one;
    size_t       i;
    int          code = -1;
    if (!array) return say(EXIT_FAILED, "'%s' is not JSON: %s (line %d)", path, json_problem(&why), why.line);
    if (!json_is_array(array)) code = say(EXIT_FAILED, "'%s': a JSON array of documents is needed", path);
    json_array_foreach(array, i, one) {
        if (code < 0) code = add_object(all, json_incref(one), path, 0);
    }
    json_decref(array);
    return code;
}

static int add_text_file(json_t *all, const char *text, const char *path) {
    const char *name = strrchr(path, '/');
    json_t     *one = json_pack("{s:s, s:s}", "title", name ? name + 1 : path, "text", text);
    if (!one) return say(EXIT_FAILED, "'%s' is not UTF-8: convert it first", path);
    if (text[strspn(text, " \t\r\n")]) return add_object(all, one, path, 0);
    json_decref(one);
    return say(EXIT_FAILED, "'%s' is empty: leave it out", path);
}

static bool ends_in(const char *path, const char *end) {
    size_t size = strlen(path), n = strlen(end);
    return size > n && !strcmp(path + size - n, end);
}

static int add_file(json_t *all, const char *path) {
    char *text = file_read(path, NULL);
    if (!text) return EXIT_FAILED;
    int code = ends_in(path, ".jsonl")  ? add_lines(all, text, path)
               : ends_in(path, ".json") ? add_array(all, text, path)
                                        : add_text_file(all, text, path);
    free(text);
    return code;
}

/* ---- folders -------------------------------------------------------------------------------------------------------
 */

static int is_shown(const struct dirent *entry) { return entry->d_name[0] != '.'; }

static bool is_folder(const char *path) {
    struct stat s;
    return !stat(path, &s) && S_ISDIR(s.st_mode);
}

static int add_entry(json_t *all, const char *folder, const char *name) {
    size_t size = strlen(folder) + strlen(name) + 2;
    char  *path = malloc(size);
    if (!path) return say(EXIT_FAILED, "out of memory");
    snprintf(path, size, "%s/%s", folder, name);
    int code = is_folder(path) ? -1 : add_file(all, path); /* not what is in folders of the folder */
    free(path);
    return code;
}

static int add_folder(json_t *all, const char *path) {
    struct dirent **entries;
    size_t          before = json_array_size(all);
    int             n = scandir(path, &entries, is_shown, alphasort), code = -1;
    if (n < 0) return say(EXIT_FAILED, "cannot read '%s': %s", path, strerror(errno));
    for (int i = 0; i < n; i++) {
        if (code < 0) code = add_entry(all, path, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    return code < 0 && json_array_size(all) == before ? say(EXIT_FAILED, "'%s' has no files", path) : code;
}

/* ---- all of them ---------------------------------------------------------------------------------------------------
 */

static int set_documents(jopa_options *o, const json_t *all) {
    jopa_error e = {0};
    char      *text = json_dumps(all, JSON_COMPACT);
    if (!text) return say(EXIT_FAILED, "out of memory");
    int status = jopa_options_set(o, "documents", NULL, &e);
    if (!status) status = jopa_options_set(o, "documents", text, &e);
    free(text);
    return status ? say_error(&e) : -1;
}

int documents_read(jopa_options *o) {
    int     code = -1;
    json_t *all = json_array();
    if (!jopa_options_given(o, "documents")) return json_decref(all), -1;
    const char *path;
    for (int i = 0; code < 0 && (path = jopa_options_value(o, "documents", i)) != NULL; i++)
        code = is_folder(path) ? add_folder(all, path) : add_file(all, path);
    if (code < 0 && !json_array_size(all)) code = say(EXIT_FAILED, "--documents: there is none in it");
    if (code < 0) code = set_documents(o, all);
    json_decref(all);
    return code;
}
