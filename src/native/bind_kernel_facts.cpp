// What Python sees of the look at a kernel's values.
#include <nanobind/nanobind.h>

#include <algorithm>

#include "arguments.hpp"
#include "bindings.hpp"
#include "kernel_facts.hpp"

namespace nb = nanobind;

namespace faltung {
namespace {

nb::tuple bound_kernel_facts(nb::handle kernels) {
    const ArrayView w = view_of(kernels, "kernels");
    require(w.dimensions >= 2 && w.contiguous, "kernels must be C-contiguous, (filters, channels, *kernel)");
    if (w.element == Element::float16) throw nb::type_error("kernels of float16 are looked at in float32");
    std::ptrdiff_t taps = 1, longest = 1;
    for (int axis = 2; axis < w.dimensions; ++axis) {
        taps *= w.shape[axis];
        longest = std::max(longest, w.shape[axis]);
    }
    const std::ptrdiff_t count = w.shape[0] * w.shape[1];
    const KernelFacts found = kernel_facts(w.data, w.element, w.parts, count, taps);
    return nb::make_tuple(found.finite, found.nonnegative, found.constant, found.symmetric,
                          count * taps == std::max({longest, w.shape[0], w.shape[1]}));
}

}  // namespace

void bind_kernel_facts(nb::module_& module) {
    module.def("kernel_facts", &bound_kernel_facts, nb::arg("kernels"),
               "Of (filters, channels, *kernel): whether all weights are finite, and none is negative, and all are "
               "equal; whether each kernel equals its flip; whether one axis at most is longer than 1.");
}

}  // namespace faltung
