/* Text inside Markdown. */
#ifndef JP_PLAIN_H
#define JP_PLAIN_H

#include <stdbool.h>

#include "base/buffer.h"

/* Text that Markdown (CommonMark with GitHub's additions) shows as it is: no HTML, link, code, list, table or formula
 * comes of it, indents stay, and unseen characters are marks (base/unseen.h). In a quotation lines stay lines, and each
 * begins with "> ", which the caller has put before the first; elsewhere they become spaces. */
void jp_put_markdown(jp_buffer *out, const char *text, size_t size, bool quotation);

#endif
