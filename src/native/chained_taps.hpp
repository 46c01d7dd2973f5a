// The inner loop of sums over a column of taps: rows of samples, each loaded once for all the rows of
// outputs that it serves.
#pragma once

#include "simd.hpp"

namespace faltung::FALTUNG_LEVEL {

template <class T, int R, int W>
struct Accumulators {
    Vector<T> at[R][W];
};

template <class T, int R, int W>
[[gnu::always_inline]] inline void clear(Accumulators<T, R, W>& sums) {
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
        for (int j = 0; j < W; ++j) sums.at[r][j] = Vector<T>{};
}

template <class T, int R, int W>
[[gnu::always_inline]] inline void add(Accumulators<T, R, W>& sums, const Accumulators<T, R, W>& more) {
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
        for (int j = 0; j < W; ++j) sums.at[r][j] = more.at[r][j] + sums.at[r][j];
}

// The samples of a vector lie side by side, or those of its upper half `apart` from those of the lower.
struct Whole {
    template <class T>
    [[gnu::always_inline]] Vector<T> operator()(const T* from) const {
        return load_once(from);
    }
};

struct Halves {
    std::ptrdiff_t apart;
    template <class T>
    [[gnu::always_inline]] Vector<T> operator()(const T* from) const {
        return in_register<T>(load_halves(from, from + apart));
    }
};

// `C` taps at once, `tap_step` apart: row i of the loads feeds tap c of output row i - c. Products
// reach every output in the order of the taps.
template <int C, class T, int R, int W, class Load = Whole>
[[gnu::always_inline]] inline void multiply_chain(const T* from, std::ptrdiff_t row_step, const T* taps,
                                                  std::ptrdiff_t tap_step, Accumulators<T, R, W>& sums,
                                                  const Load& load_vector = {}) {
    Vector<T> tap[C];
#pragma GCC unroll 16
    for (int c = 0; c < C; ++c) tap[c] = broadcast(taps[c * tap_step]);
#pragma GCC unroll 32
    for (int i = 0; i < R + C - 1; ++i) {
        Vector<T> row[W];
#pragma GCC unroll 4
        for (int j = 0; j < W; ++j) row[j] = load_vector(from + j * lanes<T>);
        from += row_step;
#pragma GCC unroll 16
        for (int r = 0; r < R; ++r) {
            const int c = i - r;
            if (c < 0 || c >= C) continue;
#pragma GCC unroll 4
            for (int j = 0; j < W; ++j) sums.at[r][j] = multiply_add<T>(row[j], tap[c], sums.at[r][j]);
        }
    }
}

}  // namespace faltung::FALTUNG_LEVEL
