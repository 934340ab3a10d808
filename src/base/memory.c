#include "base/memory.h"

#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

static double machine_bytes(void) {
    double pages = (double)sysconf(_SC_PHYS_PAGES), size = (double)sysconf(_SC_PAGESIZE);
    return pages > 0 && size > 0 ? pages * size : 0;
}

/* What the process may have, by setrlimit; 0: no limit. */
static double limit_bytes(void) {
    struct rlimit limit;
    return getrlimit(RLIMIT_AS, &limit) || limit.rlim_cur == RLIM_INFINITY ? 0 : (double)limit.rlim_cur;
}

/* What the container may have: the number in such a file as the kernel shows there; 0: no limit ("max"), no container.
 */
static double container_bytes(const char *path) {
    FILE  *file = fopen(path, "re");
    double bytes = 0;
    if (file && fscanf(file, "%lf", &bytes) != 1) bytes = 0;
    if (file) fclose(file);
    return bytes;
}

static double smaller_known(double a, double b) { return b > 0 && (a <= 0 || b < a) ? b : a; }

double jp_memory_bytes(void) {
    double bytes = smaller_known(machine_bytes(), limit_bytes());
    bytes = smaller_known(bytes, container_bytes("/sys/fs/cgroup/memory.max"));
    return smaller_known(bytes, container_bytes("/sys/fs/cgroup/memory/memory.limit_in_bytes"));
}

int jp_memory_check(double need, const char *what, const char *advice, jopa_error *e) {
    double have = jp_memory_bytes();
    if (have <= 0 || need < have) return JP_OK;
    return jp_fail(e, JOPA_ERROR_INPUT, "%s takes %.1f GiB of memory, there are %.1f: %s", what, need / (1 << 30),
                   have / (1 << 30), advice);
}
