/* What the processor has. Apart from the files that use it, which cmake/accel.cmake compiles for it: these two run on
 * any. */
#include "engine/accel/accel.h"

#ifdef JOPA_ACCEL
#include <oneapi/dnnl/dnnl.h>

static bool has(unsigned isa) { return (dnnl_get_effective_cpu_isa() & isa) == isa; }

bool jp_products_useful(void) { return has(dnnl_cpu_isa_avx512_core_bf16); }

bool jp_products_amx(void) { return has(dnnl_cpu_isa_avx512_core_amx); }
#endif
