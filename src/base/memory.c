#include "base/memory.h"

#include <unistd.h>

double jp_memory_bytes(void) {
    double pages = (double)sysconf(_SC_PHYS_PAGES), size = (double)sysconf(_SC_PAGESIZE);
    return pages > 0 && size > 0 ? pages * size : 0;
}

int jp_memory_check(double need, const char *what, const char *advice, jopa_error *e) {
    double have = jp_memory_bytes();
    if (have <= 0 || need < have) return JP_OK;
    return jp_fail(e, JOPA_ERROR_INPUT, "%s takes %.1f GiB of memory, this machine has %.1f: %s", what,
                   need / (1 << 30), have / (1 << 30), advice);
}
