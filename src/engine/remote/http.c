#include "engine/remote/http.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"

enum { MOST_BYTES = 64 << 20, PROBLEM = 256 }; /* of a reply: a prompt of 200,000 tokens with what each scored */

struct jp_http {
    CURLM        *multi;
    char         *authorization; /* a header, or NULL */
    const char   *key;           /* in it */
    double        timeout;
    jp_http_call *calls;
};

/* A line end in a header would begin another. */
static bool fits_header(const char *text) {
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f) return false;
    return true;
}

static bool set_key(jp_http *h, const char *key) {
    static const char BEARER[] = "Authorization: Bearer ";
    size_t            size = strlen(key) + sizeof BEARER;
    if (!(h->authorization = malloc(size))) return false;
    snprintf(h->authorization, size, "%s%s", BEARER, key);
    h->key = h->authorization + sizeof BEARER - 1;
    return true;
}

int jp_http_open(jp_http **out, const char *key, double timeout, jopa_error *e) {
    if (key && !fits_header(key))
        return jp_fail(e, JOPA_ERROR_USAGE, "`key`: it has a line end or another control character");
    jp_http *h = calloc(1, sizeof *h);
    if (!h || curl_global_init(CURL_GLOBAL_DEFAULT) || !(h->multi = curl_multi_init())) {
        free(h);
        return jp_fail_memory(e);
    }
    h->timeout = timeout;
    curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, 256L);
    if (key && *key && !set_key(h, key)) {
        jp_http_close(h);
        return jp_fail_memory(e);
    }
    *out = h;
    return JP_OK;
}

void jp_http_close(jp_http *h) {
    if (!h) return;
    while (h->calls) jp_http_end(h, h->calls);
    curl_multi_cleanup(h->multi);
    if (h->authorization) memset(h->authorization, 0, strlen(h->authorization));
    free(h->authorization);
    free(h);
    curl_global_cleanup();
}

jp_http_call *jp_http_calls(jp_http *h) { return h->calls; }

/* ---- what comes back -----------------------------------------------------------------------------------------------
 */

static size_t take_body(char *data, size_t one, size_t n, void *user) {
    jp_http_call *c = user;
    size_t        size = one * n, need = c->size + size + 1;
    if (need > MOST_BYTES) {
        snprintf(c->problem, PROBLEM, "its reply is larger than %d MiB", MOST_BYTES >> 20);
        return 0;
    }
    if (need > c->capacity) {
        size_t capacity = need * 2 > 4096 ? need * 2 : 4096;
        char  *larger = realloc(c->reply, capacity);
        if (!larger) return 0;
        c->reply = larger;
        c->capacity = capacity;
    }
    memcpy(c->reply + c->size, data, size);
    c->size += size;
    c->reply[c->size] = '\0';
    return size;
}

static size_t take_header(char *data, size_t one, size_t n, void *user) {
    static const char *const names[] = {"retry-after-ms:", "retry-after:"};
    jp_http_call            *c = user;
    char                     line[128];
    size_t                   size = one * n, most = size < sizeof line - 1 ? size : sizeof line - 1;
    memcpy(line, data, most);
    line[most] = '\0';
    for (int i = 0; i < 2; i++) {
        size_t name = strlen(names[i]);
        double value = strncasecmp(line, names[i], name) ? 0 : strtod(line + name, NULL);
        if (value > 0 && value < 1e6 && (i == 0 || c->retry_after <= 0)) c->retry_after = i ? value : value / 1000;
    }
    return size;
}

/* ---- calls ---------------------------------------------------------------------------------------------------------
 */

static void set_options(jp_http *h, jp_http_call *c, const char *url) {
    CURL *easy = c->easy;
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, c);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
#if LIBCURL_VERSION_NUM >= 0x075500
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)(h->timeout * 1000));
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, 10000L);
    curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, c);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, c);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, (struct curl_slist *)c->headers);
    if (c->body) curl_easy_setopt(easy, CURLOPT_POSTFIELDS, c->body);
}

static bool add_header(jp_http_call *c, const char *line) {
    struct curl_slist *longer = curl_slist_append(c->headers, line);
    if (longer) c->headers = longer;
    return longer != NULL;
}

static bool prepare(jp_http *h, jp_http_call *c, const char *base, const char *path) {
    size_t size = strlen(base) + strlen(path) + 1;
    char  *url = malloc(size);
    c->easy = curl_easy_init();
    bool fine = url && c->easy && add_header(c, "Expect:") && (!h->authorization || add_header(c, h->authorization)) &&
                (!c->body || add_header(c, "Content-Type: application/json"));
    if (fine) {
        snprintf(url, size, "%s%s", base, path);
        set_options(h, c, url);
    }
    free(url); /* libcurl has its own copy */
    return fine;
}

jp_http_call *jp_http_send(jp_http *h, const char *base, const char *path, json_t *body) {
    jp_http_call *c = calloc(1, sizeof *c);
    if (!c) {
        json_decref(body);
        return NULL;
    }
    c->key = h->key;
    c->next = h->calls;
    h->calls = c;
    c->started = jp_seconds();
    c->body = body ? json_dumps(body, JSON_COMPACT) : NULL;
    if ((body && !c->body) || !prepare(h, c, base, path) || curl_multi_add_handle(h->multi, c->easy)) {
        jp_http_end(h, c);
        c = NULL;
    }
    json_decref(body);
    return c;
}

static void hide_key(const char *key, char *text, size_t size) {
    enum { SHORTEST = 8 }; /* shorter ones are parts of other words */
    size_t n = key ? strlen(key) : 0;
    char  *end = text ? text + size : NULL;
    for (char *at = text; at && n >= SHORTEST && (at = memmem(at, (size_t)(end - at), key, n)); at += n)
        memset(at, '*', n);
}

static jp_http_call *finish(jp_http *h, CURL *easy, CURLcode code) {
    jp_http_call *c = NULL;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&c);
    c->finished = true;
    c->seconds = jp_seconds() - c->started;
    hide_key(c->key, c->reply, c->size);
    if (code == CURLE_OK) curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &c->status);
    else if (!c->problem[0]) snprintf(c->problem, PROBLEM, "%s", curl_easy_strerror(code));
    curl_multi_remove_handle(h->multi, easy);
    return c;
}

static jp_http_call *next_finished(jp_http *h) {
    int      left;
    CURLMsg *m;
    while ((m = curl_multi_info_read(h->multi, &left)))
        if (m->msg == CURLMSG_DONE) return finish(h, m->easy_handle, m->data.result);
    return NULL;
}

jp_http_call *jp_http_wait(jp_http *h, int milliseconds) {
    int           running;
    jp_http_call *c = next_finished(h);
    if (c) return c;
    curl_multi_perform(h->multi, &running);
    if ((c = next_finished(h))) return c;
    curl_multi_poll(h->multi, NULL, 0, milliseconds, NULL);
    curl_multi_perform(h->multi, &running);
    return next_finished(h);
}

void jp_http_end(jp_http *h, jp_http_call *call) {
    for (jp_http_call **at = &h->calls; *at; at = &(*at)->next)
        if (*at == call) {
            *at = call->next;
            break;
        }
    if (call->easy && !call->finished) curl_multi_remove_handle(h->multi, call->easy);
    if (call->easy) curl_easy_cleanup(call->easy);
    curl_slist_free_all(call->headers);
    free(call->body);
    free(call->reply);
    free(call);
}

/* ---- replies -------------------------------------------------------------------------------------------------------
 */

json_t *jp_http_json(jp_http_call *call) {
    json_error_t why;
    json_t      *root = call->reply ? json_loadb(call->reply, call->size, JSON_ALLOW_NUL, &why) : NULL;
    if (!root && call->reply) snprintf(call->problem, PROBLEM, "its reply is not JSON (%.100s)", why.text);
    else if (!root) snprintf(call->problem, PROBLEM, "its reply is empty");
    return root;
}

/* In the shapes that servers use. */
static const char *find_reason(const json_t *root) {
    json_t     *error = json_object_get(root, "error");
    const char *text = json_string_value(json_object_get(error, "message"));
    if (!text) text = json_string_value(error);
    if (!text) text = json_string_value(json_object_get(root, "message"));
    if (!text) text = json_string_value(json_object_get(root, "detail"));
    return text ? text : "";
}

/* The key is looked for before anything is cut. */
static void say_reason(const char *key, const json_t *root, char *out, size_t room) {
    char *text = strdup(find_reason(root));
    if (text) hide_key(key, text, strlen(text));
    jp_one_line(out, room, "%.300s", text ? text : "");
    free(text);
}

void jp_http_reason(const jp_http_call *call, char *out, size_t room) {
    json_t *root = call->reply ? json_loadb(call->reply, call->size, JSON_ALLOW_NUL, NULL) : NULL;
    say_reason(call->key, root, out, room);
    json_decref(root);
}

void jp_http_reason_of(const jp_http *h, const json_t *reply, char *out, size_t room) {
    say_reason(h->key, reply, out, room);
}
