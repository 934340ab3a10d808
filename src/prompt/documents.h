/* Documents with names that a prompt holds, beside what is asked about them. */
#ifndef JP_DOCUMENTS_H
#define JP_DOCUMENTS_H

#include "prompt/prompt.h"

typedef struct {
    char    *title, *text; /* owned; the text as it was given, the title may be "" */
    jp_range core;         /* of the text: without white space at its ends */
    int      message;      /* of the chat: the one that holds it */
    jp_range place;        /* bytes of the prompt's text, once that is known */
} jp_document;

typedef struct {
    jp_document *at; /* [n] owned */
    int          n;
} jp_documents;

/* From texts of JSON: each an array of objects with "text" and, if there is one, "title"; or one such object. Free with
 * jp_documents_free, also after a failure. JOPA_ERROR_INPUT names the document and what is wrong with it. */
int  jp_documents_read(jp_documents *d, const char *const *json, int n, jopa_error *e);
void jp_documents_free(jp_documents *d);

/* Whether the chat's messages hold all of them already, word for word; then their messages are noted. JOPA_ERROR_INPUT
 * when they hold some alone. */
int jp_documents_find(jp_documents *d, const char *const *contents, int n, bool *inside, jopa_error *e);
/* Message `message` of the chat with the documents before it, malloc'd: each with its number, title and text, then
 * what is asked. NULL: no memory. */
char *jp_documents_before(jp_documents *d, const char *asked, int message);

/* Where they stand in the prompt: fills `place`. JOPA_ERROR_UNSUPPORTED when the template changes a text. */
int jp_documents_place(jp_documents *d, const jp_prompt *p, jopa_error *e);
/* The document that has all of the prompt's bytes [start, end), or -1. */
int jp_documents_at(const jp_documents *d, size_t start, size_t end);

#endif
