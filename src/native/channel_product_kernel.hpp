// The border between what is compiled once (blocks, sections, tables) and what is compiled for
// each instruction set (the register tile and the transposes around it).
//
// Lanes are filters where there are many: a panel is up to two vectors of them. Its weights stand
// term by term, so that a tile loads them as they come; its sums stand position by position, in
// the same order of filters. Where filters are few, lanes are positions that lie side by side, and
// a panel is up to four or eight filters. Where a group is a single filter, as in depthwise layers, its taps
// are chained besides: a sample is loaded once for all the rows of outputs that it serves.
#pragma once

#include <cstddef>

#include "direct_kernel.hpp"

namespace faltung {

// Products summed from zero before sums of such blocks are added: with it the rounding error of
// a sum stays below (128 + log2 n) units in the last place of the sum of magnitudes.
inline constexpr std::ptrdiff_t most_terms = 128;

// Weights of a layer that leave room for its samples in the second-level cache.
inline constexpr std::ptrdiff_t most_near_bytes = std::ptrdiff_t{1} << 19;

// Consecutive terms of the sum: the weights of one panel, and where each term's sample lies from
// the sample of a position's first one.
template <class T>
struct Terms {
    const T* weights;
    const std::ptrdiff_t* offsets;
    std::ptrdiff_t count;
    std::ptrdiff_t block = most_terms;  // summed from zero; sums of blocks are added one after another
    bool far = false;                   // the weights of later terms come from beyond the second-level cache
};

// Output positions, or vectors of them, and where each one's first sample lies.
template <class T>
struct Positions {
    const T* samples;
    const std::ptrdiff_t* bases;
    std::ptrdiff_t count;
};

// Taps of a column whose samples lie as far apart as those of neighbouring rows of outputs: where the
// first one's sample lies from a position's first, and its weight from the filter's first.
struct Chain {
    std::ptrdiff_t sample, weight;
    int taps;
};

inline constexpr int most_chained = 7;

// Spans of consecutive chains of a filter; the last one ends at chain `last` if not before.
template <class T>
struct Chains {
    const T* weights;
    const Chain* chains;
    const std::ptrdiff_t* starts;  // of each span, and of the one after them
    std::ptrdiff_t spans, last;
    bool alike;                  // all chains have equally many taps
    std::ptrdiff_t weight_step;  // from one tap of a chain to the next
};

// Vectors of positions below each other: where each strip's first sample lies, and how far apart
// those of neighbouring rows are. Of narrow maps the upper half of a vector holds positions `half`
// rows further down.
template <class T>
struct Strips {
    const T* samples;
    const std::ptrdiff_t* bases;
    std::ptrdiff_t count, rows, row_step;
    std::ptrdiff_t half = 0;
};

// How many filters of one channel each are summed, and how far apart what belongs to them is.
struct Filters {
    std::ptrdiff_t count, weights_apart, samples_apart, sums_apart;
};

// Where their sums are kept. Of each vector, `length` elements are wanted: what exceeds them lies in
// the rows below, or is not written.
template <class T>
struct StripSums {
    T* data;
    const std::ptrdiff_t* places;  // of each strip
    std::ptrdiff_t row_step, length;
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

// Lines as they are copied: which elements their places read. Those from `inside` to `after` read
// elements `step` apart.
template <class T>
struct CopiedLines {
    const std::ptrdiff_t* sources;  // or `absent`, which reads `fill`
    std::ptrdiff_t inside, after, length, step;
    T fill;
    std::ptrdiff_t count, from_apart, to_apart;
};

// Channels that are copied alike.
struct Channels {
    std::ptrdiff_t count, from_apart, to_apart;
};

template <class T>
struct ChannelProductKernel {
    int lanes;
    int most_filters;  // of a panel whose lanes are positions
    bool halves;       // strips may take two rows in a vector
    // sums = (or +=) the sum over the terms; a panel of so many vectors of filters.
    void (*filters_in_lanes)(const Terms<T>& terms, const Positions<T>& positions, int vectors, bool add,
                             const Sums<T>& sums);
    // The same for vectors of positions; a panel of so many filters.
    void (*positions_in_lanes)(const Terms<T>& terms, const Positions<T>& vectors, int filters, bool add,
                               const Sums<T>& sums);
    // sums = the sum over all spans, for filters whose taps are chained.
    void (*strips)(const Chains<T>& chains, const Strips<T>& strips, const Filters& filters, const StripSums<T>& sums);
    // total += part, with what the rounding lost in `lost`; all of `count` elements, whole vectors.
    void (*add_compensated)(const T* part, T* total, T* lost, std::ptrdiff_t count);
    // Columns become rows: to[i * to_step + row], zeros from `rows` to `width`. Whether all is finite.
    bool (*interleave)(const Rows<T>& from, int rows, int width, T* to, std::ptrdiff_t to_step);
    // The first `columns` columns of rows become rows: to[places[column] + i * step].
    void (*spread)(const Rows<T>& from, int columns, T* to, const std::ptrdiff_t* places, std::ptrdiff_t step);
    // `length` elements of each of `count` vectors, which are `apart`, go to their places, `step` apart.
    void (*place)(const T* from, std::ptrdiff_t apart, std::ptrdiff_t count, std::ptrdiff_t length, T* to,
                  const std::ptrdiff_t* places, std::ptrdiff_t step);
    void (*copy)(const CopiedLines<T>& lines, const Channels& channels, const T* from, T* to);
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
