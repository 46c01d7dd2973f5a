// A tile of filters by outputs: each vector of weights is loaded once for all of its outputs, and each
// vector of samples once for all of its filters.
#include "inner_product_kernel.hpp"

#include "channel_product_layout.hpp"
#include "transpose.hpp"

namespace faltung::FALTUNG_LEVEL {
namespace {

#define FALTUNG_INLINE [[gnu::always_inline]] inline

// With the weights of F filters and a vector of samples, and where outputs lie, all stays in registers.
constexpr int most_tile_filters = 3;
template <int F>
constexpr int most_outputs = F == 1 ? 9 : 12 / F;

template <class T, int F, int P>
struct Tile {
    const T *filters[F], *outputs[P];
    Vector<T> sums[F][P];

    template <class Load>
    FALTUNG_INLINE void add(std::ptrdiff_t weight, std::ptrdiff_t sample, const Load& load_from) {
        Vector<T> weights[F];
#pragma GCC unroll 4
        for (int f = 0; f < F; ++f) weights[f] = load_from(filters[f] + weight);
#pragma GCC unroll 9
        for (int p = 0; p < P; ++p) {
            const Vector<T> samples = load_from(outputs[p] + sample);
#pragma GCC unroll 4
            for (int f = 0; f < F; ++f) sums[f][p] = multiply_add<T>(weights[f], samples, sums[f][p]);
        }
    }

    // The first `count` lanes; all of them may be read, or no more.
    FALTUNG_INLINE void add_part(std::ptrdiff_t weight, std::ptrdiff_t sample, std::ptrdiff_t count, bool readable) {
        if (readable) {
            Vector<T> lane{};
            for (int i = 0; i < lanes<T>; ++i) lane[i] = static_cast<T>(i);
            const auto wanted = lane < broadcast(static_cast<T>(count));
            add(weight, sample, [&](const T* from) __attribute__((always_inline)) {
                return wanted ? load(from) : Vector<T>{};
            });
        } else {
            add(weight, sample, [&](const T* from) __attribute__((always_inline)) {
                T part[lanes<T>]{};
                copy_short<lanes<T> / 2>(from, count, part);
                return load(part);
            });
        }
    }
};

// How far the highest of some places lies below the end.
template <int n, class T>
FALTUNG_INLINE std::ptrdiff_t room_above(const T* const (&places)[n], const T* end) {
    std::ptrdiff_t room = end - places[0];
    for (int i = 1; i < n; ++i) room = end - places[i] < room ? end - places[i] : room;
    return room;
}

// Each vector's lanes, added in pairs, halves first.
template <class T, int count>
FALTUNG_INLINE void add_lanes(const Vector<T>* sums, T* to) {
    for (int first = 0; first < count; first += lanes<T>) {
        Vector<T> square[lanes<T>]{};
        for (int i = 0; i < lanes<T> && first + i < count; ++i) square[i] = sums[first + i];
        transpose<T>(square);
        for (int half = lanes<T> / 2; half > 0; half /= 2)
            for (int i = 0; i < half; ++i) square[i] += square[i + half];
        store(to + first, square[0]);
    }
}

// Kahan's: what is lost stays 0 once the sum is infinite, where a difference would be NaN.
template <class T>
FALTUNG_INLINE void add_compensated(T part, T& total, T& lost) {
    const T corrected = part - lost, sum = total + corrected, rest = (sum - total) - corrected;
    total = sum;
    lost = rest == rest ? rest : 0;
}

template <int F, int P, class T>
[[gnu::noinline]] void add_tile(const Stretch* stretches, std::ptrdiff_t count, const Operands<T>& filters,
                                const Operands<T>& outputs, std::ptrdiff_t filter, std::ptrdiff_t output,
                                const CompensatedSums<T>& sums) {
    Tile<T, F, P> tile;
    for (int f = 0; f < F; ++f) tile.filters[f] = filters.first[filter + f];
    for (int p = 0; p < P; ++p) tile.outputs[p] = outputs.first[output + p];
    for (int f = 0; f < F; ++f)
        for (int p = 0; p < P; ++p) tile.sums[f][p] = Vector<T>{};
    const std::ptrdiff_t weights = room_above(tile.filters, filters.end), samples = room_above(tile.outputs, outputs.end);
    for (const Stretch* stretch = stretches; stretch != stretches + count; ++stretch) {
        std::ptrdiff_t weight = stretch->weight, sample = stretch->sample, rest = stretch->count;
        for (; rest >= lanes<T>; rest -= lanes<T>, weight += lanes<T>, sample += lanes<T>)
            tile.add(weight, sample, [](const T* from) __attribute__((always_inline)) { return load_once(from); });
        if (rest > 0)
            tile.add_part(weight, sample, rest, weights - weight >= lanes<T> && samples - sample >= lanes<T>);
    }
    T added[(F * P + lanes<T> - 1) / lanes<T> * lanes<T>];
    add_lanes<T, F * P>(&tile.sums[0][0], added);
    for (int f = 0; f < F; ++f)
        for (int p = 0; p < P; ++p) {
            const std::ptrdiff_t at = (filter + f) * outputs.count + output + p;
            add_compensated(added[f * P + p], sums.total[at], sums.lost[at]);
        }
}

// call(n, first) for as equal parts of `count` as may be, each at most `most`.
template <class Call>
FALTUNG_INLINE void for_each_part(std::ptrdiff_t count, std::ptrdiff_t most, const Call& call) {
    const std::ptrdiff_t parts = (count + most - 1) / most;
    for (std::ptrdiff_t part = 0, first = 0; part < parts; ++part) {
        const std::ptrdiff_t next = (part + 1) * count / parts;
        call(next - first, first);
        first = next;
    }
}

template <int most, class Call>
FALTUNG_INLINE void with_size(std::ptrdiff_t n, const Call& call) {
    if constexpr (most > 1) {
        if (n < most) return with_size<most - 1>(n, call);
    }
    call(std::integral_constant<int, most>{});
}

template <class T>
void add_products(const Stretch* stretches, std::ptrdiff_t count, const Operands<T>& filters,
                  const Operands<T>& outputs, const CompensatedSums<T>& sums) {
    for_each_part(filters.count, most_tile_filters, [&](std::ptrdiff_t height, std::ptrdiff_t filter) {
        with_size<most_tile_filters>(height, [&](auto f) {
            constexpr int F = decltype(f)::value;
            for_each_part(outputs.count, most_outputs<F>, [&](std::ptrdiff_t width, std::ptrdiff_t output) {
                with_size<most_outputs<F>>(width, [&](auto p) {
                    add_tile<F, decltype(p)::value>(stretches, count, filters, outputs, filter, output, sums);
                });
            });
        });
    });
}

template <class T>
constexpr InnerProductKernel<T> kernel{lanes<T>, add_products<T>};

}  // namespace

template <class T>
const InnerProductKernel<T>& inner_product_kernel() {
    return kernel<T>;
}

template const InnerProductKernel<float>& inner_product_kernel();
template const InnerProductKernel<double>& inner_product_kernel();

}  // namespace faltung::FALTUNG_LEVEL
