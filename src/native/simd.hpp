// The one place that knows how wide a vector is. Everything else is written on Vector<T>,
// and compiled once for each instruction set, in a namespace of its own (FALTUNG_LEVEL).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

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

// A load that stays in its register. Without it GCC folds one load into several operations and
// reads memory again for each, which is dear where a load crosses a cache line.
template <class T>
inline Vector<T> load_once(const T* from) {
    Vector<T> v = load(from);
#if FALTUNG_VECTOR_BYTES == 16 && defined(__SSE2__) || FALTUNG_VECTOR_BYTES == 32 && defined(__AVX__) || \
    FALTUNG_VECTOR_BYTES == 64 && defined(__AVX512F__)
    asm("" : "+v"(v));
#elif defined(__aarch64__)
    asm("" : "+w"(v));
#endif
    return v;
}

template <class T>
inline void store(T* to, Vector<T> v) {
    std::memcpy(to, &v, sizeof v);
}

template <class T>
inline Vector<T> broadcast(T value) {
    return value - Vector<T>{};  // value - 0 is value for every value, -0.0 and NaN included
}

// a * b + c, rounded once where the instruction set can (FMA), twice elsewhere; the same in
// every lane, because tails run through the same vector code.
template <class T>
inline Vector<T> multiply_add(Vector<T> a, Vector<T> b, Vector<T> c) {
#if defined(__FMA__) || defined(__aarch64__)
    if constexpr (std::is_same_v<T, float>) {
        for (int i = 0; i < lanes<T>; ++i) c[i] = __builtin_fmaf(a[i], b[i], c[i]);
        return c;
    } else if constexpr (std::is_same_v<T, double>) {
        for (int i = 0; i < lanes<T>; ++i) c[i] = __builtin_fma(a[i], b[i], c[i]);
        return c;
    } else
#endif
        return a * b + c;
}

// The same value, which from here on lives in a register: keeps a compiler from loading an
// operand again for each of its uses, where loads are what limits a loop.
template <class T>
inline Vector<T> in_register(Vector<T> v) {
#if defined(__x86_64__)
    __asm__("" : "+v"(v));
#elif defined(__aarch64__)
    __asm__("" : "+w"(v));
#endif
    return v;
}

}  // namespace faltung::FALTUNG_LEVEL
