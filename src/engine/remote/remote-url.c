#include "engine/remote/remote-url.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "base/excerpt.h"
#include "base/split.h"

bool jp_url_is(const char *name) { return strstr(name, "://"); }

static char *part_of(CURLU *u, CURLUPart part) {
    char *text = NULL;
    return curl_url_get(u, part, &text, 0) ? NULL : text;
}

static bool has_part(CURLU *u, CURLUPart part) {
    char *text = part_of(u, part);
    curl_free(text);
    return text != NULL;
}

/* What is wrong with it, or NULL. */
static const char *fault_of(CURLU *u) {
    char       *scheme = part_of(u, CURLUPART_SCHEME);
    const char *fault = NULL;
    if (!scheme || (strcmp(scheme, "http") && strcmp(scheme, "https"))) fault = "http:// or https:// is needed";
    else if (has_part(u, CURLUPART_USER) || has_part(u, CURLUPART_PASSWORD))
        fault = "leave the user and password out: a server's key is told apart";
    else if (has_part(u, CURLUPART_QUERY) || has_part(u, CURLUPART_FRAGMENT)) fault = "leave out what follows the path";
    curl_free(scheme);
    return fault;
}

static void cut_end(char *text, const char *end) {
    size_t size = strlen(text), cut = strlen(end);
    if (size >= cut && !strcmp(text + size - cut, end)) text[size - cut] = '\0';
}

static int parse_base(char **out, const char *text, jopa_error *e) {
    CURLU      *u = curl_url();
    char       *whole = NULL;
    const char *fault = u ? "it is no address of a server, such as http://127.0.0.1:8080" : NULL;
    if (u && !curl_url_set(u, CURLUPART_URL, text, 0)) fault = fault_of(u);
    if (u && !fault) whole = part_of(u, CURLUPART_URL);
    if (whole && (*out = strdup(whole))) {
        cut_end(*out, "/");
        cut_end(*out, "/v1");
        cut_end(*out, "/");
    }
    curl_free(whole);
    curl_url_cleanup(u);
    if (fault) return jp_fail(e, JOPA_ERROR_USAGE, "`engine` %s: %s", jp_excerpt(text, 100).text, fault);
    return *out ? JP_OK : jp_fail_memory(e);
}

static int check_twice(char **bases, int n, jopa_error *e) {
    for (int i = 0; i < n; i++)
        if (!strcmp(bases[i], bases[n])) return jp_fail(e, JOPA_ERROR_USAGE, "`engine`: %s is there twice", bases[n]);
    return JP_OK;
}

int jp_url_list(char ***bases, int *n, const char *list, jopa_error *e) {
    jp_parts parts = {0};
    int      status = jp_split(&parts, list, e);
    *n = 0;
    *bases = calloc((size_t)parts.n + 1, sizeof **bases);
    if (!status && !*bases) status = jp_fail_memory(e);
    for (int i = 0; i < parts.n && !status; i++) {
        status = parse_base(&(*bases)[i], parts.at[i], e);
        if (!status) status = check_twice(*bases, i, e);
        *n = i + 1;
    }
    jp_parts_free(&parts);
    if (status) {
        for (int i = 0; *bases && i < *n; i++) free((*bases)[i]);
        free(*bases);
        *bases = NULL;
    }
    return status;
}
