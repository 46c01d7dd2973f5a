// Square transposes in registers: rows of a matrix become its columns, so that the same sample
// of every block comes to lie in one vector (loading) and back (storing).
#pragma once

#include <cstddef>
#include <utility>

#include "simd.hpp"

namespace faltung::FALTUNG_LEVEL {

// Instruction sets shuffle cheaply within 16 bytes, and move whole 16-byte parts.
template <class T>
inline constexpr int lanes_in_part = 16 / static_cast<int>(sizeof(T));

// Which lane of (a, b) goes to `lane` when pieces of `unit` lanes are interleaved within each
// part: the lower half of both parts, or the upper. (unpcklps, unpckhps, unpcklpd, unpckhpd)
template <class T>
constexpr int interleaved(int lane, int unit, bool upper) {
    const int part = lanes_in_part<T>;
    const int piece = lane % part / unit;
    const int from = lane / part * part + (upper ? part / 2 : 0) + piece / 2 * unit + lane % unit;
    return piece % 2 == 0 ? from : lanes<T> + from;
}

// The same for the 2×2 transpose of pieces of `step` lanes: (a0 b0 a2 b2 …) or (a1 b1 a3 b3 …).
template <class T>
constexpr int exchanged(int lane, int step, bool upper) {
    const int from = (lane & ~step) + (upper ? step : 0);
    return (lane & step) == 0 ? from : lanes<T> + from;
}

template <class T, int unit, bool upper, std::size_t... lane>
inline Vector<T> interleave(Vector<T> a, Vector<T> b, std::index_sequence<lane...>) {
    return __builtin_shufflevector(a, b, interleaved<T>(static_cast<int>(lane), unit, upper)...);
}

template <class T, int step, bool upper, std::size_t... lane>
inline Vector<T> exchange(Vector<T> a, Vector<T> b, std::index_sequence<lane...>) {
    return __builtin_shufflevector(a, b, exchanged<T>(static_cast<int>(lane), step, upper)...);
}

template <class T>
using Lanes = std::make_index_sequence<static_cast<std::size_t>(lanes<T>)>;

// Afterwards part p of rows[g * m + c] holds column p * m + c of the m rows from g * m on
// (m lanes in a part).
template <class T>
inline void transpose_parts(Vector<T>* rows) {
    if constexpr (lanes_in_part<T> == 2) {
        const Vector<T> a = rows[0], b = rows[1];
        rows[0] = interleave<T, 1, false>(a, b, Lanes<T>{});
        rows[1] = interleave<T, 1, true>(a, b, Lanes<T>{});
    } else {
        const Vector<T> a = interleave<T, 1, false>(rows[0], rows[1], Lanes<T>{});
        const Vector<T> b = interleave<T, 1, true>(rows[0], rows[1], Lanes<T>{});
        const Vector<T> c = interleave<T, 1, false>(rows[2], rows[3], Lanes<T>{});
        const Vector<T> d = interleave<T, 1, true>(rows[2], rows[3], Lanes<T>{});
        rows[0] = interleave<T, 2, false>(a, c, Lanes<T>{});
        rows[1] = interleave<T, 2, true>(a, c, Lanes<T>{});
        rows[2] = interleave<T, 2, false>(b, d, Lanes<T>{});
        rows[3] = interleave<T, 2, true>(b, d, Lanes<T>{});
    }
}

template <class T, int step>
inline void exchange_parts(Vector<T>* rows) {
    if constexpr (step < lanes<T>) {
#pragma GCC unroll 16
        for (int r = 0; r < lanes<T>; ++r) {
            if ((r & step) != 0) continue;
            const Vector<T> a = rows[r], b = rows[r + step];
            rows[r] = exchange<T, step, false>(a, b, Lanes<T>{});
            rows[r + step] = exchange<T, step, true>(a, b, Lanes<T>{});
        }
        exchange_parts<T, 2 * step>(rows);
    }
}

// rows[i][j] becomes rows[j][i], for lanes<T> rows.
template <class T>
inline void transpose(Vector<T>* rows) {
#pragma GCC unroll 16
    for (int r = 0; r < lanes<T>; r += lanes_in_part<T>) transpose_parts<T>(rows + r);
    exchange_parts<T, lanes_in_part<T>>(rows);
}

}  // namespace faltung::FALTUNG_LEVEL
