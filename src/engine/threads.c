#include "engine/threads.h"

#include <unistd.h>

enum { MOST = 512 }; /* GGML_MAX_N_THREADS */

int jp_thread_count(int wanted, long online) {
    long n = wanted > 0 ? wanted : online;
    return n < 1 ? 1 : n > MOST ? MOST : (int)n;
}

int jp_threads(int wanted) { return jp_thread_count(wanted, sysconf(_SC_NPROCESSORS_ONLN)); }
