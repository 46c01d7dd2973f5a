// The register tiles: two vectors of filters by as many positions as registers hold, where each
// term loads its weights once and one sample for each position; or a few filters by vectors of
// positions, where each term loads the samples once and one weight for each filter; or a strip of
// rows of positions, where each column of taps loads the samples once for all rows. Compiled once for
// each instruction set; no standard-library template may leave this file out of line.
#include "channel_product_kernel.hpp"

#include "chained_taps.hpp"
#include "channel_product_layout.hpp"

namespace faltung::FALTUNG_LEVEL {
namespace {

#define FALTUNG_INLINE [[gnu::always_inline]] inline
#define FALTUNG_INLINED __attribute__((always_inline))  // for lambdas

constexpr int most_vectors = 2;
// A strip's rows and the taps of a chain, kept beside a row of samples.
constexpr int most_rows = vector_registers == 32 ? 14 : 8;
static_assert(most_rows + most_chained < vector_registers);
// Maps of 7 x 7 and 8 x 8 are common, narrower ones are not.
template <class T>
constexpr bool halves = lanes<T> == 16;
constexpr int most_positions = vector_registers == 32 ? 14 : 6;
constexpr int most_filters = vector_registers == 32 ? 8 : 4;

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
#pragma GCC unroll 16
        for (int p = 0; p < P; ++p) from[p] = positions.samples + positions.bases[first + p];
    }

    FALTUNG_INLINE void clear() {
#pragma GCC unroll 16
        for (int p = 0; p < P; ++p)
#pragma GCC unroll 8
            for (int v = 0; v < V; ++v) sums[p][v] = Vector<T>{};
    }

    FALTUNG_INLINE void store_at(const Sums<T>& to, std::ptrdiff_t first, bool add) const {
#pragma GCC unroll 16
        for (int p = 0; p < P; ++p)
#pragma GCC unroll 8
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

// Weights that lie near.
struct Near {
    template <class T>
    FALTUNG_INLINE Near(const Terms<T>&, std::ptrdiff_t, std::ptrdiff_t) {}
    FALTUNG_INLINE void fetch(const std::ptrdiff_t*) const {}
};

// Weights that are read next and come from far are fetched into the nearest cache, half a line with every
// term, lest the first tile alone wait for them. Counted from a term's offset, which costs no register.
class Far {
public:
    template <class T>
    FALTUNG_INLINE Far(const Terms<T>& terms, std::ptrdiff_t width, std::ptrdiff_t tile) {
        const std::ptrdiff_t all = terms.count * width * static_cast<std::ptrdiff_t>(sizeof(T));
        const std::ptrdiff_t some = tile * terms.count * bytes_in_term;
        from_ = address(terms.weights) + static_cast<std::uintptr_t>(some < all ? all + some : 0) -
                times * address(terms.offsets);
    }

    FALTUNG_INLINE void fetch(const std::ptrdiff_t* offset) const {
        __builtin_prefetch(reinterpret_cast<const void*>(from_ + times * address(offset)));
    }

private:
    static constexpr std::ptrdiff_t bytes_in_term = 32;
    static constexpr std::uintptr_t times = bytes_in_term / sizeof(std::ptrdiff_t);
    static std::uintptr_t address(const void* at) { return reinterpret_cast<std::uintptr_t>(at); }

    std::uintptr_t from_;  // less `times` the first offset's address
};

struct FiltersInLanes {
    template <class T, int V>
    static constexpr int width = V * lanes<T>;

    template <class T, int P, int V, class Ahead>
    FALTUNG_INLINE static void multiply(const Terms<T>& terms, Tile<T, P, V>& tile, Ahead ahead) {
        const T* weights = terms.weights;
        for (const std::ptrdiff_t *at = terms.offsets, *const end = at + terms.count; at != end; ++at) {
            ahead.fetch(at);
            Vector<T> weight[V];
#pragma GCC unroll 4
            for (int v = 0; v < V; ++v) weight[v] = load_once(weights + v * lanes<T>);
#pragma GCC unroll 16
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
    FALTUNG_INLINE static void multiply(const Terms<T>& terms, Tile<T, P, F>& tile, Near) {
        const T* weights = terms.weights;
        for (const std::ptrdiff_t *at = terms.offsets, *const end = at + terms.count; at != end; ++at) {
            Vector<T> sample[P];
#pragma GCC unroll 16
            for (int p = 0; p < P; ++p) sample[p] = load_once(tile.from[p] + *at);
#pragma GCC unroll 8
            for (int f = 0; f < F; ++f) {
                const Vector<T> weight = in_register<T>(broadcast<T>(weights[f]));
#pragma GCC unroll 16
                for (int p = 0; p < P; ++p) tile.sums[p][f] = multiply_add<T>(weight, sample[p], tile.sums[p][f]);
            }
            weights += F;
        }
    }
};

// Tiles of as equal a height as may be: none is left with a single position. Copies of what is given
// stay in registers, where a store of sums might have changed the original.
template <class Product, int most_height, int V, class Ahead = Near, class T>
FALTUNG_INLINE void for_each_tile(Terms<T> terms, Positions<T> positions, bool add, Sums<T> sums) {
    const std::ptrdiff_t tiles = (positions.count + most_height - 1) / most_height;
    const std::ptrdiff_t height = positions.count / tiles, taller = positions.count % tiles;
    std::ptrdiff_t first = 0, index = 0;
    const auto run = [&](std::ptrdiff_t count, std::ptrdiff_t rows) FALTUNG_INLINED {
        with_count<most_height>(rows, [&](auto p) FALTUNG_INLINED {
            for (std::ptrdiff_t tile = 0; tile < count; ++tile, first += p.count) {
                Tile<T, p.count, V> tile_sums(positions, first);
                const Ahead ahead(terms, Product::template width<T, V>, index++);
                for (std::ptrdiff_t at = 0; at < terms.count; at += terms.block) {
                    tile_sums.clear();
                    Product::multiply(block_of(terms, at, Product::template width<T, V>), tile_sums, ahead);
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
        if (terms.far)
            for_each_tile<FiltersInLanes, most_positions, v.count, Far>(terms, positions, add, sums);
        else
            for_each_tile<FiltersInLanes, most_positions, v.count>(terms, positions, add, sums);
    });
}

template <class T>
void positions_in_lanes(const Terms<T>& terms, const Positions<T>& vectors, int filters, bool add,
                      const Sums<T>& sums) {
    with_count<most_filters>(filters, [&](auto f) FALTUNG_INLINED {
        // A vector of samples for each one of sums and one of weights are kept beside the sums.
        constexpr int height = f.count == 1 ? 8 : (vector_registers - 1) / (f.count + 1);
        for_each_tile<PositionsInLanes, height, f.count>(terms, vectors, add, sums);
    });
}

// Adds the chains from `chain` on that have C taps, up to `last`, and returns the one after them.
template <int C, class T, int R, class Load>
FALTUNG_INLINE const Chain* add_chains(const Chain* chain, const Chain* last, const Chains<T>& chains, const T* samples,
                                       std::ptrdiff_t row_step, const Load& load, Accumulators<T, R, 1>& sums) {
    Accumulators<T, R, 1> kept = sums;  // in registers
    do {
        multiply_chain<C>(samples + chain->sample, row_step, chains.weights + chain->weight, chains.weight_step, kept,
                          load);
        ++chain;
    } while (chain != last && chain->taps == C);
    sums = kept;
    return chain;
}

template <class T, int R, class Load>
FALTUNG_INLINE void add_spans(const Chains<T>& chains, const T* samples, std::ptrdiff_t row_step, const Load& load,
                              Accumulators<T, R, 1>& sums) {
    const Chain* chain = chains.chains + chains.starts[0];
    for (std::ptrdiff_t span = 1; span <= chains.spans; ++span) {
        const Chain* const last = chains.chains + (chains.starts[span] < chains.last ? chains.starts[span] : chains.last);
        Accumulators<T, R, 1> part;
        clear(part);
        while (chain != last)
            with_count<most_chained>(chain->taps, [&](auto c) FALTUNG_INLINED {
                chain = add_chains<c.count>(chain, last, chains, samples, row_step, load, part);
            });
        add(sums, part);
    }
}

// Rows `first` .. first + R - 1 of a strip. From row `whole` on, vectors are stored in part.
template <class T, int R>
FALTUNG_INLINE void store_rows(const Accumulators<T, R, 1>& sums, T* to, std::ptrdiff_t first, std::ptrdiff_t whole,
                               const StripSums<T>& all, Whole) {
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r, to += all.row_step) {
        if (first + r < whole)
            store(to, sums.at[r][0]);
        else
            store_first<T>(to, sums.at[r][0], all.length);
    }
}

template <class T, int R>
FALTUNG_INLINE void store_rows(const Accumulators<T, R, 1>& sums, T* to, std::ptrdiff_t, std::ptrdiff_t half,
                               const StripSums<T>& all, Halves) {
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r, to += all.row_step) {
        store_first<T>(to, sums.at[r][0], all.length);
        store_first<T>(to + half * all.row_step, exchange_halves<T>(sums.at[r][0]), all.length);
    }
}

// Tiles of R rows of all filters' strips, from row `first` to `end`.
template <int R, class T, class Load, class Add>
FALTUNG_INLINE void for_each_tile(Chains<T> chains, const Strips<T>& strips, const Filters& filters,
                                  const StripSums<T>& sums, std::ptrdiff_t first, std::ptrdiff_t end, Load load,
                                  const Add& add_sums) {
    const std::ptrdiff_t whole = strips.half > 0 ? strips.half : strips.rows - (lanes<T> - 1) / sums.length;
    for (std::ptrdiff_t filter = 0; filter < filters.count; ++filter, chains.weights += filters.weights_apart)
        for (std::ptrdiff_t row = first; row < end; row += R) {
            const T* const samples = strips.samples + filter * filters.samples_apart + row * strips.row_step;
            T* const to = sums.data + filter * filters.sums_apart + row * sums.row_step;
            for (std::ptrdiff_t strip = 0; strip < strips.count; ++strip) {
                Accumulators<T, R, 1> tile;
                clear(tile);
                add_sums(chains, samples + strips.bases[strip], tile);
                store_rows(tile, to + sums.places[strip], row, whole, sums, load);
            }
        }
}

// Where all chains have equally many taps, and are few, their code is chosen once for all tiles.
template <int R, class T, class Load>
[[gnu::noinline]] void sum_tiles(const Chains<T>& all, const Strips<T>& strips, const Filters& filters,
                                 const StripSums<T>& sums, std::ptrdiff_t first, std::ptrdiff_t end, Load load) {
    const Chain *const chain = all.chains + all.starts[0], *const last = all.chains + all.last;
    if (all.spans > 1 || !all.alike)
        return for_each_tile<R>(all, strips, filters, sums, first, end, load,
                                [&](const Chains<T>& chains, const T* samples, auto& tile) FALTUNG_INLINED {
                                    add_spans(chains, samples, strips.row_step, load, tile);
                                });
    with_count<most_chained>(chain->taps, [&](auto c) FALTUNG_INLINED {
        for_each_tile<R>(all, strips, filters, sums, first, end, load,
                         [&](const Chains<T>& chains, const T* samples, auto& tile) FALTUNG_INLINED {
                             add_chains<c.count>(chain, last, chains, samples, strips.row_step, load, tile);
                         });
    });
}

template <class T>
void sum_strips(const Chains<T>& chains, const Strips<T>& strips, const Filters& filters, const StripSums<T>& sums) {
    const std::ptrdiff_t tiles = (strips.rows + most_rows - 1) / most_rows;
    const std::ptrdiff_t height = strips.rows / tiles, border = strips.rows % tiles * (height + 1);
    const auto sum = [&](std::ptrdiff_t rows, std::ptrdiff_t first, std::ptrdiff_t end) {
        with_count<most_rows>(rows, [&](auto r) {
            if constexpr (halves<T>)
                if (strips.half > 0)
                    return sum_tiles<r.count>(chains, strips, filters, sums, first, end,
                                              Halves{strips.half * strips.row_step});
            sum_tiles<r.count>(chains, strips, filters, sums, first, end, Whole{});
        });
    };
    if (border > 0) sum(height + 1, 0, border);
    sum(height, border, strips.rows);
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
constexpr ChannelProductKernel<T> kernel{lanes<T>,
                                         most_filters,
                                         halves<T>,
                                         filters_in_lanes<T>,
                                         positions_in_lanes<T>,
                                         sum_strips<T>,
                                         add_compensated<T>,
                                         interleave<T>,
                                         spread<T>,
                                         place<T>,
                                         copy<T>};

}  // namespace

template <class T>
const ChannelProductKernel<T>& channel_product_kernel() {
    return kernel<T>;
}

template const ChannelProductKernel<float>& channel_product_kernel();
template const ChannelProductKernel<double>& channel_product_kernel();

}  // namespace faltung::FALTUNG_LEVEL
