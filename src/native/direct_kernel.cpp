// The register tile: rows x vectors of accumulators that run a program of steps. Compiled once
// for each instruction set; no standard-library template may leave this file out of line.
#include "direct_kernel.hpp"

#include "chained_taps.hpp"
#include "direct_convert.hpp"

namespace faltung::FALTUNG_LEVEL {
namespace {

#define FALTUNG_INLINE [[gnu::always_inline]] inline
#define FALTUNG_INLINED __attribute__((always_inline))  // for lambdas

// Accumulators, one row of loads and a step's taps stay in registers. FMA units want more than
// eight sums under way; tall and narrow tiles load least for each product. Long chains keep more sums
// apart from the last product that they wait for: measured with AVX-512 alone of what has 32 registers.
#if FALTUNG_VECTOR_BYTES == 64 || defined(__aarch64__)
static_assert(vector_registers == 32);
constexpr int tall_rows = 8, tall_vectors = 2, wide_rows = 4, wide_vectors = 4;
constexpr int line_vectors = 16, usual_taps = 8, most_taps = 11;
#else
constexpr int tall_rows = 10, tall_vectors = 1, wide_rows = 5, wide_vectors = 2;
constexpr int line_vectors = 10, usual_taps = 4, most_taps = 5;
#endif
constexpr int neighbour_vectors = 4, most_neighbours = 16;

// 2^32 blocks of 128 products are more than memory holds.
constexpr int most_pending = 33;

// Where a tile stands in its program and in memory.
template <class T>
struct Cursor {
    const Step* step;
    const T* taps;
    const Run* run;
    const T* const* planes;
    std::ptrdiff_t origin, row_stride, row_step;
};

// A number known when this is compiled, as a value that a call can pass on.
template <int N>
struct Count {
    static constexpr int value = N;
};

// Calls action(Count<n>{}), for n in [1, most].
template <int most, class Action>
FALTUNG_INLINE void with_count(int n, const Action& action) {
    if constexpr (most > 1)
        if (n < most) return with_count<most - 1>(n, action);
    action(Count<most>{});
}

template <class T>
FALTUNG_INLINE Vector<T> shift_odd(int shift, Vector<T> low, Vector<T> high) {
    Vector<T> shifted = low;
    if constexpr (shift_reach<T> > 1)
        if (shift == 1) shifted = between<1, T>(low, high);
    if constexpr (shift_reach<T> > 3)
        if (shift == 3) shifted = between<3, T>(low, high);
    if constexpr (shift_reach<T> > 7) {
        if (shift == 5) shifted = between<5, T>(low, high);
        if (shift == 7) shifted = between<7, T>(low, high);
    }
    if constexpr (shift_reach<T> > 15) {
        if (shift == 9) shifted = between<9, T>(low, high);
        if (shift == 11) shifted = between<11, T>(low, high);
        if (shift == 13) shifted = between<13, T>(low, high);
        if (shift == 15) shifted = between<15, T>(low, high);
    }
    return shifted;
}

// `C` neighbouring taps of one line. A load at every position would take longer than the products,
// and so would a shift: loads at the even positions are mixed with shifts at the odd ones, which
// have units of their own.
template <int C, class T, int R>
FALTUNG_INLINE void multiply_neighbours(const T* from, const Vector<T> (&taps)[C], Accumulators<T, R, 1>& sums) {
    constexpr int reach = shift_reach<T>;
    constexpr int count = R * lanes<T> + C - 1;  // elements, none beyond which may be read
    constexpr int whole = (count - lanes<T>) / reach + 1;
    Vector<T> line[whole];
#pragma GCC unroll 32
    for (int v = 0; v < whole; ++v) line[v] = load_once(from + v * reach);
#pragma GCC unroll 16
    for (int c = 0; c < C; ++c) {
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) {
            const int position = r * lanes<T> + c, v = position / reach, shift = position % reach;
            const Vector<T> operand = shift == 0                         ? line[v]
                                      : shift % 2 == 0 || v + 1 >= whole ? load_once(from + position)
                                                                         : shift_odd<T>(shift, line[v], line[v + 1]);
            sums.at[r][0] = multiply_add<T>(operand, taps[c], sums.at[r][0]);
        }
    }
}

template <int C, class T, int R, int W>
FALTUNG_INLINE void multiply_run(Cursor<T>& cursor, Accumulators<T, R, W>& sums) {
    const Step* const end = cursor.step + cursor.run->steps;
    for (; cursor.step != end; ++cursor.step, cursor.taps += C) {
        const Step& step = *cursor.step;
        const T* from =
            cursor.planes[step.plane] + cursor.origin + step.row * cursor.row_stride + step.column;
        multiply_chain<C>(from, cursor.row_step, cursor.taps, 1, sums);
    }
}

template <class T, int R, int W>
FALTUNG_INLINE void sum_block(Cursor<T>& cursor, std::int32_t runs, Accumulators<T, R, W>& sums) {
    clear(sums);
    for (const Run* const end = cursor.run + runs; cursor.run != end; ++cursor.run)
        with_count<most_taps>(cursor.run->taps, [&](auto count) FALTUNG_INLINED {
            multiply_run<count.value>(cursor, sums);
        });
}

template <class T, int R, int W>
FALTUNG_INLINE void store_tile(const Accumulators<T, R, W>& sums, T* to, std::ptrdiff_t stride) {
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
        for (int j = 0; j < W; ++j) store(to + r * stride + j * lanes<T>, sums.at[r][j]);
}

// Block sums added pairwise: like a binary counter, where a carry is an addition.
template <class T, int R, int W>
[[gnu::noinline]] void store_sum_of_blocks(Cursor<T> cursor, const Sum<T>& sum, T* to,
                                           std::ptrdiff_t stride) {
    Accumulators<T, R, W> pending[most_pending];
    int depth = 0;
    for (std::ptrdiff_t block = 0; block < sum.blocks; ++block) {
        Accumulators<T, R, W> sums;
        sum_block(cursor, sum.block_runs[block], sums);
        for (std::ptrdiff_t carry = block; (carry & 1) != 0; carry >>= 1) add(sums, pending[--depth]);
        pending[depth++] = sums;
    }
    while (--depth > 0) add(pending[depth - 1], pending[depth]);
    store_tile(pending[0], to, stride);
}

// The last tile of a row or column steps back to end with the area: what it computes twice has
// the same bits, as the order of products is the same everywhere in a tile.
FALTUNG_INLINE std::ptrdiff_t inside(std::ptrdiff_t at, std::ptrdiff_t size, std::ptrdiff_t end) {
    return at + size > end ? end - size : at;
}

// compute(cursor, to) for every tile of R x W vectors; on a line the rows follow each other.
template <int R, int W, bool line, class T, class Compute>
FALTUNG_INLINE void for_each_tile(const Sum<T>& sum, const Area<T>& area, const Compute& compute) {
    constexpr std::ptrdiff_t height = line ? 1 : R, width = (line ? R : 1) * W * lanes<T>;
    const std::ptrdiff_t row_step = line ? lanes<T> : area.row_step;
    for (std::ptrdiff_t i = 0; i < area.rows; i += height) {
        const std::ptrdiff_t row = inside(i, height, area.rows);
        for (std::ptrdiff_t j = 0; j < area.columns; j += width) {
            const std::ptrdiff_t column = inside(j, width, area.columns);
            compute(Cursor<T>{sum.steps, sum.taps, sum.runs, area.planes, row * area.row_step + column,
                              area.row_stride, row_step},
                    area.output + row * area.output_stride + column);
        }
    }
}

// Short programs take no longer than choosing their code would: where all steps have equally
// many taps, it is chosen once for all tiles.
template <int R, int W, bool line, class T>
void run_tiles(const Sum<T>& sum, const Area<T>& area) {
    const std::ptrdiff_t output_step = line ? lanes<T> : area.output_stride;
    if (sum.blocks == 1 && sum.block_runs[0] == 1) {
        with_count<most_taps>(sum.runs->taps, [&](auto count) FALTUNG_INLINED {
            for_each_tile<R, W, line>(sum, area, [&](Cursor<T> cursor, T* to) FALTUNG_INLINED {
                Accumulators<T, R, W> sums;  // never in memory
                clear(sums);
                multiply_run<count.value>(cursor, sums);
                store_tile(sums, to, output_step);
            });
        });
    } else if (sum.blocks == 1) {
        for_each_tile<R, W, line>(sum, area, [&](Cursor<T> cursor, T* to) FALTUNG_INLINED {
            Accumulators<T, R, W> sums;
            sum_block(cursor, sum.block_runs[0], sums);
            store_tile(sums, to, output_step);
        });
    } else {
        for_each_tile<R, W, line>(sum, area, [&](const Cursor<T>& cursor, T* to) FALTUNG_INLINED {
            store_sum_of_blocks<T, R, W>(cursor, sum, to, output_step);
        });
    }
}

// A program of a single step, whose taps stay in registers from tile to tile where they fit.
template <class T>
void run_neighbours(const Sum<T>& sum, const Area<T>& area) {
    constexpr int R = neighbour_vectors;
    const T* const first = area.planes[sum.steps->plane] + sum.steps->row * area.row_stride + sum.steps->column;
    with_count<most_neighbours>(sum.runs->taps, [&](auto count) FALTUNG_INLINED {
        Vector<T> taps[count.value];
#pragma GCC unroll 16
        for (int c = 0; c < count.value; ++c) taps[c] = broadcast(sum.taps[c]);
        for (std::ptrdiff_t row = 0; row < area.rows; ++row)
            for (std::ptrdiff_t j = 0; j < area.columns; j += R * lanes<T>) {
                const std::ptrdiff_t column = inside(j, R * lanes<T>, area.columns);
                Accumulators<T, R, 1> sums;
                clear(sums);
                multiply_neighbours(first + row * area.row_step + column, taps, sums);
                store_tile(sums, area.output + row * area.output_stride + column, lanes<T>);
            }
    });
}

template <class T>
void run(const Sum<T>& sum, const Area<T>& area) {
    switch (area.tile) {
        case Tile::tall: return run_tiles<tall_rows, tall_vectors, false>(sum, area);
        case Tile::wide: return run_tiles<wide_rows, wide_vectors, false>(sum, area);
        case Tile::line: return run_tiles<line_vectors, 1, true>(sum, area);
        case Tile::neighbours: return run_neighbours(sum, area);
    }
}

template <class T>
constexpr TileShape grid_shape(Tile tile, int rows, int vectors) {
    return {tile, rows, vectors * lanes<T>, lanes<T>, 0, usual_taps, most_taps};
}

template <class T>
constexpr DirectKernel<T> kernel{
    {grid_shape<T>(Tile::tall, tall_rows, tall_vectors),
     grid_shape<T>(Tile::wide, wide_rows, wide_vectors),
     {Tile::line, 1, line_vectors * lanes<T>, lanes<T>, lanes<T>, usual_taps, most_taps},
     {Tile::neighbours, 1, neighbour_vectors * lanes<T>, lanes<T>, 1, most_neighbours, most_neighbours}},
    run<T>,
    reader<T>,
    writer<T>};

}  // namespace

template <class T>
const DirectKernel<T>& direct_kernel() {
    return kernel<T>;
}

template const DirectKernel<float>& direct_kernel();
template const DirectKernel<double>& direct_kernel();
template const DirectKernel<std::uint64_t>& direct_kernel();

}  // namespace faltung::FALTUNG_LEVEL
