#include "prompt/documents.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/json-problem.h"
#include "prompt/boundary.h"

enum { MOST_DOCUMENTS = 10000 };

/* ---- reading -------------------------------------------------------------------------------------------------------
 */

static int add_document(jp_documents *d, const json_t *object, jopa_error *e) {
    const json_t *title = json_object_get(object, "title"), *text = json_object_get(object, "text");
    int           number = d->n + 1;
    if (!json_is_object(object) || !json_is_string(text))
        return jp_fail(e, JOPA_ERROR_INPUT, "`documents`: number %d is no object with a \"text\"", number);
    if (title && !json_is_null(title) && !json_is_string(title))
        return jp_fail(e, JOPA_ERROR_INPUT, "`documents`: the \"title\" of number %d is no text", number);
    if (number > MOST_DOCUMENTS)
        return jp_fail(e, JOPA_ERROR_INPUT, "`documents`: there are more than %d", MOST_DOCUMENTS);
    jp_document *more = realloc(d->at, (size_t)number * sizeof *more);
    if (!more) return jp_fail_memory(e);
    d->at = more;
    jp_document *one = &more[d->n++];
    *one = (jp_document){.title = strdup(json_is_string(title) ? json_string_value(title) : ""),
                         .text = strdup(json_string_value(text))};
    if (!one->title || !one->text) return jp_fail_memory(e);
    size_t size = strlen(one->text);
    if (!jp_boundary_ink(one->text, (jp_range){0, size}))
        return jp_fail(e, JOPA_ERROR_INPUT, "`documents`: number %d is empty: leave it out", number);
    one->core = jp_boundary_trim(one->text, (jp_range){0, size});
    return JP_OK;
}

static int read_documents(jp_documents *d, const char *text, jopa_error *e) {
    json_error_t why;
    json_t      *json = json_loads(text, 0, &why), *one;
    size_t       i;
    int          status = JP_OK;
    if (!json) return jp_fail(e, JOPA_ERROR_INPUT, "`documents` is not JSON: %s", jp_json_problem(&why));
    if (!json_is_array(json)) status = add_document(d, json, e);
    json_array_foreach(json, i, one) {
        if (!status) status = add_document(d, one, e);
    }
    json_decref(json);
    return status;
}

int jp_documents_read(jp_documents *d, const char *const *json, int n, jopa_error *e) {
    int status = JP_OK;
    for (int i = 0; i < n && !status; i++) status = read_documents(d, json[i], e);
    return status;
}

void jp_documents_free(jp_documents *d) {
    for (int i = 0; i < d->n; i++) {
        free(d->at[i].title);
        free(d->at[i].text);
    }
    free(d->at);
    *d = (jp_documents){0};
}

/* ---- the chat ------------------------------------------------------------------------------------------------------
 */

static size_t core_size(const jp_document *d) { return d->core.end - d->core.start; }

/* The first place of the document's text in text[size) from byte `from` on; false: there is none. */
static bool find_core(const jp_document *d, const char *text, size_t size, size_t from, size_t *at) {
    size_t wanted = core_size(d);
    for (; from + wanted <= size; from++)
        if (!memcmp(text + from, d->text + d->core.start, wanted)) return *at = from, true;
    return false;
}

static bool find_message(jp_document *d, const char *const *contents, int n) {
    size_t at;
    for (int m = 0; m < n; m++)
        if (find_core(d, contents[m], strlen(contents[m]), 0, &at)) return d->message = m, true;
    return false;
}

int jp_documents_find(jp_documents *d, const char *const *contents, int n, bool *inside, jopa_error *e) {
    int found = 0, missing = 0;
    for (int i = 0; i < d->n; i++) {
        if (find_message(&d->at[i], contents, n)) found++;
        else if (!missing) missing = i + 1;
    }
    *inside = found == d->n;
    if (!found || *inside) return JP_OK;
    return jp_fail(e, JOPA_ERROR_INPUT,
                   "`documents`: the chat holds %d of the %d texts, but not number %d: it has to hold all of them, or "
                   "none",
                   found, d->n, missing);
}

char *jp_documents_before(jp_documents *d, const char *asked, int message) {
    jp_buffer out = {0};
    for (int i = 0; i < d->n; i++) {
        jp_document *one = &d->at[i];
        one->message = message;
        jp_buffer_format(&out, "Document %d%s", i + 1, *one->title ? ": " : "");
        jp_buffer_text(&out, one->title);
        jp_buffer_text(&out, "\n");
        jp_buffer_bytes(&out, one->text + one->core.start, core_size(one));
        jp_buffer_text(&out, "\n\n");
    }
    jp_buffer_text(&out, asked);
    return jp_buffer_take(&out, NULL);
}

/* ---- the prompt ----------------------------------------------------------------------------------------------------
 */

/* In a span of its message, behind the documents before it where it can be. */
static bool place_document(const jp_documents *d, int i, const jp_prompt *p, bool behind) {
    jp_document *one = &d->at[i];
    for (int s = 0; s < p->n_spans; s++) {
        const jp_span *span = &p->spans[s];
        size_t         from = span->start, at;
        if (span->message != one->message) continue;
        for (int j = 0; j < i && behind; j++)
            if (d->at[j].message == one->message && d->at[j].place.end > from) from = d->at[j].place.end;
        if (from > span->end || !find_core(one, p->text, span->end, from, &at)) continue;
        one->place = (jp_range){at, at + core_size(one)};
        return true;
    }
    return false;
}

int jp_documents_place(jp_documents *d, const jp_prompt *p, jopa_error *e) {
    for (int i = 0; i < d->n; i++)
        if (!place_document(d, i, p, true) && !place_document(d, i, p, false))
            return jp_fail(e, JOPA_ERROR_UNSUPPORTED,
                           "the chat template changes the text of document %d: its sentences cannot be cited", i + 1);
    return JP_OK;
}

int jp_documents_at(const jp_documents *d, size_t start, size_t end) {
    for (int i = 0; i < d->n; i++)
        if (d->at[i].place.start <= start && end <= d->at[i].place.end) return i;
    return -1;
}
