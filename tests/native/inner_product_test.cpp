// Inner products on heap buffers of exactly the size that may be touched, for the sanitizers: parts of
// vectors at the ends of both operands, copies, sections, blocks, parts of a sum, several threads.
#include "inner_product.hpp"

#include "layer.hpp"

namespace faltung {
namespace {

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
void compare(const Shape& shape) {
    const Layer<T> layer(shape);
    const Shape& s = layer.s;
    const T *const x = layer.x.get(), *const w = layer.w.get();
    on_each_level([&](Level level, int threads) {
        const auto compute = [&](T* y) {
            const InnerProductCall<T> call{level, s.batch, s.groups, s.filters, s.channels, {s.row, s.column}, x,
                                           x + layer.samples(), s.groups * s.channels * layer.plane(),
                                           s.channels * layer.plane(), layer.plane(), T{}, w,
                                           w + layer.filters() * layer.terms(), layer.terms(), layer.taps(),
                                           {s.column.taps, 1}, y, layer.filters() * layer.outputs(), layer.outputs(),
                                           {s.column.outputs, 1}};
            return inner_product(call, threads, [] { return false; });
        };
        layer.compare(compute, named(level));
    });
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
