#include "numpy_array.hpp"

#define NPY_NO_DEPRECATED_API NPY_2_0_API_VERSION
#define NPY_TARGET_VERSION NPY_2_0_API_VERSION
#include <numpy/arrayobject.h>

namespace faltung {
namespace {

static_assert(sizeof(npy_intp) == sizeof(std::ptrdiff_t));

Element signed_of(std::size_t size) {
    return size == 1   ? Element::int8
           : size == 2 ? Element::int16
           : size == 4 ? Element::int32
                       : Element::int64;
}

Element unsigned_of(std::size_t size) {
    return size == 1   ? Element::uint8
           : size == 2 ? Element::uint16
           : size == 4 ? Element::uint32
                       : Element::uint64;
}

// Integers go by size: NumPy has more names for them than the machine has types.
bool read_type(PyArrayObject* array, ArrayView& view) {
    const int type = PyArray_TYPE(array);
    const auto size = static_cast<std::size_t>(PyArray_ITEMSIZE(array));
    view.parts = PyTypeNum_ISCOMPLEX(type) ? 2 : 1;
    if (PyTypeNum_ISBOOL(type))
        view.element = Element::boolean;
    else if (PyTypeNum_ISSIGNED(type))
        view.element = signed_of(size);
    else if (PyTypeNum_ISUNSIGNED(type))
        view.element = unsigned_of(size);
    else if (type == NPY_HALF)
        view.element = Element::float16;
    else if (type == NPY_FLOAT || type == NPY_CFLOAT)
        view.element = Element::float32;
    else if (type == NPY_DOUBLE || type == NPY_CDOUBLE)
        view.element = Element::float64;
    else
        return false;
    return PyArray_ISNOTSWAPPED(array);
}

int type_number(Element element) {
    return element == Element::float32 ? NPY_FLOAT : element == Element::float64 ? NPY_DOUBLE : NPY_NOTYPE;
}

}  // namespace

bool import_numpy() { return _import_array() == 0; }

bool view_array(PyObject* object, ArrayView& view) {
    if (!PyArray_Check(object)) return false;
    auto* const array = reinterpret_cast<PyArrayObject*>(object);
    if (!read_type(array, view)) return false;
    view.data = static_cast<std::byte*>(PyArray_DATA(array));
    view.dimensions = PyArray_NDIM(array);
    view.shape = PyArray_DIMS(array);
    view.strides = PyArray_STRIDES(array);
    view.writable = PyArray_ISWRITEABLE(array);
    view.contiguous = PyArray_IS_C_CONTIGUOUS(array);
    view.aligned = PyArray_ISALIGNED(array);
    view.exact = PyArray_CheckExact(object);
    return true;
}

PyObject* new_array(Element element, const std::vector<std::ptrdiff_t>& shape) {
    return PyArray_SimpleNew(static_cast<int>(shape.size()), const_cast<npy_intp*>(shape.data()),
                             type_number(element));
}

}  // namespace faltung
