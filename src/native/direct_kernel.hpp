// The border between what is compiled once (programs, blocks, gathering) and what is compiled
// for each instruction set (the register tile, the conversion loops): plain data, and one table
// of functions for each compute type.
//
// A convolution is a program: a list of steps that every output tile runs. Taps that are
// `chain` elements apart in memory share loads when the tile's rows are as far apart, so that
// one step covers up to `most_taps` taps of such a chain. The taps of a short kernel on a line
// are neighbours instead, whose operands are made from each other in registers.
#pragma once

#include <cstddef>
#include <cstdint>

#include "dispatch.hpp"
#include "element.hpp"

namespace faltung {

// Where the first tap of a step reads, from the tile's first element: rows down, elements across.
struct Step {
    std::int32_t plane;
    std::ptrdiff_t row, column;
};

// Consecutive steps of equally many taps, so that the tile chooses its code once for all.
struct Run {
    std::int32_t taps;
    std::int32_t steps;
};

// Which tile runs a program: two shapes for grids; for one line, chained taps or neighbours.
enum class Tile : int { tall, wide, line, neighbours };
inline constexpr int tiles = 4;

// A tile of rows x columns outputs. A chain of up to `most_taps` is one step; longer ones are
// cut into steps of up to `usual_taps`.
struct TileShape {
    Tile tile;
    int rows, columns, lanes;
    int chain_step;  // on a line: outputs from one tap of a step to the next
    int usual_taps, most_taps;
};

// A program as the tile sees it. Taps stand in the order of the steps. Every block of at most
// 128 products is summed from zero; block sums are added pairwise.
template <class T>
struct Sum {
    const Step* steps;
    const T* taps;
    const Run* runs;
    const std::int32_t* block_runs;  // how many runs make each block
    std::ptrdiff_t blocks;
};

// A rectangle of outputs, at least one tile in both directions, and the memory it reads.
template <class T>
struct Area {
    const T* const* planes;
    std::ptrdiff_t row_stride;  // from one kernel row to the next
    std::ptrdiff_t row_step;    // from one output row to the next
    T* output;
    std::ptrdiff_t output_stride;
    std::ptrdiff_t rows, columns;
    Tile tile;
};

template <class T>
struct Reader {
    // `count` elements, `step` bytes apart.
    void (*run)(const std::byte* from, std::ptrdiff_t step, T* to, std::ptrdiff_t count);
    // Elements at byte offsets, `fill` where the offset is `absent`.
    void (*pick)(const std::byte* from, const std::ptrdiff_t* offsets, T fill, T* to, std::ptrdiff_t count);
};

inline constexpr std::ptrdiff_t absent = PTRDIFF_MIN;

// Converts and stores `count` elements, `step` bytes apart.
template <class T>
using Writer = void (*)(const T* from, std::byte* to, std::ptrdiff_t step, std::ptrdiff_t count);

template <class T>
struct DirectKernel {
    TileShape shapes[tiles];  // by Tile
    void (*run)(const Sum<T>& sum, const Area<T>& area);
    Reader<T> (*reader)(Element source);       // null functions: not a source of T
    Writer<T> (*writer)(Element destination);  // null: not a destination of T
};

#ifdef FALTUNG_X86
namespace v2 {
template <class T>
const DirectKernel<T>& direct_kernel();
}
namespace v3 {
template <class T>
const DirectKernel<T>& direct_kernel();
}
namespace v4 {
template <class T>
const DirectKernel<T>& direct_kernel();
}
#else
namespace baseline {
template <class T>
const DirectKernel<T>& direct_kernel();
}
#endif

template <class T>
const DirectKernel<T>& direct_kernel_for(Level level) {
    return FALTUNG_DISPATCH(level, direct_kernel<T>());
}

}  // namespace faltung
