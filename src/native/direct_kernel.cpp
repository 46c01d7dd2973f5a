// The register tile: rows x vectors of accumulators that run a program of steps. Compiled once
// for each instruction set; no standard-library template may leave this file out of line.
#include "direct_kernel.hpp"

#include "direct_convert.hpp"
#include "simd.hpp"

namespace faltung::FALTUNG_LEVEL {
namespace {

#define FALTUNG_INLINE [[gnu::always_inline]] inline

// Accumulators, one row of loads and a step's taps stay in registers. FMA units want more than
// eight sums under way; tall and narrow tiles load least for each product.
#if FALTUNG_VECTOR_BYTES == 64 || defined(__aarch64__)
static_assert(vector_registers == 32);
constexpr int grid_rows = 8, grid_vectors = 2, line_vectors = 16, usual_taps = 5, most_taps = 5;
#else
constexpr int grid_rows = 10, grid_vectors = 1, line_vectors = 10, usual_taps = 4, most_taps = 5;
#endif

// 2^32 blocks of 128 products are more than memory holds.
constexpr int most_pending = 33;

template <class T, int R, int W>
struct Accumulators {
    Vector<T> at[R][W];
};

// Where a tile stands in its program and in memory.
template <class T>
struct Cursor {
    const Step* step;
    const T* taps;
    const Run* run;
    const T* const* planes;
    std::ptrdiff_t origin, row_stride, row_step;
};

// `C` taps at once: row i of the loads feeds tap c of output row i - c. Products reach every
// output in the order of the taps.
template <class T, int R, int W, int C>
FALTUNG_INLINE void multiply_step(const T* from, std::ptrdiff_t row_step, const T* taps,
                                  Accumulators<T, R, W>& sums) {
    Vector<T> tap[C];
#pragma GCC unroll 8
    for (int c = 0; c < C; ++c) tap[c] = broadcast(taps[c]);
#pragma GCC unroll 32
    for (int i = 0; i < R + C - 1; ++i) {
        Vector<T> row[W];
#pragma GCC unroll 4
        for (int j = 0; j < W; ++j) row[j] = load_once(from + j * lanes<T>);
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

template <class T, int R, int W, int C>
FALTUNG_INLINE void multiply_run(Cursor<T>& cursor, Accumulators<T, R, W>& sums) {
    const Step* const end = cursor.step + cursor.run->steps;
    for (; cursor.step != end; ++cursor.step, cursor.taps += C) {
        const Step& step = *cursor.step;
        const T* from =
            cursor.planes[step.plane] + cursor.origin + step.row * cursor.row_stride + step.column;
        multiply_step<T, R, W, C>(from, cursor.row_step, cursor.taps, sums);
    }
}

template <class T, int R, int W>
FALTUNG_INLINE void sum_block(Cursor<T>& cursor, std::int32_t runs, Accumulators<T, R, W>& sums) {
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
        for (int j = 0; j < W; ++j) sums.at[r][j] = Vector<T>{};
    for (const Run* const end = cursor.run + runs; cursor.run != end; ++cursor.run) {
        switch (cursor.run->taps) {
            case 1: multiply_run<T, R, W, 1>(cursor, sums); break;
            case 2: multiply_run<T, R, W, 2>(cursor, sums); break;
            case 3: multiply_run<T, R, W, 3>(cursor, sums); break;
            case 4: multiply_run<T, R, W, 4>(cursor, sums); break;
            case 5: multiply_run<T, R, W, 5>(cursor, sums); break;
            default: static_assert(most_taps == 5); __builtin_unreachable();
        }
    }
}

template <class T, int R, int W>
FALTUNG_INLINE void add(Accumulators<T, R, W>& sums, const Accumulators<T, R, W>& more) {
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
        for (int j = 0; j < W; ++j) sums.at[r][j] = more.at[r][j] + sums.at[r][j];
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

template <class T, int R, int W>
void run_tiles(const Sum<T>& sum, const Area<T>& area) {
    const bool line = area.along_line;
    const std::ptrdiff_t height = line ? 1 : R;
    const std::ptrdiff_t width = (line ? R : 1) * W * lanes<T>;
    const std::ptrdiff_t row_step = line ? lanes<T> : area.row_step;
    const std::ptrdiff_t output_step = line ? lanes<T> : area.output_stride;
    for (std::ptrdiff_t i = 0; i < area.rows; i += height) {
        const std::ptrdiff_t row = inside(i, height, area.rows);
        for (std::ptrdiff_t j = 0; j < area.columns; j += width) {
            const std::ptrdiff_t column = inside(j, width, area.columns);
            T* const to = area.output + row * area.output_stride + column;
            Cursor<T> cursor{sum.steps,       sum.taps, sum.runs, area.planes, row * area.row_step + column,
                             area.row_stride, row_step};
            if (sum.blocks == 1) {
                Accumulators<T, R, W> sums;  // never in memory
                sum_block(cursor, sum.block_runs[0], sums);
                store_tile(sums, to, output_step);
            } else {
                store_sum_of_blocks<T, R, W>(cursor, sum, to, output_step);
            }
        }
    }
}

template <class T>
void run(const Sum<T>& sum, const Area<T>& area) {
    if (area.along_line)
        run_tiles<T, line_vectors, 1>(sum, area);
    else
        run_tiles<T, grid_rows, grid_vectors>(sum, area);
}

template <class T>
constexpr DirectKernel<T> kernel{
    {lanes<T>, grid_rows, grid_vectors, line_vectors, usual_taps, most_taps}, run<T>, reader<T>, writer<T>};

}  // namespace

template <class T>
const DirectKernel<T>& direct_kernel() {
    return kernel<T>;
}

template const DirectKernel<float>& direct_kernel();
template const DirectKernel<double>& direct_kernel();
template const DirectKernel<std::uint64_t>& direct_kernel();

}  // namespace faltung::FALTUNG_LEVEL
