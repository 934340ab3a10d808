/* The documents of a question, and the chat with them. */
#include <stdlib.h>
#include <string.h>

#include "question/question.h"

static int last_user(const jp_question *q) {
    for (int i = q->n_messages - 1; i >= 0; i--)
        if (!strcmp(q->roles[i], "user")) return i;
    return -1;
}

static int put_documents(jp_question *q, jopa_error *e) {
    int m = last_user(q);
    if (m < 0 || (q->extras && q->extras[m]))
        return jp_fail(
            e, JOPA_ERROR_INPUT,
            "`documents` are put before the last user's text, and the chat has %s: put them into it yourself",
            m < 0 ? "none" : "more than a text there");
    q->with_documents = malloc((size_t)q->n_messages * sizeof *q->with_documents);
    q->asked_with_documents = jp_documents_before(&q->documents, q->contents[m], m);
    if (!q->with_documents || !q->asked_with_documents) return jp_fail_memory(e);
    for (int i = 0; i < q->n_messages; i++) q->with_documents[i] = i == m ? q->asked_with_documents : q->contents[i];
    q->contents = q->with_documents;
    return JP_OK;
}

int jp_question_documents(jp_question *q, const jopa_options *o, jopa_error *e) {
    int                n;
    bool               inside = false;
    const char *const *json = jp_options_texts(o, "documents", &n);
    int                status = jp_documents_read(&q->documents, json, n, e);
    if (!status && !q->documents.n)
        status = jp_fail(e, n ? JOPA_ERROR_INPUT : JOPA_ERROR_USAGE,
                         n ? "`documents`: there is none in it" : "no documents to cite: give `documents`");
    if (!status) status = jp_documents_find(&q->documents, q->contents, q->n_messages, &inside, e);
    return status || inside ? status : put_documents(q, e);
}
