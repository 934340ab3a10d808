/* ggml's CPU backend of a portable build (fetch-llama.sh --portable): it is in the library several times, compiled for
 * one set of instructions each. ggml asks for it by ggml_backend_cpu_reg; here that gives the best of them that this
 * processor runs. VARIANTS: V(NAME, FEATURE)..., FEATURE being one that ggml's own score does not ask the operating
 * system for. */
typedef struct ggml_backend_reg backend;

#if defined(__x86_64__)
#define HAS(feature) __builtin_cpu_supports(feature)
#define LOOK()       __builtin_cpu_init()
#else
#define HAS(feature) 1
#define LOOK()       (void)0
#endif

#define V(name, feature)               \
    backend *cpu_variant_##name(void); \
    int      cpu_variant_score_##name(void);
VARIANTS
#undef V
backend *cpu_variant_base(void);
backend *ggml_backend_cpu_reg(void);

backend *ggml_backend_cpu_reg(void) {
    backend *(*best)(void) = cpu_variant_base;
    int most = 0, score;
    LOOK();
#define V(name, feature)                                   \
    score = HAS(feature) ? cpu_variant_score_##name() : 0; \
    if (score > most) {                                    \
        most = score;                                      \
        best = cpu_variant_##name;                         \
    }
    VARIANTS
#undef V
    return best();
}
