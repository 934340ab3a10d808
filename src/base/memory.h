/* What fits into this machine. */
#ifndef JP_MEMORY_H
#define JP_MEMORY_H

#include "base/error.h"

/* Bytes of memory that there are: the machine's, or fewer where the process or its container has a limit; 0: unknown.
 */
double jp_memory_bytes(void);
/* JP_OK when `need` bytes fit. Otherwise JOPA_ERROR_INPUT: "WHAT takes 12.3 GiB of memory, there are 8.0:
 * ADVICE". Asked before the memory is taken: what a machine lacks it may promise all the same, and end the program
 * later. */
int jp_memory_check(double need, const char *what, const char *advice, jopa_error *e);

#endif
