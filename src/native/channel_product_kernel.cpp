// The register tiles: two vectors of filters by as many positions as registers hold, where each
// term loads its weights once and one sample for each position; or a few filters by vectors of
// positions, where each term loads the samples once and one weight for each filter. Compiled once
// for each instruction set; no standard-library template may leave this file out of line.
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

// What stays in registers while a tile's terms are summed.
template <class T, int P, int V>
struct Tile {
    const T* from[P];
    Vector<T> sums[P][V];

    FALTUNG_INLINE Tile(const Positions<T>& positions, std::ptrdiff_t first) {
#pragma GCC unroll 12
        for (int p = 0; p < P; ++p) from[p] = positions.samples + positions.bases[first + p];
    }

    FALTUNG_INLINE void clear() {
#pragma GCC unroll 12
        for (int p = 0; p < P; ++p)
#pragma GCC unroll 4
            for (int v = 0; v < V; ++v) sums[p][v] = Vector<T>{};
    }

    FALTUNG_INLINE void store_at(const Sums<T>& to, std::ptrdiff_t first, bool add) const {
#pragma GCC unroll 12
        for (int p = 0; p < P; ++p)
#pragma GCC unroll 4
            for (int v = 0; v < V; ++v) {
                T* const sum = to.data + to.places[first + p] + v * to.apart;
                store(sum, add ? load(sum) + sums[p][v] : sums[p][v]);
            }
    }
};

// The block of terms that begins at one, each of so many weights.
template <class T>
FALTUNG_INLINE Terms<T> block_of(const Terms<T>& terms, std::ptrdiff_t at, int width) {
    const std::ptrdiff_t rest = terms.count - at;
    return {terms.weights + at * width, terms.offsets + at, rest < terms.block ? rest : terms.block};
}

struct FiltersInLanes {
    template <class T, int V>
    static constexpr int width = V * lanes<T>;

    template <class T, int P, int V>
    FALTUNG_INLINE static void multiply(const Terms<T>& terms, Tile<T, P, V>& tile) {
        const T* weights = terms.weights;
        for (const std::ptrdiff_t *at = terms.offsets, *const end = at + terms.count; at != end; ++at) {
            Vector<T> weight[V];
#pragma GCC unroll 4
            for (int v = 0; v < V; ++v) weight[v] = load_once(weights + v * lanes<T>);
#pragma GCC unroll 12
            for (int p = 0; p < P; ++p) {
                const Vector<T> sample = broadcast<T>(tile.from[p][*at]);
#pragma GCC unroll 4
                for (int v = 0; v < V; ++v) tile.sums[p][v] = multiply_add<T>(weight[v], sample, tile.sums[p][v]);
            }
            weights += V * lanes<T>;
        }
    }
};

struct PositionsInLanes {
    template <class T, int F>
    static constexpr int width = F;

    template <class T, int P, int F>
    FALTUNG_INLINE static void multiply(const Terms<T>& terms, Tile<T, P, F>& tile) {
        const T* weights = terms.weights;
        for (const std::ptrdiff_t *at = terms.offsets, *const end = at + terms.count; at != end; ++at) {
            Vector<T> weight[F];
#pragma GCC unroll 4
            for (int f = 0; f < F; ++f) weight[f] = broadcast<T>(weights[f]);
#pragma GCC unroll 12
            for (int p = 0; p < P; ++p) {
                const Vector<T> sample = load_once(tile.from[p] + *at);
#pragma GCC unroll 4
                for (int f = 0; f < F; ++f) tile.sums[p][f] = multiply_add<T>(weight[f], sample, tile.sums[p][f]);
            }
            weights += F;
        }
    }
};

// Tiles of as equal a height as may be: none is left with a single position. Copies of what is given
// stay in registers, where a store of sums might have changed the original.
template <class Product, int most_height, int V, class T>
FALTUNG_INLINE void for_each_tile(Terms<T> terms, Positions<T> positions, bool add, Sums<T> sums) {
    const std::ptrdiff_t tiles = (positions.count + most_height - 1) / most_height;
    const std::ptrdiff_t height = positions.count / tiles, taller = positions.count % tiles;
    std::ptrdiff_t first = 0;
    const auto run = [&](std::ptrdiff_t count, std::ptrdiff_t rows) FALTUNG_INLINED {
        with_count<most_height>(rows, [&](auto p) FALTUNG_INLINED {
            for (std::ptrdiff_t tile = 0; tile < count; ++tile, first += p.count) {
                Tile<T, p.count, V> tile_sums(positions, first);
                for (std::ptrdiff_t at = 0; at < terms.count; at += terms.block) {
                    tile_sums.clear();
                    Product::multiply(block_of(terms, at, Product::template width<T, V>), tile_sums);
                    tile_sums.store_at(sums, first, add || at > 0);
                }
            }
        });
    };
    if (taller > 0) run(taller, height + 1);
    run(tiles - taller, height);
}

template <class T>
void filters_in_lanes(const Terms<T>& terms, const Positions<T>& positions, int vectors, bool add,
                      const Sums<T>& sums) {
    with_count<most_vectors>(vectors, [&](auto v) FALTUNG_INLINED {
        for_each_tile<FiltersInLanes, most_positions, v.count>(terms, positions, add, sums);
    });
}

template <class T>
void positions_in_lanes(const Terms<T>& terms, const Positions<T>& vectors, int filters, bool add,
                      const Sums<T>& sums) {
    with_count<most_filters>(filters, [&](auto f) FALTUNG_INLINED {
        // A vector of weights for each filter and one of samples are kept beside the sums.
        constexpr int height = f.count == 1 ? 8 : (vector_registers - 1) / f.count - 1;
        for_each_tile<PositionsInLanes, height, f.count>(terms, vectors, add, sums);
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
    if (from.step == 1 && width % lanes<T> == 0)
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

// Few rows at a time, from end to end: rows often lie so that many of them meet in the same place of
// the cache.
template <class T>
void spread(const Rows<T>& from, int columns, T* to, std::ptrdiff_t apart, std::ptrdiff_t step) {
    for (int left = 0; left < columns; left += lanes<T>) {
        const int some = columns - left < lanes<T> ? columns - left : lanes<T>;
        std::ptrdiff_t i = 0;
        if (step == 1)
            for (; i + lanes<T> <= from.count; i += lanes<T>) {
                Vector<T> square[lanes<T>];
                for (int j = 0; j < lanes<T>; ++j) square[j] = load(from.first + (i + j) * from.step + left);
                transpose<T>(square);
                for (int j = 0; j < some; ++j) store(to + (left + j) * apart + i, square[j]);
            }
        for (int j = 0; j < some; ++j)
            for (std::ptrdiff_t k = i; k < from.count; ++k)
                to[(left + j) * apart + k * step] = from.first[k * from.step + left + j];
    }
}

template <class T>
void place(const T* from, std::ptrdiff_t apart, std::ptrdiff_t count, std::ptrdiff_t length, T* to,
           const std::ptrdiff_t* places, std::ptrdiff_t step) {
    // A whole vector is stored also where what exceeds its length is stored again by those after it.
    const std::ptrdiff_t covering = (lanes<T> - 1) / length;
    for (std::ptrdiff_t v = 0; v < count; ++v) {
        T* const line = to + places[v];
        if (step == 1 && v + covering < count && places[v + covering] == places[v] + covering * length)
            store(line, load(from + v * apart));
        else
            for (std::ptrdiff_t i = 0; i < length; ++i) line[i * step] = from[v * apart + i];
    }
}

template <class T, int... i>
FALTUNG_INLINE Vector<T> every_second(Vector<T> low, Vector<T> high, std::integer_sequence<int, i...>) {
    return __builtin_shufflevector(low, high, (2 * i)...);
}

// The last vector steps back to end with the line.
template <class T>
FALTUNG_INLINE void copy_inside(const T* from, std::ptrdiff_t step, std::ptrdiff_t count, T* to) {
    std::ptrdiff_t i = 0;
    if (step == 1 && count >= lanes<T>) {
        for (; i + lanes<T> <= count; i += lanes<T>) store(to + i, load(from + i));
        if (i < count) store(to + count - lanes<T>, load(from + count - lanes<T>));
        return;
    }
    if (step == 2)
        for (; i + lanes<T> < count; i += lanes<T>)
            store(to + i, every_second<T>(load(from + 2 * i), load(from + 2 * i + lanes<T>),
                                          std::make_integer_sequence<int, lanes<T>>{}));
    for (; i < count; ++i) to[i] = from[i * step];
}

template <class T>
void copy(const CopiedLine<T>& line, const T* from, std::ptrdiff_t from_apart, std::ptrdiff_t count, T* to,
          std::ptrdiff_t to_apart) {
    const auto copy_each = [&](std::ptrdiff_t first, std::ptrdiff_t end) FALTUNG_INLINED {
        for (std::ptrdiff_t i = first; i < end; ++i)
            to[i] = line.sources[i] == absent ? line.fill : from[line.sources[i]];
    };
    for (; count > 0; --count, from += from_apart, to += to_apart) {
        copy_each(0, line.inside);
        if (line.inside < line.after)
            copy_inside(from + line.sources[line.inside], line.step, line.after - line.inside, to + line.inside);
        copy_each(line.after, line.count);
    }
}

template <class T>
constexpr ChannelProductKernel<T> kernel{lanes<T>,           filters_in_lanes<T>, positions_in_lanes<T>,
                                         add_compensated<T>, interleave<T>,       spread<T>,
                                         place<T>,           copy<T>};

}  // namespace

template <class T>
const ChannelProductKernel<T>& channel_product_kernel() {
    return kernel<T>;
}

template const ChannelProductKernel<float>& channel_product_kernel();
template const ChannelProductKernel<double>& channel_product_kernel();

}  // namespace faltung::FALTUNG_LEVEL
