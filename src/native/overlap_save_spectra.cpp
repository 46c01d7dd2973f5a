// Spectra of kernels: one kernel in each lane, or the parts of one.
#include <algorithm>

#include "overlap_save.hpp"
#include "power_of_two.hpp"
#include "transform.hpp"

namespace faltung::FALTUNG_LEVEL {
namespace {

// A tap k stands at origin − k, so that the product of polynomials is a correlation; at a sample
// before the first if that is negative.
inline int reflected(std::ptrdiff_t k, std::ptrdiff_t origin, int samples) {
    return static_cast<int>(k <= origin ? origin - k : samples + origin - k);
}

// The row of the tile that a row of taps stands in.
template <class T>
int row_of(const TapsView<T>& view, std::ptrdiff_t taps_row) {
    int row = 0, rows = 1;
    for (int axis = view.axes - 2; axis >= 0; --axis) {
        row += reflected(taps_row % view.shape[axis], view.origin[axis], view.samples[axis]) * rows;
        taps_row /= view.shape[axis];
        rows *= view.samples[axis];
    }
    return row;
}

// Taps that stand one before the other, from a place on, in one part of a row.
struct Run {
    std::ptrdiff_t place, length;
    int part;
    bool imaginary, negated;
};

// The run of a row's taps that begins with tap k. A real tile wraps with the opposite sign along its
// last axis, and keeps its second half as imaginary parts.
template <class T>
Run run_of(const TapsView<T>& view, std::ptrdiff_t k, std::ptrdiff_t count) {
    const int samples = view.samples[view.axes - 1], half = samples / 2;
    const std::ptrdiff_t origin = view.origin[view.axes - 1];
    const int at = reflected(k, origin, samples);
    Run run{};
    run.negated = view.is_real && k > origin;
    run.imaginary = view.is_real && at >= half;
    run.place = run.imaginary ? at - half : at;
    if (view.parts > 1) run.part = static_cast<int>(run.place / view.row_points);
    run.place -= static_cast<std::ptrdiff_t>(run.part) * view.row_points;
    run.length = std::min(run.place + 1, count - k);
    return run;
}

// Puts the kernels' taps of one row into their lanes.
template <class T>
void place_row(const TapsView<T>& view, std::ptrdiff_t first, std::ptrdiff_t count, int row, T* values) {
    const int numbers = view.is_real ? 1 : 2;
    const std::ptrdiff_t apart = view.count * numbers;
    for (std::ptrdiff_t k = 0; k < count;) {
        const Run run = run_of(view, k, count);
        const std::ptrdiff_t point = static_cast<std::ptrdiff_t>(row) * view.row_pitch + run.place;
        const T sign = run.negated ? T{-1} : T{1}, *taps = view.taps + (first + k) * numbers;
        T* to = values + (2 * point + (run.imaginary ? 1 : 0)) * lanes<T> + run.part;
        for (std::ptrdiff_t l = 0; l < view.kernels; ++l)
            for (std::ptrdiff_t j = 0; j < run.length; ++j)
                for (int i = 0; i < numbers; ++i)
                    to[(i - 2 * j) * lanes<T> + l] = sign * taps[l * apart + j * numbers + i];
        k += run.length;
    }
}

template <class T>
void transform_lanes(const TapsView<T>& view, Vector<T>* points) {
    const std::ptrdiff_t numbers = 2 * static_cast<std::ptrdiff_t>(view.points), along = view.shape[view.axes - 1];
    for (std::ptrdiff_t i = 0; i < numbers; ++i) points[i] = Vector<T>{};
    for (std::ptrdiff_t row = 0; row < view.count / along; ++row)
        place_row(view, row * along, along, row_of(view, row), reinterpret_cast<T*>(points));
    Vector<T> down = broadcast(T{1}), down_again = down;
    for (std::ptrdiff_t l = 0; l < lanes<T>; ++l) {
        const PowerOfTwo<T> factor(-view.exponents[std::min(l, view.kernels - 1)]);
        down[l] = factor.first;
        down_again[l] = factor.second;
    }
    for (std::ptrdiff_t i = 0; i < numbers; ++i) points[i] = points[i] * down * down_again;
    if (view.parts > 1) {
        split(points, view.points, view.splitting, false);
        transform<PerLane<T>, T>(points, view.stages, 0);
    } else {
        transform<Shared<T>, T>(points, view.stages, 0);
    }
    const Vector<T> share = broadcast(static_cast<T>(1.0 / (view.points / view.row_pitch * view.row_points) / view.parts));
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
