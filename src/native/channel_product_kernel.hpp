// The border between what is compiled once (blocks, sections, tables) and what is compiled for
// each instruction set (the register tile and the transposes around it).
//
// Lanes are filters where there are many: a panel is up to two vectors of them. Its weights stand
// term by term, so that a tile loads them as they come; its sums stand position by position, in
// the same order of filters. Where filters are few, as in depthwise layers, lanes are positions
// that lie side by side, and a panel is up to four filters.
#pragma once

#include <cstddef>

#include "direct_kernel.hpp"

namespace faltung {

// Products summed from zero before sums of such blocks are added: with it the rounding error of
// a sum stays below (128 + log2 n) units in the last place of the sum of magnitudes.
inline constexpr std::ptrdiff_t most_terms = 128;

// Filters of a panel whose lanes are positions.
inline constexpr int most_filters = 4;

// Consecutive terms of the sum: the weights of one panel, and where each term's sample lies from
// the sample of a position's first one.
template <class T>
struct Terms {
    const T* weights;
    const std::ptrdiff_t* offsets;
    std::ptrdiff_t count;
    std::ptrdiff_t block = most_terms;  // summed from zero; sums of blocks are added one after another
};

// Output positions, or vectors of them, and where each one's first sample lies.
template <class T>
struct Positions {
    const T* samples;
    const std::ptrdiff_t* bases;
    std::ptrdiff_t count;
};

// Where sums are kept: vector v of a position at data + places[position] + v * apart.
template <class T>
struct Sums {
    T* data;
    const std::ptrdiff_t* places;
    std::ptrdiff_t apart;
};

// Rows of a matrix, each `count` elements `step` apart.
template <class T>
struct Rows {
    const T* first;
    std::ptrdiff_t apart, step, count;
};

// A line as it is copied: which elements its places read. Those from `inside` to `after` read
// elements `step` apart.
template <class T>
struct CopiedLine {
    const std::ptrdiff_t* sources;  // or `absent`, which reads `fill`
    std::ptrdiff_t inside, after, count, step;
    T fill;
};

template <class T>
struct ChannelProductKernel {
    int lanes;
    // sums = (or +=) the sum over the terms; a panel of so many vectors of filters.
    void (*filters_in_lanes)(const Terms<T>& terms, const Positions<T>& positions, int vectors, bool add,
                             const Sums<T>& sums);
    // The same for vectors of positions; a panel of so many filters.
    void (*positions_in_lanes)(const Terms<T>& terms, const Positions<T>& vectors, int filters, bool add,
                               const Sums<T>& sums);
    // total += part, with what the rounding lost in `lost`; all of `count` elements, whole vectors.
    void (*add_compensated)(const T* part, T* total, T* lost, std::ptrdiff_t count);
    // Columns become rows: to[i * to_step + row], zeros from `rows` to `width`. Whether all is finite.
    bool (*interleave)(const Rows<T>& from, int rows, int width, T* to, std::ptrdiff_t to_step);
    // The first `columns` columns of rows become rows: to[column * apart + i * step].
    void (*spread)(const Rows<T>& from, int columns, T* to, std::ptrdiff_t apart, std::ptrdiff_t step);
    // `length` elements of each of `count` vectors, which are `apart`, go to their places, `step` apart.
    void (*place)(const T* from, std::ptrdiff_t apart, std::ptrdiff_t count, std::ptrdiff_t length, T* to,
                  const std::ptrdiff_t* places, std::ptrdiff_t step);
    // `count` lines, `from_apart` and `to_apart` from each other.
    void (*copy)(const CopiedLine<T>& line, const T* from, std::ptrdiff_t from_apart, std::ptrdiff_t count, T* to,
                 std::ptrdiff_t to_apart);
};

#ifdef FALTUNG_X86
namespace v2 {
template <class T>
const ChannelProductKernel<T>& channel_product_kernel();
}
namespace v3 {
template <class T>
const ChannelProductKernel<T>& channel_product_kernel();
}
namespace v4 {
template <class T>
const ChannelProductKernel<T>& channel_product_kernel();
}
#else
namespace baseline {
template <class T>
const ChannelProductKernel<T>& channel_product_kernel();
}
#endif

template <class T>
const ChannelProductKernel<T>& channel_product_kernel_for(Level level) {
    return FALTUNG_DISPATCH(level, channel_product_kernel<T>());
}

}  // namespace faltung
