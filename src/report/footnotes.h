/* The notes of an answer with citations: each part of a document that is cited once, numbered from 1 in the order in
 * which the answer comes to it. */
#ifndef JP_FOOTNOTES_H
#define JP_FOOTNOTES_H

#include "base/buffer.h"
#include "base/error.h"
#include "result/result.h"

typedef struct {
    const jp_result_source **at; /* [n] owned; note i + 1 */
    int                      n;
} jp_footnotes;

/* Whether reports show the answer with its sources: the command was cite. */
bool jp_shows_citations(const jp_explanation *x);

/* JP_OK or no memory. Free with jp_footnotes_free. */
int  jp_footnotes_make(jp_footnotes *f, const jp_explanation *x, jopa_error *e);
void jp_footnotes_free(jp_footnotes *f);
/* The number of a source's note. */
int jp_footnote_number(const jp_footnotes *f, const jp_result_source *s);
/* The document's title, or "document 3" where it has none. */
void jp_put_document_name(jp_buffer *out, const jp_result_source *s);
/* In words: how many of the answer's sentences come from how many passages of how many documents. */
void jp_put_citing_finding(jp_buffer *out, const jp_explanation *x, const jp_footnotes *f);
/* Why a statement is not from the documents: what hiding all of them does to it. */
void jp_put_unsupported(jp_buffer *out, const jp_result_citation *c);

/* The response in pieces: the text before statement i, then it, and what follows the last (i == n_citations) alone. The
 * statements are taken in their order in the response; one that begins before the end of another is left out. */
typedef void (*jp_answer_visit)(void *user, const char *text, size_t size, const jp_result_citation *statement);
/* `statement` NULL: text of none. */
void jp_each_statement(const jp_explanation *x, jp_answer_visit visit, void *user);

#endif
