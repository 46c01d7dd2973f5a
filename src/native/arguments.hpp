// Checking what Python hands to the sums along axes.
#pragma once

#include <nanobind/nanobind.h>

#include <vector>

#include "direct_geometry.hpp"
#include "numpy_array.hpp"

namespace faltung {

using Integers = std::vector<std::ptrdiff_t>;

// Keeps every position, and every product of two of these, far from overflow.
inline constexpr std::ptrdiff_t most = std::ptrdiff_t{1} << 30;

// One of each for each axis.
struct Parameters {
    const Integers &offset, &stride, &dilation, &boundary;
};

// ValueError unless the condition holds.
void require(bool condition, const char* message);
void require_one_for_each_axis(const Parameters& given, int dimensions);

[[nodiscard]] ArrayView view_of(nanobind::handle object, const char* what);
[[nodiscard]] bool is_empty(const ArrayView& view);
// Elements from one entry of an axis to the next.
[[nodiscard]] std::ptrdiff_t element_step(const ArrayView& view, int axis);
[[nodiscard]] Axis make_axis(const ArrayView& input, std::ptrdiff_t taps, const ArrayView& output,
                             const Parameters& given, std::size_t i);
[[nodiscard]] Level check_level(int level);

// Whether a Python signal handler raised; takes the GIL.
[[nodiscard]] bool signals_pending();

}  // namespace faltung
