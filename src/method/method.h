/* A method turns (scorer, k, seed) into a selection. To add one: write src/method/NAME.c with one jp_method, declare
 * it in table.c, and it is in `jopa list methods`, in `compare`, in `bench` and in the test over all methods. */
#ifndef JP_METHOD_H
#define JP_METHOD_H

#include "search/task.h"

const jp_method *jp_method_at(int index);          /* NULL past the end */
const jp_method *jp_method_find(const char *name); /* NULL: unknown */

#endif
