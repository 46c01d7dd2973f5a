// The register tile: two vectors of filters by as many positions as registers hold. Each term
// loads its weights once and one sample for each position. Compiled once for each instruction
// set; no standard-library template may leave this file out of line.
#include "channel_product_kernel.hpp"

#include "simd.hpp"
#include "transpose.hpp"

namespace faltung::FALTUNG_LEVEL {
namespace {

#define FALTUNG_INLINE [[gnu::always_inline]] inline
#define FALTUNG_INLINED __attribute__((always_inline))  // for lambdas

constexpr int most_vectors = 2;
constexpr int most_positions = vector_registers == 32 ? 12 : 6;

template <int value>
struct Count {
    static constexpr int count = value;
};

// call(Count<n>) for n in 1 .. most.
template <int most, class Call>
FALTUNG_INLINE void with_count(std::ptrdiff_t n, const Call& call) {
    if constexpr (most > 1) {
        if (n < most) return with_count<most - 1>(n, call);
    }
    call(Count<most>{});
}

template <int P, int V, class T>
FALTUNG_INLINE void multiply_tile(const Terms<T>& terms, const Positions<T>& positions, std::ptrdiff_t first,
                                  bool add, T* to) {
    const T* from[P];
#pragma GCC unroll 12
    for (int p = 0; p < P; ++p) from[p] = positions.samples + positions.bases[first + p];
    Vector<T> sums[P][V]{};
    const T* weights = terms.weights;
    for (const std::ptrdiff_t *at = terms.offsets, *const end = at + terms.count; at != end; ++at) {
        Vector<T> weight[V];
#pragma GCC unroll 2
        for (int v = 0; v < V; ++v) weight[v] = load_once(weights + v * lanes<T>);
#pragma GCC unroll 12
        for (int p = 0; p < P; ++p) {
            const Vector<T> sample = broadcast<T>(from[p][*at]);
#pragma GCC unroll 2
            for (int v = 0; v < V; ++v) sums[p][v] = multiply_add<T>(weight[v], sample, sums[p][v]);
        }
        weights += V * lanes<T>;
    }
    to += first * V * lanes<T>;
#pragma GCC unroll 12
    for (int p = 0; p < P; ++p)
#pragma GCC unroll 2
        for (int v = 0; v < V; ++v) {
            T* const sum = to + (p * V + v) * lanes<T>;
            store(sum, add ? load(sum) + sums[p][v] : sums[p][v]);
        }
}

// Tiles of as equal a height as may be: none is left with a single position.
template <class T>
void multiply(const Terms<T>& terms, const Positions<T>& positions, int vectors, bool add, T* sums) {
    const std::ptrdiff_t tiles = (positions.count + most_positions - 1) / most_positions;
    const std::ptrdiff_t height = positions.count / tiles, taller = positions.count % tiles;
    with_count<most_vectors>(vectors, [&](auto v) FALTUNG_INLINED {
        std::ptrdiff_t first = 0;
        const auto run = [&](std::ptrdiff_t count, std::ptrdiff_t rows) FALTUNG_INLINED {
            with_count<most_positions>(rows, [&](auto p) FALTUNG_INLINED {
                for (std::ptrdiff_t tile = 0; tile < count; ++tile, first += p.count)
                    multiply_tile<p.count, v.count>(terms, positions, first, add, sums);
            });
        };
        if (taller > 0) run(taller, height + 1);
        run(tiles - taller, height);
    });
}

// Kahan's: what is lost stays 0 once the sum is infinite, where a difference would be NaN.
template <class T>
void add_compensated(const T* part, T* total, T* lost, std::ptrdiff_t count) {
    for (std::ptrdiff_t i = 0; i < count; i += lanes<T>) {
        const Vector<T> before = load(total + i);
        const Vector<T> corrected = load(part + i) - load(lost + i);
        const Vector<T> sum = before + corrected;
        const Vector<T> rest = (sum - before) - corrected;
        store(total + i, sum);
        store(lost + i, rest == rest ? rest : Vector<T>{});
    }
}

template <class T>
FALTUNG_INLINE bool all_zero(Vector<T> v) {
    bool zero = true;
    for (int i = 0; i < lanes<T>; ++i) zero &= v[i] == 0;  // false for NaN
    return zero;
}

template <class T>
FALTUNG_INLINE T interleave_one(const Rows<T>& from, int rows, int width, std::ptrdiff_t column, T* to) {
    T strange = 0;
    for (int row = 0; row < rows; ++row) {
        const T value = from.first[row * from.apart + column * from.step];
        strange += value - value;  // NaN for infinities, too
        to[row] = value;
    }
    for (int row = rows; row < width; ++row) to[row] = 0;
    return strange;
}

template <class T>
bool interleave(const Rows<T>& from, int rows, int width, T* to, std::ptrdiff_t to_step) {
    std::ptrdiff_t column = 0;
    Vector<T> strange{};
    if (from.step == 1)
        for (; column + lanes<T> <= from.count; column += lanes<T>)
            for (int top = 0; top < width; top += lanes<T>) {
                Vector<T> square[lanes<T>]{};
                for (int i = 0; i < lanes<T> && top + i < rows; ++i) {
                    square[i] = load(from.first + (top + i) * from.apart + column);
                    strange += square[i] - square[i];
                }
                transpose<T>(square);
                for (int i = 0; i < lanes<T>; ++i) store(to + (column + i) * to_step + top, square[i]);
            }
    T rest = 0;
    for (; column < from.count; ++column) rest += interleave_one(from, rows, width, column, to + column * to_step);
    return all_zero<T>(strange) && rest == 0;
}

template <class T>
void spread(const T* from, int width, int rows, std::ptrdiff_t count, T* to, std::ptrdiff_t apart,
            std::ptrdiff_t step) {
    std::ptrdiff_t i = 0;
    if (step == 1)
        for (; i + lanes<T> <= count; i += lanes<T>)
            for (int top = 0; top < rows; top += lanes<T>) {
                Vector<T> square[lanes<T>];
                for (int j = 0; j < lanes<T>; ++j) square[j] = load(from + (i + j) * width + top);
                transpose<T>(square);
                for (int j = 0; j < lanes<T> && top + j < rows; ++j) store(to + (top + j) * apart + i, square[j]);
            }
    for (; i < count; ++i)
        for (int row = 0; row < rows; ++row) to[row * apart + i * step] = from[i * width + row];
}

template <class T>
constexpr ChannelProductKernel<T> kernel{lanes<T>,           most_positions, multiply<T>,
                                         add_compensated<T>, interleave<T>,  spread<T>};

}  // namespace

template <class T>
const ChannelProductKernel<T>& channel_product_kernel() {
    return kernel<T>;
}

template const ChannelProductKernel<float>& channel_product_kernel();
template const ChannelProductKernel<double>& channel_product_kernel();

}  // namespace faltung::FALTUNG_LEVEL
