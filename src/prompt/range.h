/* A half-open byte range [start, end) of some text. */
#ifndef JP_RANGE_H
#define JP_RANGE_H

#include <stddef.h>

typedef struct {
    size_t start, end;
} jp_range;

#endif
