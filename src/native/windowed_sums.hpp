// The definition itself, for the few blocks that a transform must not compute.
#pragma once

#include <algorithm>
#include <bit>

#include "simd.hpp"

namespace faltung::FALTUNG_LEVEL {

inline constexpr int products_in_sum = 128;
inline constexpr int vectors_at_once = 4;  // independent sums hide the latency of multiply-add

// Samples read beyond the last window: a whole number of vectors is computed at a time.
template <class T>
inline constexpr int windowed_sums_padding = vectors_at_once * lanes<T>;

template <class T>
struct Sums {
    Vector<T> v[vectors_at_once];
};

template <class T>
inline Sums<T> sum_products(const T* samples, const T* taps, int count) {
    Sums<T> sums{};
    for (int k = 0; k < count; ++k) {
        const Vector<T> tap = broadcast(taps[k]);
        for (int i = 0; i < vectors_at_once; ++i)
            sums.v[i] = multiply_add<T>(load(samples + k + i * lanes<T>), tap, sums.v[i]);
    }
    return sums;
}

template <class T>
inline void add(Sums<T>& to, const Sums<T>& from) {
    for (int i = 0; i < vectors_at_once; ++i) to.v[i] += from.v[i];
}

// Sums of 128 products, added pairwise: after sum number i, as many pairs are complete as i has
// trailing ones. 32 levels are enough for any tap count that an int holds.
template <class T>
inline Sums<T> pairwise_sum(const T* samples, const T* taps, int count) {
    Sums<T> waiting[32];
    int level = 0;
    unsigned finished = 0;
    for (int k = 0; k < count; k += products_in_sum, ++finished) {
        waiting[level++] = sum_products(samples + k, taps + k, std::min(products_in_sum, count - k));
        for (int pairs = std::countr_one(finished); pairs > 0; --pairs, --level)
            add(waiting[level - 2], waiting[level - 1]);
    }
    for (; level > 1; --level) add(waiting[level - 2], waiting[level - 1]);
    return waiting[0];
}

// outputs[i] = Σ_k samples[i + k] · taps[k]; samples and outputs are padded.
template <class T>
void windowed_sums(const T* samples, const T* taps, int tap_count, std::ptrdiff_t count, T* outputs) {
    constexpr int step = vectors_at_once * lanes<T>;
    for (std::ptrdiff_t i = 0; i < count; i += step) {
        const Sums<T> sums = pairwise_sum(samples + i, taps, tap_count);
        for (int j = 0; j < vectors_at_once; ++j) store(outputs + i + j * lanes<T>, sums.v[j]);
    }
}

}  // namespace faltung::FALTUNG_LEVEL
