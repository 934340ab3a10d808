#include "engine/llama/log-softmax.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "engine/clones.h"

/* exp(x) for x <= 0 with a relative error below 3e-7, written so that compilers vectorize it: 2^(x log2 e) split into a
 * whole exponent and a fraction in [-1/2, 1/2], whose power is a polynomial of degree 6 (Taylor of exp at the
 * fraction). */
static inline float exp_negative(float x) {
    x = x < -87.0f ? -87.0f : x;
    float whole = x * 1.44269504f;
    whole = (whole + 12582912.0f) - 12582912.0f; /* round to nearest: 1.5 * 2^23 */
    float f = (x - whole * 0.693359375f) + whole * 2.12194440e-4f;
    float p = 1.0f / 720;
    p = p * f + 1.0f / 120;
    p = p * f + 1.0f / 24;
    p = p * f + 1.0f / 6;
    p = p * f + 0.5f;
    p = p * f + 1.0f;
    p = p * f + 1.0f;
    int32_t bits = ((int32_t)whole + 127) << 23;
    float   scale;
    memcpy(&scale, &bits, sizeof scale);
    return p * scale;
}

enum { LANES = 16 };

/* The loops below are what scoring spends outside the model. */
JP_CLONES double jp_log_sum_exp(const float *logits, int n) {
    float top[LANES], sums[LANES];
    for (int j = 0; j < LANES; j++) {
        top[j] = -INFINITY;
        sums[j] = 0;
    }
    int whole = n - n % LANES;
    for (int i = 0; i < whole; i += LANES)
        for (int j = 0; j < LANES; j++) top[j] = logits[i + j] > top[j] ? logits[i + j] : top[j];
    float max = -INFINITY;
    for (int j = 0; j < LANES; j++) max = top[j] > max ? top[j] : max;
    for (int i = whole; i < n; i++) max = logits[i] > max ? logits[i] : max;
    if (!isfinite(max)) return max;
    double total = 0;
    for (int from = 0; from < whole; from += 4096) { /* short float sums, then double: keeps the error small */
        int to = from + 4096 < whole ? from + 4096 : whole;
        for (int j = 0; j < LANES; j++) sums[j] = 0;
        for (int i = from; i < to; i += LANES)
            for (int j = 0; j < LANES; j++) sums[j] += exp_negative(logits[i + j] - max);
        for (int j = 0; j < LANES; j++) total += (double)sums[j];
    }
    for (int i = whole; i < n; i++) total += (double)exp_negative(logits[i] - max);
    return (double)max + log(total);
}
