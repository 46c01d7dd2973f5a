// The overlap-save kernel on heap buffers of exactly the right size, so that the address
// sanitizer sees one sample too many. Values are compared with a plain sum in long double.
#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "overlap_save.hpp"

namespace faltung {
namespace {

int passed = 0, failed = 0;

void check(bool condition, const char* what, const char* type, int taps, int length) {
    condition ? ++passed : ++failed;
    if (!condition) std::printf("FAILED %s: %s, %d taps, blocks of %d\n", what, type, taps, length);
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

// An array of three dimensions, correlated along the middle one.
struct Shape {
    std::ptrdiff_t outer, along, inner;
    std::size_t size() const { return static_cast<std::size_t>(outer * along * inner); }
};

struct Place {
    std::ptrdiff_t offset;
    std::ptrdiff_t outputs;
    Boundary boundary;
};

template <class T>
T sample(const std::vector<T>& x, Shape shape, std::ptrdiff_t outer, std::ptrdiff_t position, std::ptrdiff_t inner,
         Boundary boundary) {
    const std::ptrdiff_t index = shape.along > 0 ? source_index(boundary, position, shape.along) : -1;
    return index < 0 ? T{0} : x[static_cast<std::size_t>((outer * shape.along + index) * shape.inner + inner)];
}

template <class T>
std::vector<long double> definition(const std::vector<T>& x, const std::vector<T>& w, Shape shape, Place place) {
    std::vector<long double> y;
    for (std::ptrdiff_t o = 0; o < shape.outer; ++o)
        for (std::ptrdiff_t p = 0; p < place.outputs; ++p)
            for (std::ptrdiff_t i = 0; i < shape.inner; ++i) {
                long double sum = 0;
                for (std::size_t k = 0; k < w.size(); ++k)
                    sum += static_cast<long double>(w[k]) *
                           sample(x, shape, o, p + place.offset + static_cast<std::ptrdiff_t>(k), i, place.boundary);
                y.push_back(sum);
            }
    return y;
}

template <class T>
std::vector<T> correlated(const std::vector<T>& x, const std::vector<T>& w, int length, Shape shape, Place place,
                          Level level, int threads) {
    const BlockFilter<T> filter(w.data(), static_cast<int>(w.size()), length);
    const std::ptrdiff_t dimensions[] = {shape.outer, shape.along, shape.inner};
    const auto item = static_cast<std::ptrdiff_t>(sizeof(T));
    const std::ptrdiff_t strides[] = {shape.along * shape.inner * item, shape.inner * item, item};
    std::vector<T> y(static_cast<std::size_t>(shape.outer * place.outputs * shape.inner),
                     std::numeric_limits<T>::quiet_NaN());
    const Lines<T> lines{reinterpret_cast<const std::byte*>(x.data()),
                         sizeof(T) == 4 ? Element::float32 : Element::float64,
                         dimensions, strides, 3, 1, place.offset, place.boundary, T{0}, y.data(), place.outputs};
    const bool complete = overlap_save(filter, lines, level, threads, [] { return false; });
    check(complete, "ran to its end", name<T>(), static_cast<int>(w.size()), length);
    return y;
}

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
void check_case(int taps, int length, Shape shape, Place place, Level level) {
    const std::vector<T> x = noise<T>(shape.size(), 1), w = noise<T>(static_cast<std::size_t>(taps), 2);
    const std::vector<T> y = correlated(x, w, length, shape, place, level, 1);
    const long double norms = std::sqrt(2.0L * length * taps);  // of two blocks and the kernel, both within 1
    const long double unit = std::numeric_limits<T>::epsilon() / 2;
    const long double bound = 24 * unit * (1 + std::log2(static_cast<long double>(length))) * norms;
    check(close(y, definition(x, w, shape, place), bound), "values", name<T>(), taps, length);
    check(same_bits(y, correlated(x, w, length, shape, place, level, 3)), "threads", name<T>(), taps, length);
}

template <class T>
void check_values(Level level) {
    constexpr Shape shapes[] = {{1, 1000, 1}, {3, 77, 1}, {2, 50, 3}, {1, 130, 40}, {5, 1, 2}, {0, 9, 1}, {1, 0, 1}};
    for (const Shape shape : shapes)
        for (const int length : {16, 32, 256})
            for (const int taps : {1, 7, length})
                for (int b = 0; b <= static_cast<int>(shape.along > 0 ? Boundary::wrap : Boundary::constant); ++b)
                    check_case<T>(taps, length, shape, {-taps / 2 - b, shape.along + taps, static_cast<Boundary>(b)},
                                  level);
}

template <class T>
void check_nonfinite(Level level) {
    constexpr int taps = 40, length = 128;
    constexpr Shape shape{1, 3000, 1};
    std::vector<T> x = noise<T>(3000, 3);
    x[1234] = std::numeric_limits<T>::quiet_NaN();
    const std::vector<T> w(taps, T{1});
    const std::vector<T> y = correlated(x, w, length, shape, {0, 2961, Boundary::constant}, level, 2);
    for (std::ptrdiff_t p = 0; p < 2961; ++p)
        if (std::isnan(y[static_cast<std::size_t>(p)]) != (p > 1234 - taps && p <= 1234))
            return check(false, "a NaN keeps to its windows", name<T>(), taps, length);
    check(true, "a NaN keeps to its windows", name<T>(), taps, length);
}

template <class T>
void check_extremes(Level level) {
    constexpr int taps = 40, length = 128;
    constexpr Shape shape{1, 3000, 1};
    constexpr Place place{0, 2961, Boundary::constant};
    const std::vector<T> x = noise<T>(3000, 4), w = noise<T>(taps, 5);
    const std::vector<T> y = correlated(x, w, length, shape, place, level, 1);
    for (const int exponent : {std::numeric_limits<T>::max_exponent - 8, std::numeric_limits<T>::min_exponent / 2}) {
        std::vector<T> scaled = x, want = y;
        for (T& value : scaled) value = std::ldexp(value, exponent);
        for (T& value : want) value = std::ldexp(value, exponent);
        check(same_bits(want, correlated(scaled, w, length, shape, place, level, 1)), "powers of two", name<T>(),
              taps, length);
    }
    const std::vector<T> huge(3000, std::numeric_limits<T>::max());
    for (const T value : correlated(huge, std::vector<T>(taps, T{1}), length, shape, place, level, 1))
        if (value != std::numeric_limits<T>::infinity())
            return check(false, "overflow is infinity", name<T>(), taps, length);
    check(true, "overflow is infinity", name<T>(), taps, length);
}

template <class T>
void check_interruption(Level level) {
    const std::vector<T> x(1 << 22, T{1});
    const std::ptrdiff_t n = 1 << 22, stride = sizeof(T);
    std::vector<T> y(x.size());
    const T one = 1;
    const BlockFilter<T> filter(&one, 1, 16);
    const Lines<T> lines{reinterpret_cast<const std::byte*>(x.data()),
                         sizeof(T) == 4 ? Element::float32 : Element::float64,
                         &n, &stride, 1, 0, 0, Boundary::constant, T{0}, y.data(), n};
    bool asked = false;
    const bool complete = overlap_save(filter, lines, level, 1, [&] { return asked = true; });
    check(complete != asked, "an interruption is told", name<T>(), 1, 16);
}

void check_level(Level level) {
    check_values<float>(level);
    check_values<double>(level);
    check_nonfinite<float>(level);
    check_nonfinite<double>(level);
    check_extremes<float>(level);
    check_extremes<double>(level);
    check_interruption<float>(level);
    check_interruption<double>(level);
}

}  // namespace
}  // namespace faltung

int main() {
    for (std::size_t i = 0; i < faltung::level_names.size(); ++i)
        if (faltung::supported(static_cast<faltung::Level>(i))) faltung::check_level(static_cast<faltung::Level>(i));
    std::printf("%d passed, %d failed\n", faltung::passed, faltung::failed);
    return faltung::failed == 0 ? 0 : 1;
}
