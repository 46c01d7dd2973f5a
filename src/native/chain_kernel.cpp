// Mirrored sums along columns, and the look for what is not finite. Compiled once for each
// instruction set; no standard-library template may leave this file out of line.
#include "chain_kernel.hpp"

#include "simd.hpp"

namespace faltung::FALTUNG_LEVEL {
namespace {

// Sums and both windows of samples stay in registers.
constexpr int tile_rows = vector_registers == 32 ? 8 : 4;
// Columns whose samples stay in the first-level cache while the tiles walk down.
constexpr std::ptrdiff_t strip_bytes = 256;

// The samples of `tile_rows` outputs under one pair of taps. From pair to pair the lower window
// moves one row down, the upper one row up: each loads one row, in the place of the row it leaves.
template <class T>
struct Windows {
    Vector<T> low[tile_rows], high[tile_rows];
};

// The pairs first + s, for s below `Pairs`; `first` is a multiple of tile_rows.
template <class T, int Pairs>
[[gnu::always_inline]] inline void add_pairs(const T* low, const T* high, std::ptrdiff_t pitch, const T* taps,
                                             Windows<T>& at, Vector<T> (&sums)[tile_rows]) {
#pragma GCC unroll 8
    for (int s = 0; s < Pairs; ++s) {
        at.low[(tile_rows - 1 + s) % tile_rows] = load(low + s * pitch);
        at.high[(tile_rows - s) % tile_rows] = load(high - s * pitch);
        const Vector<T> tap = broadcast(taps[s]);
#pragma GCC unroll 8
        for (int r = 0; r < tile_rows; ++r) {
            const Vector<T> pair = at.low[(r + s) % tile_rows] + at.high[(r - s + tile_rows) % tile_rows];
            sums[r] = multiply_add<T>(pair, tap, sums[r]);
        }
    }
}

template <class T, int Pairs>
[[gnu::always_inline]] inline void add_remaining(int pairs, const T* low, const T* high, std::ptrdiff_t pitch,
                                                 const T* taps, Windows<T>& at, Vector<T> (&sums)[tile_rows]) {
    if constexpr (Pairs > 0) {
        if (pairs == Pairs) return add_pairs<T, Pairs>(low, high, pitch, taps, at, sums);
        add_remaining<T, Pairs - 1>(pairs, low, high, pitch, taps, at, sums);
    }
}

template <class T>
[[gnu::always_inline]] inline void sum_tile(const MirroredSum<T>& sum, std::ptrdiff_t row, std::ptrdiff_t column) {
    const std::ptrdiff_t pitch = sum.pitch, pairs = sum.count / 2;
    const T* const from = sum.samples + row * pitch + column;
    Windows<T> at;
    Vector<T> sums[tile_rows];
#pragma GCC unroll 8
    for (int r = 0; r < tile_rows; ++r) sums[r] = Vector<T>{};
#pragma GCC unroll 8
    for (int r = 0; r + 1 < tile_rows; ++r) {
        at.low[r] = load(from + r * pitch);
        at.high[r + 1] = load(from + (sum.count + r) * pitch);
    }
    at.low[tile_rows - 1] = at.high[0] = Vector<T>{};
    const T* low = from + (tile_rows - 1) * pitch;
    const T* high = from + (sum.count - 1) * pitch;
    std::ptrdiff_t pair = 0;
    for (; pair + tile_rows <= pairs; pair += tile_rows) {
        add_pairs<T, tile_rows>(low, high, pitch, sum.taps + pair, at, sums);
        low += tile_rows * pitch;
        high -= tile_rows * pitch;
    }
    add_remaining<T, tile_rows - 1>(static_cast<int>(pairs - pair), low, high, pitch, sum.taps + pair, at, sums);
    if (sum.count % 2 != 0) {
        const Vector<T> tap = broadcast(sum.taps[pairs]);
#pragma GCC unroll 8
        for (int r = 0; r < tile_rows; ++r) sums[r] = multiply_add<T>(load(from + (pairs + r) * pitch), tap, sums[r]);
    }
    T* const to = sum.output + row * sum.output_pitch + column;
#pragma GCC unroll 8
    for (int r = 0; r < tile_rows; ++r) store(to + r * sum.output_pitch, sums[r]);
}

// The last tile of a row or column steps back to end with the area: what it computes twice has
// the same bits.
inline std::ptrdiff_t inside(std::ptrdiff_t at, std::ptrdiff_t size, std::ptrdiff_t end) {
    return at + size > end ? end - size : at;
}

template <class T>
void sum_mirrored(const MirroredSum<T>& sum) {
    constexpr std::ptrdiff_t width = strip_bytes / sizeof(T);
    for (std::ptrdiff_t strip = 0; strip < sum.columns; strip += width) {
        const std::ptrdiff_t end = strip + width < sum.columns ? strip + width : sum.columns;
        for (std::ptrdiff_t row = 0; row < sum.rows; row += tile_rows)
            for (std::ptrdiff_t column = strip; column < end; column += lanes<T>)
                sum_tile(sum, inside(row, tile_rows, sum.rows), inside(column, lanes<T>, sum.columns));
    }
}

template <class T>
struct BitsOf;
template <>
struct BitsOf<float> {
    using type = std::uint32_t;
    static constexpr type exponent = 0x7f800000, one = 0x00800000, sign = 0x80000000;
};
template <>
struct BitsOf<double> {
    using type = std::uint64_t;
    static constexpr type exponent = 0x7ff0000000000000, one = 0x0010000000000000, sign = 0x8000000000000000;
};

// An infinity or NaN has the largest exponent: one more carries into the sign.
template <class T>
bool all_finite(const T* values, std::ptrdiff_t count) {
    using Bits = BitsOf<T>;
    typename Bits::type carried = 0;
    for (std::ptrdiff_t i = 0; i < count; ++i) {
        typename Bits::type bits;
        std::memcpy(&bits, values + i, sizeof bits);
        carried |= (bits & Bits::exponent) + Bits::one;
    }
    return (carried & Bits::sign) == 0;
}

template <class T>
constexpr ChainKernel<T> kernel{tile_rows, lanes<T>, sum_mirrored<T>, all_finite<T>};

}  // namespace

template <class T>
const ChainKernel<T>& chain_kernel() {
    return kernel<T>;
}

template const ChainKernel<float>& chain_kernel();
template const ChainKernel<double>& chain_kernel();

}  // namespace faltung::FALTUNG_LEVEL
