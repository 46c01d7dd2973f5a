// Layers on heap buffers of exactly the size that may be touched, for the sanitizers: every tile's
// tails, copies and places in the input, sections, shares of filters, several threads.
#include "channel_product.hpp"

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

Axis axis(std::ptrdiff_t length, std::ptrdiff_t taps, std::ptrdiff_t stride, bool padded, Boundary boundary) {
    Axis axis;
    axis.length = length;
    axis.taps = taps;
    axis.stride = stride;
    axis.boundary = boundary;
    axis.offset = padded ? -(taps / 2) : 0;
    axis.outputs = padded ? (length + stride - 1) / stride : (length - taps) / stride + 1;
    return axis;
}

template <class T>
class Layer {
public:
    explicit Layer(const Shape& shape)
        : s_(shape),
          x_(random_values<T>(s_.batch * s_.groups * s_.channels * plane())),
          w_(random_values<T>(s_.groups * s_.filters * terms())) {
        s_.row.step = s_.column.length;
        s_.column.step = 1;
    }

    void compare(Level level, Lanes lanes, int threads) const {
        const auto never = [] { return false; };
        const FilterBank<T> bank{
            w_.get(), s_.groups, s_.filters, terms(), {{s_.channels, taps()}, {s_.row.taps, s_.column.taps}, {s_.column.taps, 1}}};
        const PackedWeights<T> weights(bank, lanes, level, threads, never);
        const std::ptrdiff_t outputs = s_.row.outputs * s_.column.outputs, filters = s_.groups * s_.filters;
        const auto y = std::make_unique<T[]>(static_cast<std::size_t>(s_.batch * filters * outputs));
        const ChannelProductCall<T> call{weights, s_.batch, s_.channels, {s_.row, s_.column}, x_.get(),
                                         s_.groups * s_.channels * plane(), plane(), T{}, y.get(),
                                         filters * outputs, outputs, {s_.column.outputs, 1}};
        check(channel_product(call, threads, never), "finished");
        bool same = true;
        for (std::ptrdiff_t i = 0; i < s_.batch * filters * outputs; ++i)
            same &= y[static_cast<std::size_t>(i)] == by_definition(i / outputs / filters, i / outputs % filters, i % outputs);
        check(same, std::to_string(s_.groups) + " x " + std::to_string(s_.channels) + " channels, " +
                        std::to_string(s_.filters) + " filters, " + std::to_string(s_.row.outputs) + " x " +
                        std::to_string(s_.column.outputs) + " outputs, taps " + std::to_string(s_.column.taps) +
                        ", level " + std::to_string(static_cast<int>(level)) + ", lanes " +
                        std::to_string(static_cast<int>(lanes)));
    }

private:
    [[nodiscard]] std::ptrdiff_t plane() const { return s_.row.length * s_.column.length; }
    [[nodiscard]] std::ptrdiff_t taps() const { return s_.row.taps * s_.column.taps; }
    [[nodiscard]] std::ptrdiff_t terms() const { return s_.channels * taps(); }

    [[nodiscard]] T by_definition(std::ptrdiff_t b, std::ptrdiff_t o, std::ptrdiff_t p) const {
        T sum{};
        for (std::ptrdiff_t c = 0; c < s_.channels; ++c)
            for (std::ptrdiff_t k = 0; k < taps(); ++k) {
                const std::ptrdiff_t i = source_index(
                    s_.row.boundary, s_.row.first_position(p / s_.column.outputs) + k / s_.column.taps, s_.row.length);
                const std::ptrdiff_t j =
                    source_index(s_.column.boundary, s_.column.first_position(p % s_.column.outputs) + k % s_.column.taps,
                                 s_.column.length);
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
            for (const Lanes lanes : {Lanes::filters, Lanes::positions})
                layer.compare(static_cast<Level>(i), lanes, 1 + static_cast<int>(i % 2));
}

template <class T>
void layers() {
    for (const std::ptrdiff_t filters : {1, 3, 5, 9, 31, 34})
        for (const std::ptrdiff_t length : {1, 4, 7, 13, 40})
            for (const bool padded : {true, false})
                compare<T>({2, 2, 3, filters, axis(padded ? length : length + 2, 3, 1, padded, Boundary::constant),
                            axis(padded ? length : length + 2, 3, 1, padded, Boundary::constant)});
    for (std::ptrdiff_t stride = 1; stride <= 4; ++stride)
        compare<T>({1, 1, 4, 12, axis(17, 4, stride, true, Boundary::reflect), axis(37, 3, stride, true, Boundary::wrap)});
    for (const std::ptrdiff_t taps : {2, 3, 7, 13})
        for (const std::ptrdiff_t length : {1, 3, 7, 8, 14, 23})
            for (std::ptrdiff_t stride = 1; stride <= 3; ++stride)  // depthwise
                compare<T>({3, 21, 1, 1, axis(length, taps, stride, true, Boundary::constant),
                            axis(length + 1, taps, stride, true, stride == 3 ? Boundary::reflect : Boundary::constant)});
    compare<T>({3, 1, 140, 9, axis(5, 1, 1, true, Boundary::constant), axis(6, 1, 1, true, Boundary::constant)});
    compare<T>({1, 2, 130, 70, axis(3, 3, 1, true, Boundary::edge), axis(4, 3, 1, true, Boundary::constant)});
    compare<T>({1, 1, 2, 2, axis(360, 340, 1, false, Boundary::constant), axis(420, 2, 1, false, Boundary::constant)});
}

}  // namespace
}  // namespace faltung

int main() {
    faltung::layers<float>();
    faltung::layers<double>();
    return report();
}
