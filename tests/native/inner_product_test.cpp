// Inner products on heap buffers of exactly the size that may be touched, for the sanitizers: parts of
// vectors at the ends of both operands, copies, sections, blocks, parts of a sum, several threads.
#include "inner_product.hpp"

#include <algorithm>
#include <memory>
#include <random>

#include "check.hpp"

namespace faltung {
namespace {

std::mt19937 generator(1);

template <class T>
std::unique_ptr<T[]> random_values(std::ptrdiff_t count) {
    std::uniform_int_distribution<int> digit(-4, 4);  // small integers: every order of sums is exact
    auto values = std::make_unique<T[]>(static_cast<std::size_t>(count));
    for (std::ptrdiff_t i = 0; i < count; ++i) values[static_cast<std::size_t>(i)] = static_cast<T>(digit(generator));
    return values;
}

struct Shape {
    std::ptrdiff_t batch, groups, channels, filters;  // of each group
    Axis row, column;
};

Axis axis(std::ptrdiff_t length, std::ptrdiff_t taps, std::ptrdiff_t outputs, std::ptrdiff_t dilation, Boundary boundary) {
    Axis axis;
    axis.length = length;
    axis.taps = taps;
    axis.outputs = outputs;
    axis.dilation = dilation;
    axis.boundary = boundary;
    axis.offset = -((outputs - 1 + dilation * (taps - 1) + 1 - length) / 2);
    return axis;
}

template <class T>
class Layer {
public:
    explicit Layer(const Shape& shape)
        : s_(shape), x_(random_values<T>(samples())), w_(random_values<T>(s_.groups * s_.filters * terms())) {
        s_.row.step = s_.column.length;
        s_.column.step = 1;
    }

    void compare(Level level, int threads) const {
        const std::ptrdiff_t outputs = s_.row.outputs * s_.column.outputs, filters = s_.groups * s_.filters;
        const auto y = std::make_unique<T[]>(static_cast<std::size_t>(s_.batch * filters * outputs));
        const InnerProductCall<T> call{level, s_.batch, s_.groups, s_.filters, s_.channels, {s_.row, s_.column}, x_.get(),
                                       x_.get() + samples(), s_.groups * s_.channels * plane(), s_.channels * plane(),
                                       plane(), T{}, w_.get(), w_.get() + filters * terms(), terms(), taps(),
                                       {s_.column.taps, 1}, y.get(), filters * outputs, outputs, {s_.column.outputs, 1}};
        check(inner_product(call, threads, [] { return false; }), "finished");
        bool same = true;
        for (std::ptrdiff_t i = 0; i < s_.batch * filters * outputs; ++i)
            same &= y[static_cast<std::size_t>(i)] == by_definition(i / outputs / filters, i / outputs % filters, i % outputs);
        check(same, std::to_string(s_.groups) + " x " + std::to_string(s_.channels) + " channels, " +
                        std::to_string(s_.filters) + " filters, " + std::to_string(s_.row.outputs) + " x " +
                        std::to_string(s_.column.outputs) + " outputs, taps " + std::to_string(s_.column.taps) +
                        ", level " + std::to_string(static_cast<int>(level)));
    }

private:
    [[nodiscard]] std::ptrdiff_t plane() const { return s_.row.length * s_.column.length; }
    [[nodiscard]] std::ptrdiff_t samples() const { return s_.batch * s_.groups * s_.channels * plane(); }
    [[nodiscard]] std::ptrdiff_t taps() const { return s_.row.taps * s_.column.taps; }
    [[nodiscard]] std::ptrdiff_t terms() const { return s_.channels * taps(); }

    [[nodiscard]] T by_definition(std::ptrdiff_t b, std::ptrdiff_t o, std::ptrdiff_t p) const {
        T sum{};
        for (std::ptrdiff_t c = 0; c < s_.channels; ++c)
            for (std::ptrdiff_t k = 0; k < taps(); ++k) {
                const std::ptrdiff_t row = s_.row.first_position(p / s_.column.outputs);
                const std::ptrdiff_t column = s_.column.first_position(p % s_.column.outputs);
                const std::ptrdiff_t i =
                    source_index(s_.row.boundary, row + k / s_.column.taps * s_.row.dilation, s_.row.length);
                const std::ptrdiff_t j =
                    source_index(s_.column.boundary, column + k % s_.column.taps * s_.column.dilation, s_.column.length);
                if (i < 0 || j < 0) continue;
                const std::ptrdiff_t channel = (b * s_.groups + o / s_.filters) * s_.channels + c;
                sum += x_[static_cast<std::size_t>((channel * s_.row.length + i) * s_.column.length + j)] *
                       w_[static_cast<std::size_t>(o * terms() + c * taps() + k)];
            }
        return sum;
    }

    Shape s_;
    std::unique_ptr<T[]> x_, w_;
};

// The widest level is compiled here for the instructions of the one before it.
template <class T>
void compare(const Shape& shape) {
    const Layer<T> layer(shape);
    for (std::size_t i = 0; i < level_names.size(); ++i)
        if (i == 0 || supported(static_cast<Level>(std::min(i, std::size_t{1}))))
            layer.compare(static_cast<Level>(i), 1 + static_cast<int>(i % 2));
}

template <class T>
void layers() {
    for (const std::ptrdiff_t filters : {1, 2, 3, 4, 5, 67})
        for (const std::ptrdiff_t outputs : {1, 3, 5})
            for (const std::ptrdiff_t taps : {1, 4, 7, 16, 19}) {
                const Axis padded = axis(taps, taps, outputs, 1, Boundary::constant);
                const Axis inside = axis(taps + outputs - 1, taps, outputs, 1, Boundary::constant);
                compare<T>({2, 2, 3, filters, padded, padded});
                compare<T>({2, 1, 5, filters, inside, inside});
            }
    for (std::ptrdiff_t dilation = 1; dilation <= 3; ++dilation)
        compare<T>({1, 3, 4, 2, axis(30, 9, 3, dilation, Boundary::reflect), axis(37, 14, 2, dilation, Boundary::wrap)});
    compare<T>({40, 1, 9, 3, axis(6, 5, 3, 1, Boundary::constant), axis(6, 5, 3, 1, Boundary::edge)});
    compare<T>({2, 1, 3, 2, axis(1, 1, 1, 1, Boundary::constant), axis(4000, 4000, 1, 1, Boundary::constant)});
}

}  // namespace
}  // namespace faltung

int main() {
    faltung::layers<float>();
    faltung::layers<double>();
    return report();
}
