// The overlap-save kernel on heap buffers of exactly the right size, so that the address
// sanitizer sees one sample too many. Values are compared with a plain sum in long double.
#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>
#include <iterator>
#include <memory>
#include <random>
#include <vector>

#include "overlap_save.hpp"

namespace faltung {
namespace {

int passed = 0, failed = 0;

void check(bool condition, const char* what, const char* type, int number) {
    condition ? ++passed : ++failed;
    if (!condition) std::printf("FAILED %s: %s, case %d\n", what, type, number);
}

template <class T>
const char* name() {
    return sizeof(T) == 4 ? "float32" : "float64";
}

template <class T>
std::vector<T> noise(std::size_t count, unsigned seed) {
    std::mt19937 engine(seed);
    std::uniform_real_distribution<double> uniform(-1, 1);
    std::vector<T> values(count);
    for (T& value : values) value = static_cast<T>(uniform(engine));
    return values;
}

// Feature maps of two axes, tiles along both or, where a tile has one sample, along one.
struct Case {
    bool is_real;
    std::ptrdiff_t batch, channels, filters;
    std::ptrdiff_t space[2];
    int tile[2];
    std::ptrdiff_t taps[2];
    std::ptrdiff_t outputs[2];
    std::ptrdiff_t offset[2];
    // Not zero: a single tile, of which what lies before and after the input shares samples.
    std::ptrdiff_t origin[2] = {0, 0};

    bool is_whole() const { return origin[0] + origin[1] > 0; }
    std::size_t parts() const { return is_real ? 1 : 2; }
    std::size_t input_size() const {
        return static_cast<std::size_t>(batch * channels * space[0] * space[1]) * parts();
    }
    std::size_t kernel_size() const { return static_cast<std::size_t>(filters * taps[0] * taps[1]) * parts(); }
    std::size_t output_size() const {
        return static_cast<std::size_t>(batch * filters * outputs[0] * outputs[1]) * parts();
    }
};

constexpr Case cases[] = {
    {true, 1, 1, 1, {1, 1000}, {1, 64}, {1, 7}, {1, 1000}, {0, -3}},
    {true, 1, 1, 1, {1, 1000}, {1, 96}, {1, 96}, {1, 1095}, {0, -95}},
    {true, 3, 2, 4, {2, 77}, {1, 32}, {1, 9}, {2, 80}, {0, -5}},
    {true, 2, 3, 3, {50, 40}, {64, 1}, {20, 1}, {60, 40}, {-9, 0}},
    {true, 2, 1, 1, {50, 3}, {32, 1}, {11, 1}, {50, 5}, {-5, -1}},
    {true, 1, 1, 1, {60, 70}, {12, 32}, {5, 9}, {64, 78}, {-4, -8}},
    {true, 2, 9, 9, {20, 30}, {24, 64}, {7, 31}, {20, 30}, {-3, -15}},
    {true, 1, 20, 20, {1, 100}, {1, 256}, {1, 100}, {1, 100}, {0, -99}},
    {true, 1, 1, 1, {5, 6}, {8, 32}, {3, 3}, {40, 90}, {-20, -50}},
    {true, 0, 1, 1, {5, 6}, {8, 32}, {3, 3}, {4, 4}, {0, 0}},
    {true, 2, 2, 2, {1, 900}, {1, 1024}, {1, 400}, {1, 900}, {0, -200}},
    {true, 1, 1, 1, {9, 500}, {6, 512}, {3, 300}, {9, 500}, {-1, -150}},
    {false, 1, 1, 1, {1, 500}, {1, 768}, {1, 217}, {1, 600}, {0, -100}},
    {false, 1, 1, 1, {1, 500}, {1, 48}, {1, 17}, {1, 484}, {0, 0}},
    {false, 2, 3, 6, {30, 20}, {9, 16}, {4, 5}, {33, 24}, {-3, -4}},
    {true, 1, 1, 1, {60, 70}, {12, 24}, {5, 9}, {64, 78}, {-4, -8}},
    {true, 1, 2, 2, {1, 100}, {1, 72}, {1, 20}, {1, 119}, {0, -19}},
    {true, 2, 18, 18, {14, 14}, {27, 32}, {27, 27}, {14, 14}, {-13, -13}, {13, 13}},
    {true, 3, 2, 4, {7, 10}, {9, 24}, {5, 25}, {7, 10}, {-2, -12}, {2, 12}},
    {false, 1, 2, 2, {6, 9}, {8, 12}, {3, 7}, {8, 9}, {-2, -3}, {2, 3}},
};

template <class T>
struct Samples {
    const std::vector<T>& values;
    const Case& shape;
    Boundary boundary;

    // One part of a sample of the continued input.
    long double at(std::ptrdiff_t map, std::ptrdiff_t i, std::ptrdiff_t j, std::size_t part) const {
        const std::ptrdiff_t row = source_index(boundary, i, shape.space[0]);
        const std::ptrdiff_t column = source_index(boundary, j, shape.space[1]);
        if (row < 0 || column < 0) return 0;
        const auto index = static_cast<std::size_t>((map * shape.space[0] + row) * shape.space[1] + column);
        return values[index * shape.parts() + part];
    }
};

template <class T>
std::vector<long double> definition(const std::vector<T>& x, const std::vector<T>& w, const Case& c, Boundary boundary) {
    const Samples<T> samples{x, c, boundary};
    std::vector<long double> y;
    for (std::ptrdiff_t b = 0; b < c.batch; ++b)
        for (std::ptrdiff_t f = 0; f < c.filters; ++f)
            for (std::ptrdiff_t p = 0; p < c.outputs[0] * c.outputs[1]; ++p) {
                const std::ptrdiff_t i = p / c.outputs[1] + c.offset[0], j = p % c.outputs[1] + c.offset[1];
                const std::ptrdiff_t map = b * c.channels + f / (c.filters / c.channels);
                long double re = 0, im = 0;
                for (std::ptrdiff_t k = 0; k < c.taps[0] * c.taps[1]; ++k) {
                    const std::size_t tap = static_cast<std::size_t>(f * c.taps[0] * c.taps[1] + k) * c.parts();
                    const std::ptrdiff_t row = i + k / c.taps[1], column = j + k % c.taps[1];
                    const long double a = samples.at(map, row, column, 0), u = w[tap];
                    const long double d = c.is_real ? 0 : samples.at(map, row, column, 1), v = c.is_real ? 0 : w[tap + 1];
                    re += a * u - d * v;
                    im += a * v + d * u;
                }
                y.push_back(re);
                if (!c.is_real) y.push_back(im);
            }
    return y;
}

template <class T>
struct Result {
    std::vector<T> y;
    std::vector<unsigned char> left_out;
    bool complete;
};

template <class T>
int lanes_of(Level level) {
    return FALTUNG_DISPATCH(level, vector_bytes()) / static_cast<int>(sizeof(T));
}

template <class T>
Kernels<T> kernels_of(const std::vector<T>& w, const Case& c, Hold hold, Level level) {
    std::vector<int> samples(c.tile, c.tile + 2);
    std::vector<std::ptrdiff_t> shape(c.taps, c.taps + 2);
    if (samples.back() == 1) {
        samples.pop_back();
        shape.pop_back();
    }
    const int parts = hold == Hold::parts ? lanes_of<T>(level) : 1;
    const std::vector<std::ptrdiff_t> origin(c.origin, c.origin + samples.size());
    return Kernels<T>(std::make_shared<const Transform<T>>(samples, c.is_real, parts), w.data(), c.filters, shape, origin,
                      hold, level);
}

template <class T>
Result<T> correlated(const Kernels<T>& kernels, const std::vector<T>& x, const Case& c, Boundary boundary, int threads,
                     const Interrupted& interrupted) {
    const auto parts = static_cast<std::ptrdiff_t>(c.parts()), item = parts * static_cast<std::ptrdiff_t>(sizeof(T));
    Result<T> result{std::vector<T>(c.output_size(), std::numeric_limits<T>::quiet_NaN()), {}, false};
    TileAxis axes[2];
    for (int a = 0; a < 2; ++a)
        axes[a] = {c.space[a], a == 0 ? c.space[1] * item : item, boundary, c.offset[a] + c.origin[a], c.outputs[a],
                   a == 0 ? c.outputs[1] * parts : parts, c.tile[a], c.is_whole() ? c.outputs[a] : c.tile[a] - c.taps[a] + 1};
    const std::ptrdiff_t row_points = kernels.transform().row_points(), map = c.space[0] * c.space[1] * item;
    const std::ptrdiff_t feature_map = c.outputs[0] * c.outputs[1] * parts;
    const Tiles<T> tiles{reinterpret_cast<const std::byte*>(x.data()),
                         sizeof(T) == 4 ? Element::float32 : Element::float64, {0, 0}, result.y.data(), c.batch,
                         c.filters, c.filters / c.channels, map * c.channels, map, feature_map * c.filters, feature_map,
                         axes, 2, static_cast<int>(kernels.transform().samples().size()) - 1, row_points,
                         kernels.transform().row_pitch(), kernels.transform().parts() > 1 ? row_points : 0,
                         c.is_real ? 0 : static_cast<std::ptrdiff_t>(sizeof(T)), c.is_real ? row_points * kernels.transform().parts() : 0,
                         c.is_real ? 0 : 1};
    result.left_out.resize(static_cast<std::size_t>(c.filters * tiles.instances()));
    result.complete = overlap_save(kernels, tiles, threads, interrupted, result.left_out.data());
    return result;
}

bool never() { return false; }

template <class T>
bool close(const std::vector<T>& y, const std::vector<long double>& exact, long double tolerance) {
    for (std::size_t i = 0; i < y.size(); ++i)
        if (!(std::abs(static_cast<long double>(y[i]) - exact[i]) <= tolerance)) return false;
    return y.size() == exact.size();
}

template <class T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
    return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}

template <class T>
void check_values(int number, Hold hold, Level level) {
    const Case& c = cases[number];
    const int row = c.tile[1] > 1 ? c.tile[1] : c.tile[0];
    if (hold == Hold::parts && row % (lanes_of<T>(level) * (c.is_real ? 32 : 16)) != 0) return;
    const std::vector<T> x = noise<T>(c.input_size(), 1), w = noise<T>(c.kernel_size(), 2);
    const Kernels<T> kernels = kernels_of(w, c, hold, level);
    const long double samples = static_cast<long double>(c.tile[0] * c.tile[1]) * static_cast<long double>(c.parts());
    const long double taps = static_cast<long double>(c.taps[0] * c.taps[1]) * static_cast<long double>(c.parts());
    const long double unit = std::numeric_limits<T>::epsilon() / 2;
    const long double bound = 24 * unit * (1 + std::log2(samples)) * std::sqrt(samples * taps);
    for (int b = 0; b <= static_cast<int>(c.is_whole() ? Boundary::constant : Boundary::wrap); ++b) {
        const auto boundary = static_cast<Boundary>(b);
        const Result<T> result = correlated(kernels, x, c, boundary, 1, never);
        check(result.complete && close(result.y, definition(x, w, c, boundary), bound), "values", name<T>(), number);
        check(same_bits(result.y, correlated(kernels, x, c, boundary, 3, never).y), "threads", name<T>(), number);
    }
}

template <class T>
void check_nonfinite(Level level) {
    const Case& c = cases[5];
    std::vector<T> x = noise<T>(c.input_size(), 3);
    x[1234] = std::numeric_limits<T>::quiet_NaN();
    const std::vector<T> w(c.kernel_size(), T{1});
    const Result<T> result = correlated(kernels_of(w, c, Hold::tiles, level), x, c, Boundary::constant, 2, never);
    std::size_t left = 0;
    for (const unsigned char flag : result.left_out) left += flag;
    check(left > 0 && left < 5, "tiles with a NaN are left out, no others", name<T>(), 5);
}

template <class T>
void check_extremes(Level level) {
    const Case& c = cases[5];
    const std::vector<T> x = noise<T>(c.input_size(), 4), w = noise<T>(c.kernel_size(), 5);
    const Kernels<T> kernels = kernels_of(w, c, Hold::tiles, level);
    const std::vector<T> y = correlated(kernels, x, c, Boundary::constant, 1, never).y;
    for (const int exponent : {std::numeric_limits<T>::max_exponent - 8, std::numeric_limits<T>::min_exponent / 2}) {
        std::vector<T> scaled = x, want = y;
        for (T& value : scaled) value = std::ldexp(value, exponent);
        for (T& value : want) value = std::ldexp(value, exponent);
        check(same_bits(want, correlated(kernels, scaled, c, Boundary::constant, 1, never).y), "powers of two",
              name<T>(), 5);
    }
}

template <class T>
void check_interruption(Level level) {
    constexpr Case c{true, 1, 1, 1, {1, 1 << 23}, {1, 32}, {1, 1}, {1, 1 << 23}, {0, 0}};
    const std::vector<T> x(c.input_size(), T{1}), w{T{1}};
    const Kernels<T> kernels = kernels_of(w, c, Hold::tiles, level);
    bool asked = false;
    const bool complete = correlated(kernels, x, c, Boundary::constant, 1, [&] { return asked = true; }).complete;
    check(complete != asked, "an interruption is told", name<T>(), 0);
}

template <class T>
void check_level(Level level) {
    for (int number = 0; number < static_cast<int>(std::size(cases)); ++number)
        for (const Hold hold : {Hold::tiles, Hold::kernels, Hold::parts}) check_values<T>(number, hold, level);
    check_nonfinite<T>(level);
    check_extremes<T>(level);
    check_interruption<T>(level);
}

// The widest level is compiled for the instructions of the one below (CMakeLists.txt).
bool runs_here(Level level) {
#ifdef FALTUNG_X86
    if (level == Level::v4) return supported(Level::v3);
#endif
    return supported(level);
}

}  // namespace
}  // namespace faltung

int main() {
    for (std::size_t i = 0; i < faltung::level_names.size(); ++i) {
        const auto level = static_cast<faltung::Level>(i);
        if (!faltung::runs_here(level)) continue;
        faltung::check_level<float>(level);
        faltung::check_level<double>(level);
    }
    std::printf("%d passed, %d failed\n", faltung::passed, faltung::failed);
    return faltung::failed == 0 ? 0 : 1;
}
