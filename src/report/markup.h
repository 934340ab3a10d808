/* Text inside HTML and SVG. */
#ifndef JP_MARKUP_H
#define JP_MARKUP_H

#include "base/buffer.h"

/* Text or attribute value that an HTML parser gives back exactly as it is, but for marks that stand for what a reader
 * would not see (base/unseen.h). */
void jp_put_html(jp_buffer *out, const char *text, size_t size);
/* The same for XML; characters that XML cannot hold become U+FFFD. */
void jp_put_xml(jp_buffer *out, const char *text, size_t size);
/* name="value", with a space before it. */
void jp_put_attribute(jp_buffer *out, const char *name, const char *value);
/* The same with an exact number; nothing when it is not finite. */
void jp_put_number_attribute(jp_buffer *out, const char *name, double value);

#endif
