#include "failing_memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

long        memory_left = -1; /* allocations until one fails; below 0: none does */
static bool for_ever;         /* from then on all fail */
static bool failed;
static long points; /* allocations that failed */

static bool fails(void) {
    if (memory_left < 0) return false;
    bool now = memory_left == 0;
    if (memory_left > 0) memory_left--;
    else if (!for_ever) memory_left = -1;
    failed = failed || now;
    points += now;
    return now;
}

void *failing_malloc(size_t size);
void *failing_calloc(size_t n, size_t size);
void *failing_realloc(void *p, size_t size);
char *failing_strdup(const char *s);
char *failing_strndup(const char *s, size_t n);

/* What malloc returns is full of rubbish, so that reading too early shows. */
void *failing_malloc(size_t size) {
    void *p = fails() ? NULL : malloc(size);
    return p ? memset(p, 0xa5, size) : NULL;
}
void *failing_calloc(size_t n, size_t size) { return fails() ? NULL : calloc(n, size); }
void *failing_realloc(void *p, size_t size) { return fails() ? NULL : realloc(p, size); }
char *failing_strdup(const char *s) { return fails() ? NULL : strdup(s); }
char *failing_strndup(const char *s, size_t n) { return fails() ? NULL : strndup(s, n); }

enum { ALL_OF_THE_FIRST = 200 };

/* Run `work` with its first allocation failing, then its second, until none does; of long works, samples of the later
 * ones. It returns its status, checks what it made and frees it. */
void fail_each(int (*work)(void *user, jopa_error *e), void *user) {
    for (int mode = 0; mode < 2; mode++) {
        failed = true;
        for (int n = 0; failed; n += n < ALL_OF_THE_FIRST ? 1 : 1 + (n + mode) / 40) {
            jopa_error e = {0};
            memory_left = n;
            for_ever = mode;
            failed = false;
            int status = work(user, &e);
            memory_left = -1;
            if (status && (!failed || status != JOPA_ERROR_MEMORY))
                fail_msg("allocation %d: %d %s", n, status, e.message);
            if (status && e.code != JOPA_ERROR_MEMORY)
                fail_msg("allocation %d: %d, but %d %s", n, status, e.code, e.message);
            if (n == 0) assert_true(failed);
        }
    }
}

/* Checks run with allocations that succeed. */
void check_same(char *got, const char *expected, const char *what) {
    long before = memory_left;
    memory_left = -1;
    size_t same = 0;
    while (got[same] && got[same] == expected[same]) same++;
    if (got[same] != expected[same]) fail_msg("%s is another one where memory fails: %.60s", what, got + same);
    free(got);
    memory_left = before;
}

long failed_points(void) { return points; }
