// faltung._native._core.Winograd: a bank of 3 x 3 kernels, transformed.
#include <nanobind/nanobind.h>
#include <nanobind/stl/vector.h>

#include <memory>

#include "arguments.hpp"
#include "bindings.hpp"
#include "winograd.hpp"

namespace nb = nanobind;

namespace faltung {
namespace {

constexpr int dimensions = 4;  // batch or filters, channels, rows, columns

ArrayView view_of_floats(nb::handle object, const char* what) {
    const ArrayView view = view_of(object, what);
    if (view.element != Element::float32 || view.parts != 1) throw nb::type_error("arrays must be float32");
    require(view.aligned, "arrays must be aligned");
    require(view.dimensions == dimensions, "arrays must have four axes");
    return view;
}

class Winograd {
public:
    Winograd(nb::handle kernel, std::ptrdiff_t groups, int outputs, std::ptrdiff_t block, int level, int threads)
        : block_(block) {
        const ArrayView w = view_of_floats(kernel, "kernel");
        require(w.contiguous && !is_empty(w), "the kernel must be contiguous, and not empty");
        require(w.shape[2] == 3 && w.shape[3] == 3, "the kernel must have 3 x 3 taps");
        require(groups >= 1 && w.shape[0] % groups == 0, "groups must divide the filters");
        require(outputs == 2 || outputs == 4, "tiles have 2 or 4 outputs along an axis");
        require(block >= 1, "a block has at least one channel");
        require(threads >= 1, "at least one thread is needed");
        const Level checked = check_level(level);
        const WinogradBank bank{reinterpret_cast<const float*>(w.data), groups, w.shape[0] / groups, w.shape[1]};
        {
            const nb::gil_scoped_release released;
            weights_ = std::make_unique<WinogradWeights>(bank, outputs, checked, threads, signals_pending);
        }
        if (!weights_->complete()) throw nb::python_error();
    }

    std::vector<std::ptrdiff_t> run(nb::handle input, nb::handle output, const Integers& offset,
                                    const Integers& boundary, double fill, int threads) const {
        const ArrayView x = view_of_floats(input, "input"), y = view_of_floats(output, "output");
        const Integers ones(2, 1);
        const Parameters given{offset, ones, ones, boundary};
        require_one_for_each_axis(given, 2);
        require(x.shape[0] == y.shape[0], "input and output differ in batch");
        require(x.shape[1] == weights_->groups() * weights_->channels(), "the input has not the kernel's channels");
        require(y.shape[1] == weights_->groups() * weights_->filters(), "the output has not the kernel's filters");
        require(y.writable, "the output must be writable");
        require(threads >= 1, "at least one thread is needed");
        if (is_empty(y)) return {};
        const WinogradCall call{*weights_,
                                block_,
                                x.shape[0],
                                axis(x, y, given, 0),
                                axis(x, y, given, 1),
                                reinterpret_cast<const float*>(x.data),
                                element_step(x, 0),
                                element_step(x, 1),
                                static_cast<float>(fill),
                                reinterpret_cast<float*>(y.data),
                                element_step(y, 0),
                                element_step(y, 1),
                                element_step(y, 2),
                                element_step(y, 3)};
        WinogradOutcome outcome;
        {
            const nb::gil_scoped_release released;
            outcome = winograd(call, threads, signals_pending);
        }
        if (!outcome.finished) throw nb::python_error();
        return outcome.strange;
    }

private:
    static Axis axis(ArrayView x, ArrayView y, const Parameters& given, int i) {
        x.shape += 2, x.strides += 2, y.shape += 2;  // without batch and channels
        Axis axis = make_axis(x, 3, y, given, static_cast<std::size_t>(i));
        axis.step /= size_of(x.element);
        return axis;
    }

    std::ptrdiff_t block_;
    std::unique_ptr<WinogradWeights> weights_;
};

}  // namespace

void bind_winograd(nb::module_& module) {
    nb::class_<Winograd>(module, "Winograd", nb::is_final(),
                         "A bank of kernels, (filters, channels / groups, 3, 3), transformed for tiles of `outputs` squared;\n"
                         "products are summed in blocks of so many channels.\n\n"
                         "Immutable, and safe to share between threads.")
        .def(nb::init<nb::handle, std::ptrdiff_t, int, std::ptrdiff_t, int, int>(), nb::arg("kernel"), nb::arg("groups"),
             nb::arg("outputs"), nb::arg("block"), nb::arg("level"), nb::arg("threads"))
        .def("run", &Winograd::run, nb::arg("input"), nb::arg("output"), nb::arg("offset"), nb::arg("boundary"),
             nb::arg("fill"), nb::arg("threads"),
             "output[b, o, p] = sum over c, k of input[b, c, p + offset + k] * kernel[o, c, k]; returns the tiles that\n"
             "hold what is not finite, which are to be computed otherwise.");
}

}  // namespace faltung
