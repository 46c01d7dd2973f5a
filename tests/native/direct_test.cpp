// The direct kernel on heap buffers of exactly the size it may touch, at every size around the
// edges of a tile, for the address and undefined-behaviour sanitizers.
#include "direct.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <random>

#include "check.hpp"

namespace faltung {
namespace {

std::mt19937 generator(1);

template <class T>
std::vector<T> random_values(std::ptrdiff_t count) {
    std::uniform_int_distribution<int> digit(-9, 9);  // small integers: every order of sums is exact
    std::vector<T> values(static_cast<std::size_t>(count));
    for (T& value : values) value = static_cast<T>(digit(generator));
    values.shrink_to_fit();
    return values;
}

template <class T>
struct Problem {
    Axis row, column;
    std::vector<T> input, kernel;

    Problem(Axis rows, Axis columns) : row(rows), column(columns) {
        row.step = column.length * std::ptrdiff_t{sizeof(T)};
        column.step = sizeof(T);
        input = random_values<T>(row.length * column.length);
        kernel = random_values<T>(row.taps * column.taps);
    }

    [[nodiscard]] T sample(std::ptrdiff_t i, std::ptrdiff_t j) const {
        const std::ptrdiff_t r = source_index(row.boundary, i, row.length);
        const std::ptrdiff_t c = source_index(column.boundary, j, column.length);
        return r < 0 || c < 0 ? T{} : input[static_cast<std::size_t>(r * column.length + c)];
    }

    [[nodiscard]] std::vector<T> by_definition() const {
        std::vector<T> output;
        for (std::ptrdiff_t i = 0; i < row.outputs; ++i)
            for (std::ptrdiff_t j = 0; j < column.outputs; ++j) {
                T sum{};
                for (std::ptrdiff_t a = 0; a < row.taps; ++a)
                    for (std::ptrdiff_t b = 0; b < column.taps; ++b)
                        sum += sample(row.first_position(i) + row.dilation * a,
                                      column.first_position(j) + column.dilation * b) *
                               kernel[static_cast<std::size_t>(a * column.taps + b)];
                output.push_back(sum);
            }
        return output;
    }

    [[nodiscard]] std::vector<T> by_kernel(Level level, int threads, std::ptrdiff_t misaligned) const {
        const std::size_t bytes = input.size() * sizeof(T), shift = static_cast<std::size_t>(misaligned);
        const auto memory = std::make_unique<std::byte[]>(bytes + shift);
        std::memcpy(memory.get() + shift, input.data(), bytes);
        std::vector<T> output(static_cast<std::size_t>(row.outputs * column.outputs));
        const DirectCall<T> call{{memory.get() + shift, element(), 1},
                                 {reinterpret_cast<const std::byte*>(kernel.data()), 1},
                                 {reinterpret_cast<std::byte*>(output.data()), element(), 1},
                                 {row, column},
                                 false,
                                 {},
                                 level};
        check(direct(call, threads, [] { return false; }), "finished");
        return output;
    }

    static Element element() {
        if (std::is_integral_v<T>) return Element::uint64;
        return sizeof(T) == 4 ? Element::float32 : Element::float64;
    }
};

// The widest level is compiled here for the instructions of the one before it.
std::vector<Level> runnable_levels() {
    std::vector<Level> levels;
    for (std::size_t i = 0; i < level_names.size(); ++i)
        if (i == 0 || supported(static_cast<Level>(std::min(i, std::size_t{1}))))
            levels.push_back(static_cast<Level>(i));
    return levels;
}

template <class T>
void compare(const Problem<T>& problem, const char* what) {
    const std::vector<T> expected = problem.by_definition();
    for (const Level level : runnable_levels())
        for (const std::ptrdiff_t misaligned : {0, 1})
            check(problem.by_kernel(level, 1 + static_cast<int>(misaligned), misaligned) == expected,
                  std::string(what) + " " + std::to_string(problem.row.outputs) + " x " +
                      std::to_string(problem.column.outputs) + ", taps " + std::to_string(problem.row.taps) +
                      " x " + std::to_string(problem.column.taps) + ", level " +
                      std::to_string(static_cast<int>(level)));
}

Axis axis(std::ptrdiff_t length, std::ptrdiff_t taps, Boundary boundary, std::ptrdiff_t stride = 1,
          std::ptrdiff_t dilation = 1) {
    Axis axis;
    axis.length = length;
    axis.outputs = (length + stride - 1) / stride;
    axis.taps = taps;
    axis.offset = -(taps / 2) * dilation;
    axis.stride = stride;
    axis.dilation = dilation;
    axis.boundary = boundary;
    return axis;
}

Axis interior(std::ptrdiff_t outputs, std::ptrdiff_t taps) {
    Axis axis;
    axis.length = outputs + taps - 1;
    axis.outputs = outputs;
    axis.taps = taps;
    return axis;
}

template <class T>
void lines(std::ptrdiff_t tile) {
    for (std::ptrdiff_t n = 1; n <= 2 * tile + 1; n += n < 70 ? 1 : 7)
        for (const std::ptrdiff_t taps : {1, 9, 40}) {
            compare<T>({Axis{}, axis(n, taps, Boundary::constant)}, "line");
            compare<T>({Axis{}, interior(n, taps)}, "interior line");
        }
}

template <class T>
void grids() {
    for (std::ptrdiff_t rows = 1; rows <= 21; ++rows)
        for (const std::ptrdiff_t columns : {1, 7, 16, 33}) {
            compare<T>({axis(rows, 3, Boundary::constant), axis(columns, 5, Boundary::wrap)}, "grid");
            compare<T>({interior(rows, 6), interior(columns, 2)}, "interior grid");
        }
    for (std::ptrdiff_t stride = 1; stride <= 3; ++stride)
        for (std::ptrdiff_t dilation = 1; dilation <= 3; ++dilation)
            compare<T>({axis(50, 4, Boundary::reflect, stride, dilation),
                        axis(90, 5, Boundary::symmetric, dilation, stride)},
                       "strided");
    compare<T>({axis(30, 15, Boundary::edge), axis(200, 20, Boundary::constant)}, "many blocks of products");
}

}  // namespace
}  // namespace faltung

int main() {
    faltung::lines<float>(256);
    faltung::lines<double>(128);
    faltung::lines<std::uint64_t>(128);
    faltung::grids<float>();
    faltung::grids<double>();
    faltung::grids<std::uint64_t>();
    return report();
}
