/* The capabilities of engines by name, as jopa_model_capabilities shows them. */
#ifndef JP_CAPABILITY_H
#define JP_CAPABILITY_H

#include <stddef.h>

/* The words of the bits in `can`, comma-separated and NUL-terminated, into out[size]. */
void jp_capability_words(unsigned can, char *out, size_t size);

#endif
