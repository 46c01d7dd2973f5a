// Chains of passes on heap buffers of exactly the size they may touch, at every size around the
// edges of a tile, for the sanitizers.
#include "chain.hpp"

#include <random>

#include "check.hpp"

namespace faltung {
namespace {

std::mt19937 generator(1);

// Small integers: every order of sums is exact.
template <class T>
std::vector<T> random_values(std::ptrdiff_t count, int largest) {
    std::uniform_int_distribution<int> digit(-largest, largest);
    std::vector<T> values(static_cast<std::size_t>(count));
    for (T& value : values) value = static_cast<T>(digit(generator));
    values.shrink_to_fit();
    return values;
}

Axis axis(std::ptrdiff_t length, std::ptrdiff_t taps, Boundary boundary) {
    Axis axis;
    axis.length = axis.outputs = length;
    axis.taps = taps;
    axis.offset = -(taps / 2);
    axis.boundary = boundary;
    return axis;
}

// One pass as it is written, along the first of two axes: down the columns.
template <class T>
std::vector<T> down(const std::vector<T>& x, const Axis& rows, std::ptrdiff_t columns, const std::vector<T>& taps) {
    std::vector<T> y(x.size());
    for (std::ptrdiff_t i = 0; i < rows.outputs; ++i)
        for (std::ptrdiff_t k = 0; k < rows.taps; ++k) {
            const std::ptrdiff_t from = source_index(rows.boundary, i + rows.offset + k, rows.length);
            for (std::ptrdiff_t j = 0; from >= 0 && j < columns; ++j)
                y[static_cast<std::size_t>(i * columns + j)] +=
                    taps[static_cast<std::size_t>(k)] * x[static_cast<std::size_t>(from * columns + j)];
        }
    return y;
}

template <class T>
std::vector<T> transposed(const std::vector<T>& x, std::ptrdiff_t rows, std::ptrdiff_t columns) {
    std::vector<T> y(x.size());
    for (std::ptrdiff_t i = 0; i < rows; ++i)
        for (std::ptrdiff_t j = 0; j < columns; ++j)
            y[static_cast<std::size_t>(j * rows + i)] = x[static_cast<std::size_t>(i * columns + j)];
    return y;
}

template <class T>
void compare(Axis row, Axis column, bool mirrored, int threads) {
    row.step = column.length * std::ptrdiff_t{sizeof(T)};
    column.step = sizeof(T);
    const std::vector<T> x = random_values<T>(row.length * column.length, 9);
    std::vector<T> v = random_values<T>(row.taps, 3);
    const std::vector<T> w = random_values<T>(column.taps, 3);
    for (std::size_t k = 0; mirrored && k < v.size(); ++k) v[v.size() - 1 - k] = v[k];
    const std::vector<T> between = down(x, row, column.length, v);
    const std::vector<T> sideways = transposed(between, row.length, column.length);
    const std::vector<T> expected =
        transposed(down(sideways, column, row.length, w), column.length, row.length);
    for (std::size_t level = 0; level < level_names.size(); ++level) {
        // Without AVX-512 the widest level is the wide tile in narrower instructions.
        std::vector<T> y(x.size());
        y.shrink_to_fit();
        const Source source{reinterpret_cast<const std::byte*>(x.data()),
                            sizeof(T) == 4 ? Element::float32 : Element::float64, 1};
        const ChainCall<T> call{source, {{v.data(), w.data()}}, y.data(), {row, column}, static_cast<Level>(level)};
        const bool finite = chain(call, threads, [] { return false; }) == ChainOutcome::finite;
        check(finite && y == expected, std::to_string(row.length) + " x " + std::to_string(column.length) + ", " +
                                           std::to_string(row.taps) + " + " + std::to_string(column.taps) + " taps");
    }
}

template <class T>
void sizes() {
    for (std::ptrdiff_t rows = 1; rows <= 20; ++rows)
        for (const std::ptrdiff_t columns : {1, 7, 8, 15, 16, 17, 80, 81})
            for (const bool mirrored : {false, true})
                compare<T>(axis(rows, 2 + rows % 9, Boundary::reflect), axis(columns, 3, Boundary::wrap), mirrored, 1);
    for (std::ptrdiff_t taps = 2; taps <= 40; ++taps)
        compare<T>(axis(64, taps, Boundary::symmetric), axis(600, 5, Boundary::constant), true, 2);
    for (const int threads : {1, 3})
        compare<T>(axis(300, 61, Boundary::edge), axis(1024, 9, Boundary::reflect), true, threads);
}

}  // namespace
}  // namespace faltung

int main() {
    faltung::sizes<float>();
    faltung::sizes<double>();
    return report();
}
