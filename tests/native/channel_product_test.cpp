// Layers on heap buffers of exactly the size that may be touched, for the sanitizers: every tile's
// tails, copies and places in the input, sections, shares of filters, several threads.
#include "channel_product.hpp"

#include "layer.hpp"

namespace faltung {
namespace {

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
void compare(const Shape& shape) {
    const Layer<T> layer(shape);
    const Shape& s = layer.s;
    const auto never = [] { return false; };
    const FilterBank<T> bank{layer.w.get(), s.groups, s.filters, layer.terms(),
                             {{s.channels, layer.taps()}, {s.row.taps, s.column.taps}, {s.column.taps, 1}}};
    on_each_level([&](Level level, int threads) {
        for (const Lanes lanes : {Lanes::filters, Lanes::positions}) {
            const PackedWeights<T> weights(bank, lanes, level, threads, never);
            const auto compute = [&](T* y) {
                const ChannelProductCall<T> call{weights, s.batch, s.channels, {s.row, s.column}, layer.x.get(),
                                                 s.groups * s.channels * layer.plane(), layer.plane(), T{}, y,
                                                 layer.filters() * layer.outputs(), layer.outputs(), {s.column.outputs, 1}};
                return channel_product(call, threads, never);
            };
            const std::string name = named(level) + ", lanes " + std::to_string(static_cast<int>(lanes));
            layer.compare(compute, name);
            if (layer.filters() % 2 == 1) continue;
            const auto compute_in_pairs = [&](T* y) {  // filters 2 i and 2 i + 1 alternate in one plane
                const std::ptrdiff_t image = layer.filters() * layer.outputs();
                std::vector<T> pairs(static_cast<std::size_t>(s.batch * image));
                const ChannelProductCall<T> call{weights, s.batch, s.channels, {s.row, s.column}, layer.x.get(),
                                                 s.groups * s.channels * layer.plane(), layer.plane(), T{}, pairs.data(),
                                                 image, 2 * layer.outputs(), {2 * s.column.outputs, 2}, {0, 1}};
                const bool finished = channel_product(call, threads, never);
                for (std::ptrdiff_t i = 0; i < s.batch * layer.filters(); ++i)
                    for (std::ptrdiff_t p = 0; p < layer.outputs(); ++p)
                        y[i * layer.outputs() + p] = pairs[static_cast<std::size_t>((i / 2 * layer.outputs() + p) * 2 + i % 2)];
                return finished;
            };
            layer.compare(compute_in_pairs, name + ", in pairs");
        }
    });
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
