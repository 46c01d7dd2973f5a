/* What one core can do at most: chains of fused multiply-adds that never wait for memory, and a plain copy. */
#include <string.h>

#if defined(__AVX512F__)
#define BYTES 64
#define INSTRUCTIONS "avx512f"
#elif defined(__AVX__) && defined(__FMA__)
#define BYTES 32
#define INSTRUCTIONS "avx2 + fma"
#elif defined(__ARM_NEON)
#define BYTES 16
#define INSTRUCTIONS "neon"
#else
#define BYTES 16
#define INSTRUCTIONS "baseline vectors, multiply and add apart"
#endif

/* Twelve chains hide a latency of four cycles at up to three a cycle, and fit sixteen registers. */
#define CHAINS 12

const char *instructions(void) { return INSTRUCTIONS; }

#define MULTIPLY_ADDS(T)                                                               \
    typedef T T##_vector __attribute__((vector_size(BYTES)));                          \
    double T##_operations(long rounds, double *sink) {                                 \
        T##_vector a, b, sum[CHAINS];                                                  \
        for (int i = 0; i < (int)(BYTES / sizeof(T)); ++i) a[i] = (T)0.5, b[i] = (T)i; \
        for (int c = 0; c < CHAINS; ++c) sum[c] = b + (T)c;                            \
        for (long r = 0; r < rounds; ++r)                                              \
            _Pragma("GCC unroll 12") for (int c = 0; c < CHAINS; ++c)                  \
                sum[c] = sum[c] * a + b;                                               \
        for (int c = 1; c < CHAINS; ++c) sum[0] += sum[c];                             \
        *sink = (double)sum[0][0];                                                     \
        return 2.0 * CHAINS * (BYTES / sizeof(T)) * (double)rounds;                    \
    }

MULTIPLY_ADDS(float)
MULTIPLY_ADDS(double)

/* The C library's copy is not always the fastest: on some processors "rep movsb" crawls. */
void copy_library(char *to, const char *from, size_t size, long rounds) {
    for (long r = 0; r < rounds; ++r) {
        memcpy(to, from, size);
        __asm__ volatile("" : : "r"(to), "r"(from) : "memory");
    }
}

typedef char block __attribute__((vector_size(BYTES), aligned(1)));

void copy_vectors(char *to, const char *from, size_t size, long rounds) {
    for (long r = 0; r < rounds; ++r) {
        for (size_t i = 0; i + 4 * BYTES <= size; i += 4 * BYTES) {
            block a = *(const block *)(from + i), b = *(const block *)(from + i + BYTES);
            block c = *(const block *)(from + i + 2 * BYTES), d = *(const block *)(from + i + 3 * BYTES);
            *(block *)(to + i) = a, *(block *)(to + i + BYTES) = b;
            *(block *)(to + i + 2 * BYTES) = c, *(block *)(to + i + 3 * BYTES) = d;
            __asm__ volatile("" : : : "memory"); /* or a compiler turns the loop into memcpy */
        }
    }
}
