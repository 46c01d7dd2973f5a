// faltung._native._core.inner_product: layers of few outputs and many taps.
#include <nanobind/nanobind.h>
#include <nanobind/stl/vector.h>

#include <algorithm>

#include "arguments.hpp"
#include "bindings.hpp"
#include "inner_product.hpp"

namespace nb = nanobind;

namespace faltung {
namespace {

// Where the last element in memory ends.
template <class T>
const T* end_of(const ArrayView& view) {
    std::ptrdiff_t last = 0;
    for (int axis = 0; axis < view.dimensions; ++axis)
        last += (view.shape[axis] - 1) * std::max(element_step(view, axis), std::ptrdiff_t{0});
    return reinterpret_cast<const T*>(view.data) + last + 1;
}

template <class T>
bool run(const ArrayView& x, const ArrayView& w, const ArrayView& y, std::ptrdiff_t groups, const Parameters& given,
         double fill, Level level, int threads) {
    InnerProductCall<T> call{level, x.shape[0], groups, w.shape[0] / groups, w.shape[1], {},
                             reinterpret_cast<const T*>(x.data), end_of<T>(x), element_step(x, 0), element_step(x, 1), element_step(x, 2),
                             static_cast<T>(fill), reinterpret_cast<const T*>(w.data), end_of<T>(w),
                             element_step(w, 0), element_step(w, 1), {},
                             reinterpret_cast<T*>(y.data), element_step(y, 0), element_step(y, 1), {}};
    ArrayView space = x, outputs = y;  // without batch, groups and channels
    space.shape += 3, space.strides += 3, outputs.shape += 2, outputs.strides += 2;
    for (int axis = 2; axis < w.dimensions; ++axis) {
        call.axes.push_back(make_axis(space, w.shape[axis], outputs, given, static_cast<std::size_t>(axis - 2)));
        call.axes.back().step = element_step(x, axis + 1);
        call.tap_steps.push_back(element_step(w, axis));
        call.output_steps.push_back(element_step(y, axis));
    }
    const nb::gil_scoped_release released;
    return inner_product(call, threads, signals_pending);
}

void sum_products(nb::handle input, nb::handle kernel, nb::handle output, std::ptrdiff_t groups, const Integers& offset,
                  const Integers& stride, const Integers& dilation, const Integers& boundary, double fill, int level,
                  int threads) {
    const ArrayView x = view_of(input, "input"), w = view_of(kernel, "kernel"), y = view_of(output, "output");
    const Parameters given{offset, stride, dilation, boundary};
    for (const ArrayView& view : {x, w, y}) {
        if (view.parts != 1 || view.element != w.element ||
            (view.element != Element::float32 && view.element != Element::float64))
            throw nb::type_error("arrays must be all float32, or all float64");
        require(view.aligned, "arrays must be aligned");
    }
    require(x.dimensions == w.dimensions + 1 && y.dimensions == w.dimensions, "arrays differ in dimension");
    require(w.dimensions >= 3 && !is_empty(w), "the kernel must have filters, channels and taps");
    require(w.shape[w.dimensions - 1] == 1 || element_step(w, w.dimensions - 1) == 1, "taps of the last axis must lie side by side");
    require_one_for_each_axis(given, w.dimensions - 2);
    require(groups >= 1 && w.shape[0] % groups == 0, "groups must divide the filters");
    require(x.shape[0] == y.shape[0], "input and output differ in batch");
    require(x.shape[1] == groups && x.shape[2] == w.shape[1], "the input has not the kernel's groups and channels");
    require(y.shape[1] == w.shape[0], "the output has not the kernel's filters");
    require(y.writable, "the output must be writable");
    require(threads >= 1, "at least one thread is needed");
    const Level checked = check_level(level);
    if (is_empty(y)) return;
    const bool finished = w.element == Element::float32 ? run<float>(x, w, y, groups, given, fill, checked, threads)
                                                        : run<double>(x, w, y, groups, given, fill, checked, threads);
    if (!finished) throw nb::python_error();
}

}  // namespace

void bind_inner_product(nb::module_& module) {
    module.def("inner_product", &sum_products, nb::arg("input"), nb::arg("kernel"), nb::arg("output"),
               nb::arg("groups"), nb::arg("offset"), nb::arg("stride"), nb::arg("dilation"), nb::arg("boundary"),
               nb::arg("fill"), nb::arg("level"), nb::arg("threads"),
               "output[b, o, p] = sum over c, k of input[b, g, c, stride * p + offset + dilation * k] * kernel[o, c, k]\n\n"
               "in the group g of o.");
}

}  // namespace faltung
