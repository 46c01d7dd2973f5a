// One call for two small vectors, without planning.
#pragma once

#include <Python.h>

#include "dispatch.hpp"

namespace faltung {

enum class Mode : int { full, same, valid };

// The convolution or correlation of two vectors of native float32 or float64, with the bits of
// `direct`: a new array, Py_None if the operands are not of this kind, or null with an error set.
[[nodiscard]] PyObject* tiny(PyObject* input, PyObject* kernel, Mode mode, bool correlate, Level level);

}  // namespace faltung
