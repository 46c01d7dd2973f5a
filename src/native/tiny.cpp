#include "tiny.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <new>
#include <numeric>
#include <utility>
#include <vector>

#include "direct.hpp"
#include "numpy_array.hpp"

namespace faltung {
namespace {

// Up to here the call itself costs more than any other algorithm could save.
constexpr std::ptrdiff_t most_taps = 65;
constexpr std::ptrdiff_t most_products = 7 << 14;

enum class Mode { full, same, valid };

// False if it is none.
bool read_mode(PyObject* word, Mode& mode) {
    if (!PyUnicode_CheckExact(word)) return false;
    constexpr std::pair<const char*, Mode> words[] = {
        {"full", Mode::full}, {"same", Mode::same}, {"valid", Mode::valid}};
    for (const auto& [text, meant] : words) {
        mode = meant;
        if (PyUnicode_CompareWithASCIIString(word, text) == 0) return true;
    }
    return false;
}

// Identity, which no user's value can trip over: == of an array is an array.
bool are_same(PyObject* one, PyObject* other) {
    if (!PyTuple_CheckExact(one) || !PyTuple_CheckExact(other)) return false;
    const Py_ssize_t count = PyTuple_GET_SIZE(one);
    if (count != PyTuple_GET_SIZE(other)) return false;
    for (Py_ssize_t i = 0; i < count; ++i)
        if (PyTuple_GET_ITEM(one, i) != PyTuple_GET_ITEM(other, i)) return false;
    return true;
}

std::ptrdiff_t size_of(const ArrayView& view) {
    return std::accumulate(view.shape, view.shape + view.dimensions, std::ptrdiff_t{1}, std::multiplies<>());
}

bool is_plain(const ArrayView& view) {
    return view.exact && view.dimensions > 0 && view.contiguous && view.aligned && view.parts == 1 &&
           (view.element == Element::float32 || view.element == Element::float64) && size_of(view) > 0;
}

// Whether both are plain, the kernel fits into the input along every axis, and products are few.
bool are_tiny(const ArrayView& input, const ArrayView& kernel) {
    if (!is_plain(input) || !is_plain(kernel) || input.element != kernel.element) return false;
    if (input.dimensions != kernel.dimensions) return false;
    for (int axis = 0; axis < input.dimensions; ++axis)
        if (kernel.shape[axis] > input.shape[axis]) return false;
    const std::ptrdiff_t taps = size_of(kernel);
    return taps <= most_taps && size_of(input) <= most_products / taps;
}

Axis make_axis(std::ptrdiff_t samples, std::ptrdiff_t taps, std::ptrdiff_t step, Mode mode) {
    Axis axis;
    axis.length = samples;
    axis.step = step;
    axis.taps = taps;
    axis.outputs = mode == Mode::full   ? samples + taps - 1
                   : mode == Mode::same ? samples
                                        : samples - taps + 1;
    axis.offset = mode == Mode::full ? 1 - taps : mode == Mode::same ? -(taps / 2) : 0;
    return axis;
}

template <class T>
PyObject* convolve(const ArrayView& input, const ArrayView& kernel, Mode mode, bool correlate, Level level) {
    const std::ptrdiff_t count = size_of(kernel);
    const T* const given = reinterpret_cast<const T*>(kernel.data);
    if (!std::all_of(given, given + count, [](T tap) { return std::isfinite(tap); })) Py_RETURN_NONE;
    std::array<T, most_taps> taps;
    std::copy(given, given + count, taps.begin());
    if (!correlate) std::reverse(taps.begin(), taps.begin() + count);
    PyObject* result = nullptr;
    try {
        std::vector<Axis> axes;
        std::vector<std::ptrdiff_t> shape;
        for (int i = 0; i < input.dimensions; ++i) {
            axes.push_back(make_axis(input.shape[i], kernel.shape[i], input.strides[i], mode));
            shape.push_back(axes.back().outputs);
        }
        result = new_array(input.element, shape);
        ArrayView output;
        if (result == nullptr || !view_array(result, output)) return result;
        const DirectCall<T> call{{input.data, input.element, 1},
                                 {reinterpret_cast<const std::byte*>(taps.data()), 1},
                                 {output.data, output.element, 1},
                                 std::move(axes),
                                 false,
                                 {},
                                 level};
        if (direct(call, 1, [] { return false; })) return result;
    } catch (const std::bad_alloc&) {
        PyErr_NoMemory();
    } catch (const std::exception& problem) {
        PyErr_SetString(PyExc_RuntimeError, problem.what());
    }
    Py_XDECREF(result);
    return nullptr;
}

}  // namespace

PyObject* tiny(PyObject* input, PyObject* kernel, PyObject* word, PyObject* said, PyObject* defaults,
               bool correlate, Level level) {
    ArrayView x, w;
    Mode mode;
    if (!are_same(said, defaults) || !read_mode(word, mode)) Py_RETURN_NONE;
    if (!view_array(input, x) || !view_array(kernel, w) || !are_tiny(x, w)) Py_RETURN_NONE;
    return x.element == Element::float32 ? convolve<float>(x, w, mode, correlate, level)
                                         : convolve<double>(x, w, mode, correlate, level);
}

}  // namespace faltung
