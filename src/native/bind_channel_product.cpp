// faltung._native._core.ChannelProduct: a bank of filters, packed.
#include <nanobind/nanobind.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <memory>
#include <variant>

#include "arguments.hpp"
#include "bindings.hpp"
#include "channel_product.hpp"
#include "channel_product_axes.hpp"

namespace nb = nanobind;

namespace faltung {
namespace {

template <class T>
constexpr Element element_of = sizeof(T) == 4 ? Element::float32 : Element::float64;

void require_floats(const ArrayView& view, const char* what) {
    if (view.parts != 1 || (view.element != Element::float32 && view.element != Element::float64))
        throw nb::type_error(what);
    require(view.aligned, "arrays must be aligned");
}

template <class T>
FilterBank<T> filter_bank(const ArrayView& kernel, std::ptrdiff_t groups) {
    FilterBank<T> bank{reinterpret_cast<const T*>(kernel.data), groups, kernel.shape[0] / groups,
                       element_step(kernel, 0), {}};
    std::ptrdiff_t terms = 1;
    for (int axis = 1; axis < kernel.dimensions; ++axis) {
        bank.axes.push_back({kernel.shape[axis], element_step(kernel, axis)});
        require(kernel.shape[axis] <= most / terms, "too many terms");
        terms *= kernel.shape[axis];
    }
    return bank;
}

template <class T>
std::unique_ptr<PackedWeights<T>> pack(const ArrayView& kernel, std::ptrdiff_t groups, Lanes lanes, Level level,
                                       int threads) {
    const FilterBank<T> bank = filter_bank<T>(kernel, groups);
    std::unique_ptr<PackedWeights<T>> weights;
    {
        const nb::gil_scoped_release released;
        weights = std::make_unique<PackedWeights<T>>(bank, lanes, level, threads, signals_pending);
    }
    if (!weights->complete()) throw nb::python_error();
    return weights;
}

template <class T>
ChannelProductCall<T> make_call(const PackedWeights<T>& weights, const std::vector<std::ptrdiff_t>& taps,
                                const ArrayView& x, const ArrayView& y, const Parameters& given, double fill) {
    ChannelProductCall<T> call{weights, x.shape[0], x.shape[1] / weights.groups(), {},
                               reinterpret_cast<const T*>(x.data), element_step(x, 0), element_step(x, 1),
                               static_cast<T>(fill), reinterpret_cast<T*>(y.data), element_step(y, 0),
                               element_step(y, 1), {}, {0}};
    const int last = y.dimensions - static_cast<int>(taps.size());  // of the axes that count phases, and one
    for (int axis = 2; axis < last; ++axis) {
        std::vector<std::ptrdiff_t> phases;
        for (const std::ptrdiff_t phase : call.phases)
            for (std::ptrdiff_t i = 0; i < y.shape[axis]; ++i) phases.push_back(phase + i * element_step(y, axis));
        call.phases = std::move(phases);
    }
    ArrayView space = x, outputs = y;  // without batch and channels, or filters
    space.shape += 2, space.strides += 2, outputs.shape += last, outputs.strides += last;
    for (std::size_t i = 0; i < taps.size(); ++i) {
        call.axes.push_back(make_axis(space, taps[i], outputs, given, i));
        call.axes.back().step = element_step(x, static_cast<int>(i) + 2);
        call.output_steps.push_back(element_step(y, static_cast<int>(i) + last));
    }
    arrange_axes(call.axes, call.output_steps,
                 weights.lanes() == Lanes::positions ? channel_product_kernel_for<T>(weights.level()).lanes : 1);
    return call;
}

class ChannelProduct {
public:
    ChannelProduct(nb::handle kernel, std::ptrdiff_t groups, bool positions_in_lanes, int level, int threads) {
        const ArrayView w = view_of(kernel, "kernel");
        require_floats(w, "the kernel must be float32 or float64");
        require(w.dimensions >= 2 && !is_empty(w), "the kernel must have filters, channels and taps");
        require(groups >= 1 && w.shape[0] % groups == 0, "groups must divide the filters");
        require(threads >= 1, "at least one thread is needed");
        const Level checked = check_level(level);
        const Lanes lanes = positions_in_lanes ? Lanes::positions : Lanes::filters;
        if (w.element == Element::float32)
            weights_ = pack<float>(w, groups, lanes, checked, threads);
        else
            weights_ = pack<double>(w, groups, lanes, checked, threads);
        channels_ = groups * w.shape[1];
        taps_.assign(w.shape + 2, w.shape + w.dimensions);
    }

    bool finite() const {
        return std::visit([](const auto& weights) { return weights->finite(); }, weights_);
    }

    void run(nb::handle input, nb::handle output, const Integers& offset, const Integers& stride,
             const Integers& dilation, const Integers& boundary, double fill, int threads) const {
        const ArrayView x = view_of(input, "input"), y = view_of(output, "output");
        std::visit(
            [&](const auto& weights) { run_with(*weights, x, y, {offset, stride, dilation, boundary}, fill, threads); },
            weights_);
    }

private:
    template <class T>
    void run_with(const PackedWeights<T>& weights, const ArrayView& x, const ArrayView& y, const Parameters& given,
                  double fill, int threads) const {
        const int dimensions = static_cast<int>(taps_.size()) + 2;
        require_floats(x, "the input must have the kernel's type");
        require_floats(y, "the output must have the kernel's type");
        if (x.element != element_of<T> || y.element != element_of<T>)
            throw nb::type_error("input and output must have the kernel's type");
        require(x.dimensions == dimensions && y.dimensions >= dimensions, "arrays differ in dimension");
        require_one_for_each_axis(given, dimensions - 2);
        require(x.shape[0] == y.shape[0], "input and output differ in batch");
        require(x.shape[1] == channels_, "the input has not the kernel's channels");
        std::ptrdiff_t filters = 1;
        for (int axis = 1; axis <= y.dimensions - dimensions + 1; ++axis) filters *= y.shape[axis];
        require(filters == weights.groups() * weights.filters(), "the output has not the kernel's filters");
        require(y.writable, "the output must be writable");
        require(threads >= 1, "at least one thread is needed");
        if (is_empty(y)) return;
        const ChannelProductCall<T> call = make_call(weights, taps_, x, y, given, fill);
        bool finished = false;
        {
            const nb::gil_scoped_release released;
            finished = channel_product(call, threads, signals_pending);
        }
        if (!finished) throw nb::python_error();
    }

    std::variant<std::unique_ptr<PackedWeights<float>>, std::unique_ptr<PackedWeights<double>>> weights_;
    std::ptrdiff_t channels_ = 0;
    Integers taps_;
};

}  // namespace

void bind_channel_product(nb::module_& module) {
    nb::class_<ChannelProduct>(module, "ChannelProduct", nb::is_final(),
                               "A bank of filters, (filters, channels / groups, *kernel), packed for layers.\n\n"
                               "Immutable, and safe to share between threads.")
        .def(nb::init<nb::handle, std::ptrdiff_t, bool, int, int>(), nb::arg("kernel"), nb::arg("groups"),
             nb::arg("positions_in_lanes"), nb::arg("level"), nb::arg("threads"))
        .def_prop_ro("finite", &ChannelProduct::finite)
        .def("run", &ChannelProduct::run, nb::arg("input"), nb::arg("output"), nb::arg("offset"), nb::arg("stride"),
             nb::arg("dilation"), nb::arg("boundary"), nb::arg("fill"), nb::arg("threads"),
             "output[b, o, p] = sum over c, k of input[b, c, stride * p + offset + dilation * k] * kernel[o, c, k].\n\n"
             "Axes of the output between filters and positions count filters, too.");
}

}  // namespace faltung
