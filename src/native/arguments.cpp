#include "arguments.hpp"

#include <algorithm>
#include <string>

namespace nb = nanobind;

namespace faltung {

void require(bool condition, const char* message) {
    if (!condition) throw nb::value_error(message);
}

void require_one_for_each_axis(const Parameters& given, int dimensions) {
    for (const Integers* list : {&given.offset, &given.stride, &given.dilation, &given.boundary})
        require(list->size() == static_cast<std::size_t>(dimensions),
                "one parameter for each axis is needed");
}

ArrayView view_of(nb::handle object, const char* what) {
    ArrayView view;
    if (!view_array(object.ptr(), view))
        throw nb::type_error((std::string(what) + " must be a NumPy array of a native numeric type").c_str());
    return view;
}

bool is_empty(const ArrayView& view) {
    return std::find(view.shape, view.shape + view.dimensions, 0) != view.shape + view.dimensions;
}

std::ptrdiff_t element_step(const ArrayView& view, int axis) {
    const std::ptrdiff_t size = size_of(view.element), step = view.strides[axis];
    require(step % size == 0, "strides must be whole elements");
    return step / size;
}

Axis make_axis(const ArrayView& input, std::ptrdiff_t taps, const ArrayView& output, const Parameters& given,
               std::size_t i) {
    Axis axis;
    axis.length = input.shape[i];
    axis.step = input.strides[i];
    axis.taps = taps;
    axis.outputs = output.shape[i];
    axis.offset = given.offset[i];
    axis.stride = given.stride[i];
    axis.dilation = given.dilation[i];
    axis.boundary = static_cast<Boundary>(given.boundary[i]);
    require(axis.length > 0, "an axis of the input is empty");
    require(axis.taps > 0, "an axis of the kernel is empty");
    require(given.boundary[i] >= 0 && given.boundary[i] <= static_cast<int>(Boundary::wrap),
            "unknown boundary");
    require(axis.stride > 0 && axis.stride < most, "stride out of range");
    require(axis.dilation > 0 && axis.dilation < most, "dilation out of range");
    require(axis.offset > -(most << 20) && axis.offset < most << 20, "offset out of range");
    require(axis.outputs < (most << 20) / axis.stride && axis.taps < (most << 20) / axis.dilation,
            "reach out of range");
    return axis;
}

Level check_level(int level) {
    require(level >= 0 && static_cast<std::size_t>(level) < level_names.size(), "unknown instruction set");
    require(supported(static_cast<Level>(level)), "this processor lacks the instruction set");
    return static_cast<Level>(level);
}

bool signals_pending() {
    const nb::gil_scoped_acquire gil;
    return PyErr_CheckSignals() != 0;
}

}  // namespace faltung
