/* What ggml's CPU backend is slow at here: an accelerator backend of ggml's, with two operators. libllama builds and
 * runs its graphs as before, and ggml's scheduler hands this backend the attention of many short sequences that share
 * one key-value cache, and, on processors that multiply in bfloat16, the products of weights that are not F32, which
 * oneDNN computes. docs/speed.md has what that gains and how exact it is. */
#ifndef JP_ACCEL_H
#define JP_ACCEL_H

#include <ggml.h>
#include <stdbool.h>

enum { JP_ACCEL_ATTENTION = 1, JP_ACCEL_PRODUCTS = 2 };

/* Make the backend known to ggml, which keeps it for the rest of the process; once is enough, again does nothing.
 * Returns which of the operators it takes, bits. 0: this build lacks oneDNN or ggml's interface for backends, or the
 * processor has nothing to gain. */
unsigned jp_accel_register(void);
/* A backend of one's own, for graphs beside libllama's, which wins by products: registered or not. NULL: nothing to
 * gain, or no memory. Free with ggml_backend_free. */
struct ggml_backend *jp_accel_open(int threads);

/* A model's weights as the backend lays them out, for all contexts of that model. NULL from jp_accel_store_new: no
 * memory, or no backend in this build. Free it after them. */
typedef struct jp_accel_store jp_accel_store;

jp_accel_store *jp_accel_store_new(void);
void            jp_accel_store_free(jp_accel_store *s);

/* Of graphs that this thread computes until jp_accel_end: where a backend that has none yet keeps its weights (NULL: a
 * store of its own), and how many bfloat16 numbers, 1 or 2, products' inputs are the sum of, and attention's keys and
 * values: 2 takes 1.6 times as long and is three times as exact (docs/speed.md). */
void jp_accel_begin(jp_accel_store *store, int inputs, int attention);
/* After them, so that nobody else's backend takes that store: others get one of their own, and two numbers. */
void jp_accel_end(void);

/* ---- accel-cpu.c: the rest of this header is for processors that have what it asks for ---- */

bool jp_products_useful(void); /* the processor multiplies in bfloat16: by AMX, or by AVX-512 alone */
const struct jp_kernel *jp_attention_kernel(void); /* accel-kernel.h; NULL: it lacks even AVX2 */

/* ---- accel-product.c: matrix products in bfloat16, where jp_products_useful ---- */

typedef struct jp_products jp_products; /* copies of weights, kernels and buffers; one a backend */

jp_products *jp_products_new(void); /* NULL: no memory */
void         jp_products_free(jp_products *p);
/* Whether `node` is a product that jp_products_run takes: [in, rows] by weights [in, out] in any type but F32.
 *
 * Weights whose `extra` is another tensor [out, in] stand for its transpose: they have a shape and no data of their
 * own, so only this backend can multiply by them. */
bool jp_products_takes(const struct ggml_tensor *node);
void jp_products_begin(jp_products *p, jp_accel_store *store,
                       int parts); /* before each graph: no input of an earlier one is remembered */
/* node = src[1] times the transpose of src[0]. Weights are rounded to bfloat16, inputs to a sum of `parts` of them;
 * sums are F32. False: no memory, or oneDNN failed. */
bool jp_products_run(jp_products *p, struct ggml_tensor *node, int threads);

/* ---- accel-attention.c: GGML_OP_FLASH_ATTN_EXT over the cells that some query of a block sees, where there is a
 * kernel. Sums are F32 ---- */

typedef struct jp_attention_space jp_attention_space; /* buffers; one a backend */

jp_attention_space *jp_attention_space_new(void); /* NULL: no memory */
void                jp_attention_space_free(jp_attention_space *s);
/* F16 keys and values of a width that is a multiple of 32, one stream, a mask; no sinks, slopes or soft caps. */
bool jp_attention_takes(const struct ggml_tensor *node);
/* Of a graph: what is known of masks is of another one. libllama and its like tell a backend before each graph how many
 * threads it has; who does not has to call this, or run graphs whose masks do not change. */
void jp_attention_begin(jp_attention_space *s);
/* In bfloat16 keys and values are rounded to sums of `parts` numbers, 1 or 2. False: no memory. */
bool jp_attention_run(jp_attention_space *s, struct ggml_tensor *node, int threads, int parts);

#endif
