#include "engine/log-softmax.h"

#include <math.h>

#include "engine/vector.h"

enum { CHUNK = 4096 }; /* summed in float, chunks in double: keeps the error small */

static float highest(const float *x, int n) {
    jp_vector top = jp_vector_of(-INFINITY);
    int       i = 0;
    for (; i + JP_LANES <= n; i += JP_LANES) top = jp_vector_max(top, jp_vector_load(x + i));
    float high = jp_vector_top(top);
    for (; i < n; i++) high = x[i] > high ? x[i] : high;
    return high;
}

static double sum_exp(const float *x, int n, float max) {
    jp_vector sum = jp_vector_of(0), rest = jp_vector_of(-INFINITY);
    int       i = 0;
    for (; i + JP_LANES <= n; i += JP_LANES) sum += jp_vector_exp(jp_vector_load(x + i) - max);
    for (int j = 0; i + j < n; j++) rest[j] = x[i + j] - max;
    return (double)jp_vector_sum(sum + jp_vector_exp(rest));
}

double jp_log_sum_exp(const float *logits, int n) {
    float  max = highest(logits, n);
    double total = 0;
    if (!isfinite(max)) return (double)max;
    for (int from = 0; from < n; from += CHUNK) total += sum_exp(logits + from, n - from < CHUNK ? n - from : CHUNK, max);
    return (double)max + log(total);
}
