// What Python sees of the direct kernel.
#include <nanobind/nanobind.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "arguments.hpp"
#include "bindings.hpp"
#include "direct.hpp"
#include "tiny.hpp"

namespace nb = nanobind;

namespace faltung {
namespace {

std::vector<Axis> make_axes(const ArrayView& input, const ArrayView& kernel, const ArrayView& output,
                            const Parameters& given) {
    std::vector<Axis> axes;
    for (std::size_t i = 0; i < static_cast<std::size_t>(output.dimensions); ++i)
        axes.push_back(make_axis(input, kernel.shape[i], output, given, i));
    if (axes.empty()) axes.emplace_back();  // a scalar is a vector of one
    std::ptrdiff_t taps = 1;
    for (const Axis& axis : axes) {
        require(axis.taps <= most / taps, "too many taps");
        taps *= axis.taps;
    }
    return axes;
}

void require_same_dimensions(const ArrayView& input, const ArrayView& kernel, const ArrayView& output,
                             const Parameters& given) {
    const int dimensions = output.dimensions;
    require(input.dimensions == dimensions && kernel.dimensions == dimensions, "arrays differ in dimension");
    require_one_for_each_axis(given, dimensions);
}

template <class T>
Fill<T> read_fill(nb::handle fill, int parts) {
    Fill<T> value;
    if (fill.is_none()) return value;
    if constexpr (std::is_integral_v<T>) {
        value.part[0] = PyLong_AsUnsignedLongLongMask(fill.ptr());  // sums are modular, a sign included
        if (PyErr_Occurred() != nullptr) throw nb::python_error();
    } else {
        const Py_complex number = PyComplex_AsCComplex(fill.ptr());
        if (PyErr_Occurred() != nullptr) throw nb::python_error();
        require(parts == 2 || number.imag == 0, "a real input has a complex fill");
        value.part[0] = static_cast<T>(number.real);
        value.part[1] = static_cast<T>(number.imag);
    }
    return value;
}

template <class T>
DirectCall<T> make_call(const ArrayView& input, const ArrayView& kernel, const ArrayView& output,
                        std::vector<Axis> axes, nb::handle fill, Level level) {
    const DirectKernel<T>& native = direct_kernel_for<T>(level);
    if (native.reader(input.element).run == nullptr || (std::is_integral_v<T> && input.parts == 2))
        throw nb::type_error("the kernel's type cannot compute this input");
    if (native.writer(output.element) == nullptr || output.parts != std::max(input.parts, kernel.parts))
        throw nb::type_error("the output has not the type of the result");
    return {{input.data, input.element, input.parts},
            {kernel.data, kernel.parts},
            {output.data, output.element, output.parts},
            std::move(axes),
            !fill.is_none(),
            read_fill<T>(fill, input.parts),
            level};
}

template <class T>
bool run(const DirectCall<T>& call, int threads) {
    bool finished = false;
    {
        const nb::gil_scoped_release released;
        finished = direct(call, threads, signals_pending);
    }
    if (!finished) throw nb::python_error();
    return true;
}

bool run_wide(const DirectCall<std::uint64_t>& call, bool taps_signed, int threads) {
    Outcome outcome = Outcome::done;
    {
        const nb::gil_scoped_release released;
        outcome = direct_wide(call, taps_signed, threads, signals_pending);
    }
    if (outcome == Outcome::interrupted) throw nb::python_error();
    return outcome == Outcome::done;
}

bool bound_direct(nb::handle input, nb::handle kernel, nb::handle output, const Integers& offset,
                  const Integers& stride, const Integers& dilation, const Integers& boundary, nb::handle fill,
                  bool wide, int level, int threads) {
    const ArrayView x = view_of(input, "input"), w = view_of(kernel, "kernel"), y = view_of(output, "output");
    const Parameters given{offset, stride, dilation, boundary};
    require_same_dimensions(x, w, y, given);
    require(w.contiguous && w.aligned, "the kernel must be C-contiguous and aligned");
    require(y.contiguous && y.writable, "the output must be C-contiguous and writable");
    require(threads >= 1, "at least one thread is needed");
    const Level checked = check_level(level);
    if (is_empty(y)) return true;
    std::vector<Axis> axes = make_axes(x, w, y, given);
    if (wide) {
        if (w.element != Element::int64 && w.element != Element::uint64)
            throw nb::type_error("wide sums need a kernel of int64 or uint64");
        require(y.aligned, "wide sums need an aligned output");
        const auto call = make_call<std::uint64_t>(x, w, y, std::move(axes), fill, checked);
        return run_wide(call, w.element == Element::int64, threads);
    }
    if (w.element == Element::float32)
        return run(make_call<float>(x, w, y, std::move(axes), fill, checked), threads);
    if (w.element == Element::float64)
        return run(make_call<double>(x, w, y, std::move(axes), fill, checked), threads);
    if (w.element == Element::uint64)
        return run(make_call<std::uint64_t>(x, w, y, std::move(axes), fill, checked), threads);
    throw nb::type_error("kernel must be of float32, float64, complex64, complex128 or uint64");
}

nb::object bound_tiny(nb::handle input, nb::handle kernel, nb::handle mode, nb::handle said, nb::handle defaults,
                      bool correlate, int level) {
    PyObject* const result =
        tiny(input.ptr(), kernel.ptr(), mode.ptr(), said.ptr(), defaults.ptr(), correlate, check_level(level));
    if (result == nullptr) throw nb::python_error();
    return nb::steal(result);
}

std::ptrdiff_t bound_source_index(int boundary, std::ptrdiff_t position, std::ptrdiff_t n) {
    require(n > 0, "an axis of no samples has none to read");
    require(boundary >= 0 && boundary <= static_cast<int>(Boundary::wrap), "unknown boundary");
    return source_index(static_cast<Boundary>(boundary), position, n);
}

}  // namespace

void bind_direct(nb::module_& module) {
    if (!import_numpy()) throw nb::python_error();
    module.def(
        "direct", &bound_direct, nb::arg("input"), nb::arg("kernel"), nb::arg("output"), nb::arg("offset"),
        nb::arg("stride"), nb::arg("dilation"), nb::arg("boundary"), nb::arg("fill").none(), nb::arg("wide"),
        nb::arg("level"), nb::arg("threads"),
        "output[p] = sum over k of input[stride * p + offset + dilation * k] * kernel[k]. False if a wide "
        "result does not fit the output's type.");
    module.def("tiny", &bound_tiny, nb::arg("input").none(), nb::arg("kernel").none(), nb::arg("mode").none(),
               nb::arg("said"), nb::arg("defaults"), nb::arg("correlate"), nb::arg("level"),
               "The result for two small arrays of native floats and options that are the defaults, None for "
               "anything else.");
    module.def("source_index", &bound_source_index, nb::arg("boundary"), nb::arg("position"), nb::arg("n"),
               "The index that a position reads on an axis of n samples, -1 if none.");
}

}  // namespace faltung
