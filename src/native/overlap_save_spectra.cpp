// Spectra of kernels, one kernel in each lane.
#include "overlap_save.hpp"
#include "power_of_two.hpp"
#include "transform.hpp"

namespace faltung::FALTUNG_LEVEL {
namespace {

// Where a tap stands so that the product of polynomials is a correlation: at −k. A real tile wraps
// with the opposite sign along its last axis, and keeps its second half as imaginary parts.
struct Place {
    std::ptrdiff_t number;  // twice the point, one more for an imaginary part
    int sign;
};

template <class T>
Place place_of(const TapsView<T>& view, std::ptrdiff_t tap) {
    std::ptrdiff_t point = 0, inner = 1;
    int sign = 1, part = 0;
    for (int axis = view.axes - 1; axis >= 0; --axis) {
        const std::ptrdiff_t k = tap % view.shape[axis], samples = view.samples[axis];
        tap /= view.shape[axis];
        std::ptrdiff_t at = k == 0 ? 0 : samples - k, extent = samples;
        if (view.is_real && axis == view.axes - 1) {
            extent = samples / 2;
            sign = k == 0 ? 1 : -1;
            part = at >= extent ? 1 : 0;
            at -= part * extent;
        }
        point += at * inner;
        inner *= extent;
    }
    return {2 * point + part, sign};
}

template <class T>
void transform_lanes(const TapsView<T>& view, Vector<T>* points) {
    const std::ptrdiff_t numbers = 2 * static_cast<std::ptrdiff_t>(view.points);
    const std::ptrdiff_t parts = view.is_real ? 1 : 2, apart = view.count * parts;
    for (std::ptrdiff_t i = 0; i < numbers; ++i) points[i] = Vector<T>{};
    T* values = reinterpret_cast<T*>(points);
    for (std::ptrdiff_t tap = 0; tap < view.count; ++tap) {
        const Place place = place_of(view, tap);
        for (std::ptrdiff_t part = 0; part < parts; ++part)
            for (std::ptrdiff_t l = 0; l < view.kernels; ++l) {
                const T value = view.taps[l * apart + tap * parts + part];
                values[(place.number + part) * lanes<T> + l] = place.sign > 0 ? value : -value;
            }
    }
    Vector<T> down = broadcast(T{1}), down_again = down;
    for (std::ptrdiff_t l = 0; l < view.kernels; ++l) {
        const PowerOfTwo<T> factor(-view.exponents[l]);
        down[l] = factor.first;
        down_again[l] = factor.second;
    }
    for (std::ptrdiff_t i = 0; i < numbers; ++i) points[i] = points[i] * down * down_again;
    transform<T>(points, view.stages, 0);
    const Vector<T> share = broadcast(static_cast<T>(1.0 / view.points));
    for (std::ptrdiff_t i = 0; i < numbers; ++i) points[i] *= share;
}

}  // namespace

void transform_kernels(const TapsView<float>& view, void* points) {
    transform_lanes(view, static_cast<Vector<float>*>(points));
}

void transform_kernels(const TapsView<double>& view, void* points) {
    transform_lanes(view, static_cast<Vector<double>*>(points));
}

}  // namespace faltung::FALTUNG_LEVEL
