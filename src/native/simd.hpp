// The one place that knows how wide a vector is. Everything else is written on Vector<T>,
// and compiled once for each instruction set, in a namespace of its own (FALTUNG_LEVEL).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>
#ifdef __FMA__
#include <immintrin.h>
#endif

namespace faltung::FALTUNG_LEVEL {

template <class T>
struct VectorOf {
    typedef T type __attribute__((vector_size(FALTUNG_VECTOR_BYTES)));
};
template <class T>
using Vector = typename VectorOf<T>::type;

template <class T>
inline constexpr int lanes = FALTUNG_VECTOR_BYTES / static_cast<int>(sizeof(T));

// Registers that hold vectors: 32 with AVX-512 and NEON, 16 below.
#if FALTUNG_VECTOR_BYTES == 64 || defined(__aarch64__)
inline constexpr int vector_registers = 32;
#else
inline constexpr int vector_registers = 16;
#endif

template <class T>
inline Vector<T> load(const T* from) {
    Vector<T> v;
    std::memcpy(&v, from, sizeof v);
    return v;
}

// The same value, which from here on lives in a register: keeps a compiler from loading an
// operand again for each of its uses, where loads are what limits a loop.
template <class T>
inline Vector<T> in_register(Vector<T> v) {
#if FALTUNG_VECTOR_BYTES == 16 && defined(__SSE2__) || FALTUNG_VECTOR_BYTES == 32 && defined(__AVX__) || \
    FALTUNG_VECTOR_BYTES == 64 && defined(__AVX512F__)
    asm("" : "+v"(v));
#elif defined(__aarch64__)
    asm("" : "+w"(v));
#endif
    return v;
}

template <class T, int... i>
inline Vector<T> load_halves(const T* low, const T* high, std::integer_sequence<int, i...>) {
    typedef T Half __attribute__((vector_size(FALTUNG_VECTOR_BYTES / 2)));
    Half first, second;
    std::memcpy(&first, low, sizeof first);
    std::memcpy(&second, high, sizeof second);
    return __builtin_shufflevector(first, second, i...);
}

template <class T>
inline Vector<T> load_halves(const T* low, const T* high) {
    return load_halves(low, high, std::make_integer_sequence<int, lanes<T>>{});
}

template <class T, int... i>
inline Vector<T> exchange_halves(Vector<T> v, std::integer_sequence<int, i...>) {
    return __builtin_shufflevector(v, v, (i + lanes<T> / 2) % lanes<T>...);
}

template <class T>
inline Vector<T> exchange_halves(Vector<T> v) {
    return exchange_halves<T>(v, std::make_integer_sequence<int, lanes<T>>{});
}

// A load that stays in its register. Without it GCC folds one load into several operations and
// reads memory again for each, which is dear where a load crosses a cache line.
template <class T>
inline Vector<T> load_once(const T* from) {
    return in_register<T>(load(from));
}

template <class T>
inline void store(T* to, Vector<T> v) {
    std::memcpy(to, &v, sizeof v);
}

// Pieces of a power of two, the last of which ends with the line: `count` is less than 2 * size.
template <int size, class T>
[[gnu::always_inline]] inline void copy_short(const T* from, std::ptrdiff_t count, T* to) {
    if (count >= size) {
        struct Piece {
            T at[size];
        } first, last;
        std::memcpy(&first, from, sizeof first);
        std::memcpy(&last, from + count - size, sizeof last);
        std::memcpy(to, &first, sizeof first);
        std::memcpy(to + count - size, &last, sizeof last);
    } else if constexpr (size > 1) {
        copy_short<size / 2>(from, count, to);
    }
}

// The first `count` elements, fewer than lanes; zeros in the other lanes, whose memory is not read.
template <class T>
inline Vector<T> load_first(const T* from, std::ptrdiff_t count) {
#if FALTUNG_VECTOR_BYTES == 64 && defined(__AVX512F__)
    const unsigned mask = (1U << count) - 1;
    if constexpr (std::is_same_v<T, float>) return _mm512_maskz_loadu_ps(static_cast<__mmask16>(mask), from);
    if constexpr (std::is_same_v<T, double>) return _mm512_maskz_loadu_pd(static_cast<__mmask8>(mask), from);
#endif
    T spilled[lanes<T>] = {};
    copy_short<lanes<T> / 2>(from, count, spilled);
    return load(spilled);
}

template <class T>
inline void store_first(T* to, Vector<T> v, std::ptrdiff_t count) {
#if FALTUNG_VECTOR_BYTES == 64 && defined(__AVX512F__)
    const unsigned mask = (1U << count) - 1;
    if constexpr (std::is_same_v<T, float>) return _mm512_mask_storeu_ps(to, static_cast<__mmask16>(mask), v);
    if constexpr (std::is_same_v<T, double>) return _mm512_mask_storeu_pd(to, static_cast<__mmask8>(mask), v);
#endif
    T spilled[lanes<T>];
    store(spilled, v);
    copy_short<lanes<T> / 2>(spilled, count, to);
}

// Whether some elements of a vector can be stored without touching those between them.
template <class T>
constexpr bool has_masks =
#if (FALTUNG_VECTOR_BYTES == 64 && defined(__AVX512F__)) || (FALTUNG_VECTOR_BYTES == 32 && defined(__AVX2__))
    true;
#else
    false;
#endif

// Elements 0, 2, 4, ...: where there are masks.
template <class T>
inline void store_even([[maybe_unused]] T* to, [[maybe_unused]] Vector<T> v) {
#if FALTUNG_VECTOR_BYTES == 64 && defined(__AVX512F__)
    if constexpr (std::is_same_v<T, float>) return _mm512_mask_storeu_ps(to, 0x5555, v);
    if constexpr (std::is_same_v<T, double>) return _mm512_mask_storeu_pd(to, 0x55, v);
#elif FALTUNG_VECTOR_BYTES == 32 && defined(__AVX2__)
    if constexpr (std::is_same_v<T, float>)
        return _mm256_maskstore_ps(to, _mm256_setr_epi32(-1, 0, -1, 0, -1, 0, -1, 0), v);
    if constexpr (std::is_same_v<T, double>) return _mm256_maskstore_pd(to, _mm256_setr_epi64x(-1, 0, -1, 0), v);
#endif
}

template <class T>
inline Vector<T> broadcast(T value) {
    return value - Vector<T>{};  // value - 0 is value for every value, -0.0 and NaN included
}

// a * b + c, rounded once where the instruction set can (FMA), twice elsewhere; the same in
// every lane, because tails run through the same vector code. Left to find the instruction for a
// loop over the lanes, GCC misses it in long unrolled code.
template <class T>
inline Vector<T> multiply_add(Vector<T> a, Vector<T> b, Vector<T> c) {
#if FALTUNG_VECTOR_BYTES == 32 && defined(__FMA__)
    if constexpr (std::is_same_v<T, float>) return _mm256_fmadd_ps(a, b, c);
    if constexpr (std::is_same_v<T, double>) return _mm256_fmadd_pd(a, b, c);
#elif FALTUNG_VECTOR_BYTES == 64 && defined(__AVX512F__)
    if constexpr (std::is_same_v<T, float>) return _mm512_fmadd_ps(a, b, c);
    if constexpr (std::is_same_v<T, double>) return _mm512_fmadd_pd(a, b, c);
#elif defined(__FMA__) || defined(__aarch64__)
    if constexpr (std::is_same_v<T, float>) {
        for (int i = 0; i < lanes<T>; ++i) c[i] = __builtin_fmaf(a[i], b[i], c[i]);
        return c;
    } else if constexpr (std::is_same_v<T, double>) {
        for (int i = 0; i < lanes<T>; ++i) c[i] = __builtin_fma(a[i], b[i], c[i]);
        return c;
    }
#endif
    return a * b + c;
}

// How many elements apart two vectors are between which `between` shifts. AVX2 shifts within 128
// bits only, which vectors half their length apart make no restriction.
template <class T>
inline constexpr int shift_reach = FALTUNG_VECTOR_BYTES == 32 ? lanes<T> / 2 : lanes<T>;

template <int shift, class T, int... i>
inline Vector<T> between(Vector<T> low, Vector<T> high, std::integer_sequence<int, i...>) {
    constexpr int reach = shift_reach<T>;
    constexpr int in_high = lanes<T> - reach;  // the element at `reach` is the first of `high`
    return __builtin_shufflevector(low, high, (i % reach + shift < reach ? i + shift : i + shift + in_high)...);
}

// The vector `shift` elements after `low`; `high` is the one `shift_reach` after it.
template <int shift, class T>
inline Vector<T> between(Vector<T> low, Vector<T> high) {
    static_assert(shift > 0 && shift < shift_reach<T>);
#if FALTUNG_VECTOR_BYTES == 64 && defined(__AVX512F__)
    // GCC would take a permutation, with an index in a register. (The unmasked intrinsic warns of
    // its own uninitialised operand.)
    if constexpr (sizeof(T) == 4)
        return (Vector<T>)_mm512_maskz_alignr_epi32(0xffff, (__m512i)high, (__m512i)low, shift);
    else
        return (Vector<T>)_mm512_maskz_alignr_epi64(0xff, (__m512i)high, (__m512i)low, shift);
#else
    return between<shift, T>(low, high, std::make_integer_sequence<int, lanes<T>>{});
#endif
}

}  // namespace faltung::FALTUNG_LEVEL
