// The transforms of F(2, 3) and F(4, 3), over lanes of tiles (samples) and of filters (taps, sums).
#include "winograd_kernel.hpp"

#include "simd.hpp"

namespace faltung::FALTUNG_LEVEL {
namespace {

#define FALTUNG_INLINE [[gnu::always_inline]] inline

using V = Vector<float>;
using D = Vector<double>;

// As many floats as a vector holds of double precision.
struct HalfVector {
    typedef float type __attribute__((vector_size(FALTUNG_VECTOR_BYTES / 2)));
};
using Half = HalfVector::type;

constexpr int most_in_panel = 2 * lanes<float>;

FALTUNG_INLINE V times(float factor, V v, V sum) { return multiply_add<float>(broadcast(factor), v, sum); }

// Points 0, 1, -1 and infinity.
struct Two {
    static constexpr int outputs = 2, points = 4;

    FALTUNG_INLINE static void samples(const V* x, V* to) {
        to[0] = x[2] - x[0];
        to[1] = x[2] + x[1];
        to[2] = x[2] - x[1];
        to[3] = x[3] - x[1];
    }

    FALTUNG_INLINE static void sums(const V* at, V* y) {
        y[0] = (at[1] + at[2]) + at[0];
        y[1] = (at[1] - at[2]) + at[3];
    }

    FALTUNG_INLINE static void taps(const D* w, D* to) {
        to[0] = -w[0];
        to[1] = ((w[0] + w[2]) + w[1]) * 0.5;
        to[2] = ((w[0] + w[2]) - w[1]) * 0.5;
        to[3] = w[2];
    }
};

// Points 0, p, -p, q, -q and infinity. Of such points these bound the error best, a fifth of what
// 1 and 2 would give, and their powers are exact.
struct Four {
    static constexpr int outputs = 4, points = 6;
    static constexpr float p = 21.0F / 32, q = 49.0F / 32;
    static constexpr float p2 = p * p, q2 = q * q, p3 = p2 * p, q3 = q2 * q;

    FALTUNG_INLINE static void samples(const V* x, V* to) {
        const V even_p = times(-q2, x[2], x[4]), odd_p = times(-q2, x[1], x[3]);
        const V even_q = times(-p2, x[2], x[4]), odd_q = times(-p2, x[1], x[3]);
        to[0] = times(p2 * q2, x[0], times(-(p2 + q2), x[2], x[4]));
        to[1] = times(p, odd_p, even_p);
        to[2] = times(-p, odd_p, even_p);
        to[3] = times(q, odd_q, even_q);
        to[4] = times(-q, odd_q, even_q);
        to[5] = times(p2 * q2, x[1], times(-(p2 + q2), x[3], x[5]));
    }

    FALTUNG_INLINE static void sums(const V* at, V* y) {
        const V sum_p = at[1] + at[2], difference_p = at[1] - at[2];
        const V sum_q = at[3] + at[4], difference_q = at[3] - at[4];
        y[0] = (sum_p + sum_q) + at[0];
        y[1] = times(p, difference_p, broadcast(q) * difference_q);
        y[2] = times(p2, sum_p, broadcast(q2) * sum_q);
        y[3] = times(p3, difference_p, times(q3, difference_q, at[5]));
    }

    FALTUNG_INLINE static void taps(const D* w, D* to) {
        constexpr double a = p2, b = q2, at_p = 1 / (2 * a * (a - b)), at_q = 1 / (2 * b * (b - a));
        const D even_p = w[0] * at_p + w[2] * (at_p * a), odd_p = w[1] * (at_p * p);
        const D even_q = w[0] * at_q + w[2] * (at_q * b), odd_q = w[1] * (at_q * q);
        to[0] = w[0] * (1 / (a * b));
        to[1] = even_p + odd_p;
        to[2] = even_p - odd_p;
        to[3] = even_q + odd_q;
        to[4] = even_q - odd_q;
        to[5] = w[2];
    }
};

FALTUNG_INLINE D load_doubled(const float* from) {
    Half v;
    std::memcpy(&v, from, sizeof v);
    return __builtin_convertvector(v, D);
}

FALTUNG_INLINE void store_halved(float* to, D v) {
    const Half half = __builtin_convertvector(v, Half);
    std::memcpy(to, &half, sizeof half);
}

// In double precision: the values are rounded once. `plane`: those of each point, one after another.
template <class Form>
FALTUNG_INLINE void transform_plane(const float* taps, int width, float* plane) {
    constexpr int n = Form::points;
    for (int filter = 0; filter < width; filter += lanes<double>) {
        D columns[3][n];
        for (int k = 0; k < 3; ++k) {
            D column[3];
            for (int i = 0; i < 3; ++i) column[i] = load_doubled(taps + (3 * i + k) * width + filter);
            Form::taps(column, columns[k]);
        }
        for (int i = 0; i < n; ++i) {
            const D row[3] = {columns[0][i], columns[1][i], columns[2][i]};
            D values[n];
            Form::taps(row, values);
            for (int j = 0; j < n; ++j) store_halved(plane + (i * n + j) * width + filter, values[j]);
        }
    }
}

// Points lie so far apart that they may meet in the same places of the cache: each is written once.
template <class Form>
void transform_taps(const float* taps, std::ptrdiff_t channels, int width, float* to, std::ptrdiff_t apart) {
    constexpr int planar = Form::points * Form::points;
    float plane[planar * most_in_panel];
    for (; channels > 0; --channels, taps += 9 * width, to += width) {
        transform_plane<Form>(taps, width, plane);
        for (int point = 0; point < planar; ++point)
            for (int lane = 0; lane < width; lane += lanes<float>)
                store(to + point * apart + lane, load(plane + point * width + lane));
    }
}

template <bool odd, int... i>
FALTUNG_INLINE V every_second(V low, V high, std::integer_sequence<int, i...>) {
    return __builtin_shufflevector(low, high, (2 * i + (odd ? 1 : 0))...);
}

// Elements of m vectors side by side: first every m-th from the first on, then from the second, …
template <int m>
FALTUNG_INLINE void separate(const V* line, V* phases) {
    constexpr auto all = std::make_integer_sequence<int, lanes<float>>{};
    if constexpr (m == 1) {
        phases[0] = line[0];
    } else {
        V even[m / 2], odd[m / 2], even_phases[m / 2], odd_phases[m / 2];
        for (int i = 0; i < m / 2; ++i) {
            even[i] = every_second<false>(line[2 * i], line[2 * i + 1], all);
            odd[i] = every_second<true>(line[2 * i], line[2 * i + 1], all);
        }
        separate<m / 2>(even, even_phases);
        separate<m / 2>(odd, odd_phases);
        for (int i = 0; i < m / 2; ++i) {
            phases[2 * i] = even_phases[i];
            phases[2 * i + 1] = odd_phases[i];
        }
    }
}

// Columns are transformed as they lie, then separated, so that a vector holds the same column of
// many tiles; a tile's last two columns are the first two of the next.
template <class Form>
void transform_samples(const float* lines, std::ptrdiff_t line_apart, std::ptrdiff_t count, float* scratch, float* to,
                       std::ptrdiff_t apart) {
    constexpr int m = Form::outputs, n = Form::points, in_vector = lanes<float>;
    for (std::ptrdiff_t tile = 0; tile < count; tile += in_vector) {
        V at[n][m];
        for (int v = 0; v < m; ++v) {
            V x[n], values[n];
            for (int i = 0; i < n; ++i)
                x[i] = load(lines + i * line_apart + tile * m + v * in_vector) * broadcast(lift);
            Form::samples(x, values);
            for (int i = 0; i < n; ++i) at[i][v] = values[i];
        }
        for (int i = 0; i < n; ++i) {
            V phases[m];
            separate<m>(at[i], phases);
            for (int j = 0; j < m; ++j) store(scratch + (i * m + j) * count + tile, phases[j]);
        }
    }
    for (int i = 0; i < n; ++i)
        for (std::ptrdiff_t tile = 0; tile < count; tile += in_vector) {
            V x[n], values[n];
            for (int j = 0; j < n; ++j) x[j] = load(scratch + (i * m + j % m) * count + tile + j / m);
            Form::samples(x, values);
            for (int j = 0; j < n; ++j) store(to + (i * n + j) * apart + tile, values[j]);
        }
}

FALTUNG_INLINE bool all_zero(V v) {
    bool zero = true;
    for (int i = 0; i < lanes<float>; ++i) zero &= v[i] == 0;  // false for NaN
    return zero;
}

template <class Form>
bool transform_sums(const float* sums, std::ptrdiff_t apart, int width, std::ptrdiff_t count, float* to,
                    std::ptrdiff_t line_apart) {
    constexpr int m = Form::outputs, n = Form::points;
    V strange{};
    for (std::ptrdiff_t tile = 0; tile < count; ++tile)
        for (int lane = 0; lane < width; lane += lanes<float>) {
            const float* const from = sums + tile * width + lane;
            V rows[m][n];
            for (int j = 0; j < n; ++j) {
                V at[n], y[m];
                for (int i = 0; i < n; ++i) at[i] = load(from + (i * n + j) * apart);
                Form::sums(at, y);
                for (int i = 0; i < m; ++i) rows[i][j] = y[i];
            }
            for (int i = 0; i < m; ++i) {
                V y[m];
                Form::sums(rows[i], y);
                for (int j = 0; j < m; ++j) {
                    strange = times(0, y[j], strange);  // NaN for infinity, too
                    store(to + i * line_apart + (tile * m + j) * width + lane, y[j] * broadcast(1 / lift));
                }
            }
        }
    return all_zero(strange);
}

template <class Form>
constexpr WinogradKernel kernel{Form::outputs, Form::points, transform_taps<Form>, transform_samples<Form>,
                                transform_sums<Form>};

}  // namespace

const WinogradKernel& winograd_kernel(int outputs) { return outputs == 2 ? kernel<Two> : kernel<Four>; }

}  // namespace faltung::FALTUNG_LEVEL
