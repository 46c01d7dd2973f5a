// NumPy arrays as the kernels take them. The only file behind this header that includes NumPy's.
#pragma once

#include <Python.h>

#include <cstddef>
#include <vector>

#include "element.hpp"

namespace faltung {

// Borrows everything from the array.
struct ArrayView {
    std::byte* data;
    Element element;
    int parts;  // 2: complex
    int dimensions;
    const std::ptrdiff_t* shape;
    const std::ptrdiff_t* strides;  // in bytes
    bool writable, contiguous, aligned;
    bool exact;  // not of a subclass
};

// To be called once, while the module is made; false with a Python error set.
[[nodiscard]] bool import_numpy();

// False if the object is no array, or one of a type or byte order that no kernel takes.
[[nodiscard]] bool view_array(PyObject* object, ArrayView& view);

// A new array with undefined contents, or null with a Python error set.
[[nodiscard]] PyObject* new_array(Element element, const std::vector<std::ptrdiff_t>& shape);

}  // namespace faltung
