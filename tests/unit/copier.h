/* An engine without threads, files or weights: tokens are bytes, a response is the likelier the more of its bytes the
 * prompt has, and what it writes copies the prompt. */
#ifndef COPIER_H
#define COPIER_H

#include <jopa.h>

/* Of an engine whose `self` is not used. To change some of it, copy it. */
extern const jopa_engine_ops copier_ops;

#endif
