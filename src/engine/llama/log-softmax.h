#ifndef JP_LOG_SOFTMAX_H
#define JP_LOG_SOFTMAX_H

/* log(sum over i of exp(logits[i])), i < n; relative error below 1e-6 of the sum. */
double jp_log_sum_exp(const float *logits, int n);

#endif
