// The border between what is compiled once (blocks, sections, tables) and what is compiled for
// each instruction set (the register tile and the transposes around it).
//
// A panel is up to two vectors of filters. Its weights stand term by term, so that a tile loads
// them as they come; its sums stand position by position, in the same order of filters.
#pragma once

#include <cstddef>

#include "dispatch.hpp"

namespace faltung {

// Products summed from zero before sums of such blocks are added: with it the rounding error of
// a sum stays below (128 + log2 n) units in the last place of the sum of magnitudes.
inline constexpr std::ptrdiff_t most_terms = 128;

// Consecutive terms of the sum: the weights of one panel, and where each term's sample lies from
// the sample of a position's first one.
template <class T>
struct Terms {
    const T* weights;
    const std::ptrdiff_t* offsets;
    std::ptrdiff_t count;
};

// Output positions, and where each one's first sample lies.
template <class T>
struct Positions {
    const T* samples;
    const std::ptrdiff_t* bases;
    std::ptrdiff_t count;
};

// Rows of a matrix, each `count` elements `step` apart.
template <class T>
struct Rows {
    const T* first;
    std::ptrdiff_t apart, step, count;
};

template <class T>
struct ChannelProductKernel {
    int lanes;      // filters in a vector
    int positions;  // in a tile
    // sums[position][filter] = (or +=) the sum over at most `most_terms` terms.
    void (*multiply)(const Terms<T>& terms, const Positions<T>& positions, int vectors, bool add, T* sums);
    // total += part, with what the rounding lost in `lost`; all of `count` elements, whole vectors.
    void (*add_compensated)(const T* part, T* total, T* lost, std::ptrdiff_t count);
    // Columns become rows: to[i * to_step + row], zeros from `rows` to `width`. Whether all is finite.
    bool (*interleave)(const Rows<T>& from, int rows, int width, T* to, std::ptrdiff_t to_step);
    // Rows become columns: to[row * apart + i * step] = from[i * width + row].
    void (*spread)(const T* from, int width, int rows, std::ptrdiff_t count, T* to, std::ptrdiff_t apart,
                   std::ptrdiff_t step);
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
