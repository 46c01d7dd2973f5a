// What Python sees of chained passes.
#include <nanobind/nanobind.h>
#include <nanobind/stl/vector.h>

#include "arguments.hpp"
#include "bindings.hpp"
#include "chain.hpp"

namespace nb = nanobind;

namespace faltung {
namespace {

using Lists = std::vector<std::vector<nb::object>>;
using Views = std::vector<std::vector<ArrayView>>;

void check_factor(const ArrayView& factor, const ArrayView& first, const ArrayView& output) {
    require(factor.dimensions == 1 && factor.contiguous && factor.aligned,
            "a factor must be a contiguous vector");
    require(factor.shape[0] == first.shape[0], "terms differ in their taps");
    if (factor.element != output.element || factor.parts != 1)
        throw nb::type_error("factors must have the output's type");
}

Views views_of(const Lists& terms, const ArrayView& output) {
    require(!terms.empty() && output.dimensions > 0, "at least one term and one axis are needed");
    Views views;
    for (const auto& term : terms) {
        require(term.size() == static_cast<std::size_t>(output.dimensions),
                "one factor for each axis is needed");
        views.emplace_back();
        for (std::size_t i = 0; i < term.size(); ++i) {
            views.back().push_back(view_of(term[i], "factor"));
            check_factor(views.back()[i], views.front()[i], output);
        }
    }
    return views;
}

// There is no pass along an axis with one tap.
template <class T>
void check_weights(const ChainCall<T>& call) {
    for (const Factors<T>& factors : call.terms)
        for (std::size_t i = 0; i < factors.size(); ++i)
            require(call.axes[i].taps > 1 || *factors[i] == 1, "a factor that is a single weight must be 1");
}

template <class T>
ChainCall<T> make_call(const ArrayView& input, const Views& terms, const ArrayView& output,
                       const Parameters& given, Level level) {
    ChainCall<T> call{{input.data, input.element, 1}, {}, reinterpret_cast<T*>(output.data), {}, level};
    for (const auto& term : terms) {
        call.terms.emplace_back();
        for (const ArrayView& factor : term) call.terms.back().push_back(reinterpret_cast<const T*>(factor.data));
    }
    for (std::size_t i = 0; i < static_cast<std::size_t>(output.dimensions); ++i)
        call.axes.push_back(make_axis(input, terms[0][i].shape[0], output, given, i));
    check_weights(call);
    return call;
}

template <class T>
bool run(const ChainCall<T>& call, int threads) {
    auto outcome = ChainOutcome::interrupted;
    {
        const nb::gil_scoped_release released;
        outcome = chain(call, threads, signals_pending);
    }
    if (outcome == ChainOutcome::interrupted) throw nb::python_error();
    return outcome == ChainOutcome::finite;
}

bool bound_chain(nb::handle input, const Lists& terms, nb::handle output, const Integers& offset,
                 const Integers& stride, const Integers& dilation, const Integers& boundary, int level,
                 int threads) {
    const ArrayView x = view_of(input, "input"), y = view_of(output, "output");
    const Parameters given{offset, stride, dilation, boundary};
    require(x.dimensions == y.dimensions, "arrays differ in dimension");
    require_one_for_each_axis(given, y.dimensions);
    require(y.contiguous && y.aligned && y.writable, "the output must be C-contiguous, aligned and writable");
    require(threads >= 1, "at least one thread is needed");
    if (x.parts != 1) throw nb::type_error("the input must be real");
    const Views views = views_of(terms, y);
    const Level checked = check_level(level);
    if (is_empty(y)) return true;
    if (y.element == Element::float32 && y.parts == 1)
        return run(make_call<float>(x, views, y, given, checked), threads);
    if (y.element == Element::float64 && y.parts == 1)
        return run(make_call<double>(x, views, y, given, checked), threads);
    throw nb::type_error("the output must be of float32 or float64");
}

}  // namespace

void bind_chain(nb::module_& module) {
    module.def(
        "chain", &bound_chain, nb::arg("input"), nb::arg("terms"), nb::arg("output"), nb::arg("offset"),
        nb::arg("stride"), nb::arg("dilation"), nb::arg("boundary"), nb::arg("level"), nb::arg("threads"),
        "output = sum over terms of the passes by their factors, one for each axis. Whether all of it is finite.");
}

}  // namespace faltung
