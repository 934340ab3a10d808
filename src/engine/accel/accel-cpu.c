/* What the processor has. Apart from the files that use it, which cmake/accel.cmake compiles for it: these run on any.
 */
#include "engine/accel/accel.h"

#ifdef JOPA_ACCEL
#include <oneapi/dnnl/dnnl.h>

#include "engine/accel/accel-kernel.h"

static bool has(unsigned isa) { return (dnnl_get_effective_cpu_isa() & isa) == isa; }

bool jp_products_useful(void) { return has(dnnl_cpu_isa_avx512_core_bf16); }

const struct jp_kernel *jp_attention_kernel(void) {
    if (has(dnnl_cpu_isa_avx512_core_amx)) return &jp_kernel_amx;
    if (has(dnnl_cpu_isa_avx512_core_bf16)) return &jp_kernel_avx512;
    return has(dnnl_cpu_isa_avx2) && __builtin_cpu_supports("fma") ? &jp_kernel_avx2 : NULL;
}
#endif
