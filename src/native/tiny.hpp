// One call for two small arrays, without planning.
#pragma once

#include <Python.h>

#include "dispatch.hpp"

namespace faltung {

// The convolution or correlation of two arrays of native float32 or float64, with the bits of
// `direct`: a new array, Py_None if the operands are not of this kind, or null with an error set.
// Py_None, too, if an option that was said is not the very object that it is by default.
[[nodiscard]] PyObject* tiny(PyObject* input, PyObject* kernel, PyObject* mode, PyObject* said,
                             PyObject* defaults, bool correlate, Level level);

}  // namespace faltung
