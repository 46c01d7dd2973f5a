#include "tiny.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <new>
#include <utility>

#include "direct.hpp"
#include "numpy_array.hpp"

namespace faltung {
namespace {

// Up to here the call itself costs more than any other algorithm could save.
constexpr std::ptrdiff_t most_products = 8192;
constexpr std::ptrdiff_t most_taps = 90;  // most_products of a kernel no longer than its input

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

bool is_vector(const ArrayView& view) {
    return view.exact && view.dimensions == 1 && view.contiguous && view.aligned && view.parts == 1 &&
           (view.element == Element::float32 || view.element == Element::float64) && view.shape[0] > 0;
}

bool are_tiny(const ArrayView& input, const ArrayView& kernel) {
    return is_vector(input) && is_vector(kernel) && input.element == kernel.element &&
           kernel.shape[0] <= std::min(input.shape[0], most_taps) &&
           input.shape[0] <= most_products / kernel.shape[0];
}

Axis make_axis(std::ptrdiff_t samples, std::ptrdiff_t taps, std::ptrdiff_t size, Mode mode) {
    Axis axis;
    axis.length = samples;
    axis.step = size;
    axis.taps = taps;
    axis.outputs = mode == Mode::full   ? samples + taps - 1
                   : mode == Mode::same ? samples
                                        : samples - taps + 1;
    axis.offset = mode == Mode::full ? 1 - taps : mode == Mode::same ? -(taps / 2) : 0;
    return axis;
}

template <class T>
PyObject* convolve(const ArrayView& input, const ArrayView& kernel, Mode mode, bool correlate, Level level) {
    const std::ptrdiff_t count = kernel.shape[0];
    const T* const given = reinterpret_cast<const T*>(kernel.data);
    if (!std::all_of(given, given + count, [](T tap) { return std::isfinite(tap); })) Py_RETURN_NONE;
    std::array<T, most_taps> taps;
    std::copy(given, given + count, taps.begin());
    if (!correlate) std::reverse(taps.begin(), taps.begin() + count);
    const Axis axis = make_axis(input.shape[0], count, sizeof(T), mode);
    PyObject* const result = new_vector(input.element, axis.outputs);
    ArrayView output;
    if (result == nullptr || !view_array(result, output)) return result;
    try {
        const DirectCall<T> call{{input.data, input.element, 1},
                                 {reinterpret_cast<const std::byte*>(taps.data()), 1},
                                 {output.data, output.element, 1},
                                 {axis},
                                 false,
                                 {},
                                 level};
        if (direct(call, 1, [] { return false; })) return result;
    } catch (const std::bad_alloc&) {
        PyErr_NoMemory();
    }
    Py_DECREF(result);
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
