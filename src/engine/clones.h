/* JP_CLONES before a function: where the compiler can, its loops are built for several instruction sets, and the
 * processor's is chosen when the program starts (before ThreadSanitizer is ready, so not under it). */
#ifndef JP_CLONES_H
#define JP_CLONES_H

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_THREAD__)
#define JP_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define JP_CLONES
#endif

#endif
