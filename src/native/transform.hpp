// Transforms of tiles of any number of axes, one tile in each lane, and correlation by them.
//
// The stages of transform_stages.hpp, each a pass of butterflies whose roots are the same at every
// point. Forward and back are fused in one recursion: each part goes there, meets the kernel's
// spectrum and comes back while it lies in the cache, and nothing is ever put into order, because
// the spectrum is kept in the same order. The accuracy is derived in docs/accuracy-fft.md.
//
// Points lie in C order, real parts at even, imaginary parts at odd places.
#pragma once

#include <algorithm>

#include "simd.hpp"
#include "transform_stages.hpp"
#include "transpose.hpp"

namespace faltung::FALTUNG_LEVEL {

// Columns of an axis are transformed together: what half of the nearest cache holds.
inline constexpr int nearest_cache = 24 << 10, least_columns = 2;

template <class T>
struct Complex {
    Vector<T> re, im;
};

template <class T>
[[gnu::always_inline]] inline Complex<T> read(const Vector<T>* points, int k) {
    return {in_register<T>(points[2 * k]), in_register<T>(points[2 * k + 1])};
}

template <class T>
[[gnu::always_inline]] inline void write(Vector<T>* points, int k, Complex<T> z) {
    points[2 * k] = z.re;
    points[2 * k + 1] = z.im;
}

template <class T>
[[gnu::always_inline]] inline Complex<T> operator+(Complex<T> a, Complex<T> b) {
    return {a.re + b.re, a.im + b.im};
}

template <class T>
[[gnu::always_inline]] inline Complex<T> operator-(Complex<T> a, Complex<T> b) {
    return {a.re - b.re, a.im - b.im};
}

template <class T>
[[gnu::always_inline]] inline Complex<T> times_i(Complex<T> z) {
    return {-z.im, z.re};
}

template <class T>
[[gnu::always_inline]] inline Complex<T> times(Complex<T> z, Complex<T> w) {
    return {multiply_add<T>(z.re, w.re, -(z.im * w.im)), multiply_add<T>(z.re, w.im, z.im * w.re)};
}

// z · conj(w)
template <class T>
[[gnu::always_inline]] inline Complex<T> times_conjugate(Complex<T> z, Complex<T> w) {
    return {multiply_add<T>(z.re, w.re, z.im * w.im), multiply_add<T>(z.im, w.re, -(z.re * w.im))};
}

// Complex numbers, roots or a spectrum: the same in all lanes, or others in each.
template <class T>
struct Shared {
    const T* values;
    [[gnu::always_inline]] Complex<T> at(int k) const { return {broadcast(values[2 * k]), broadcast(values[2 * k + 1])}; }
    Shared from(std::ptrdiff_t k) const { return {values + 2 * k}; }
};

template <class T>
struct PerLane {
    const T* values;
    [[gnu::always_inline]] Complex<T> at(int k) const {
        return {load(values + 2 * k * lanes<T>), load(values + (2 * k + 1) * lanes<T>)};
    }
    PerLane from(std::ptrdiff_t k) const { return {values + 2 * k * lanes<T>}; }
};

// z_l for l < R of a polynomial's parts become Σ_l z_l r^l e^(2πikl/R) for k < R, and back, times R.

template <class T, class Roots>
[[gnu::always_inline]] inline void forward4(Vector<T>* points, int k, int distance, Roots roots) {
    const Complex<T> z0 = read<T>(points, k), z2 = times(read<T>(points, k + 2 * distance), roots.at(1));
    const Complex<T> even = z0 + z2, even_difference = z0 - z2;
    const Complex<T> z1 = times(read<T>(points, k + distance), roots.at(0));
    const Complex<T> z3 = times(read<T>(points, k + 3 * distance), roots.at(2));
    const Complex<T> odd = z1 + z3, turned = times_i(z1 - z3);
    write<T>(points, k, even + odd);
    write<T>(points, k + distance, even_difference + turned);
    write<T>(points, k + 2 * distance, even - odd);
    write<T>(points, k + 3 * distance, even_difference - turned);
}

template <class T, class Roots>
[[gnu::always_inline]] inline void backward4(Vector<T>* points, int k, int distance, Roots roots) {
    const Complex<T> y0 = read<T>(points, k), y2 = read<T>(points, k + 2 * distance);
    const Complex<T> even = y0 + y2, even_difference = y0 - y2;
    const Complex<T> y1 = read<T>(points, k + distance), y3 = read<T>(points, k + 3 * distance);
    const Complex<T> odd = y1 + y3, turned = times_i(y1 - y3);
    write<T>(points, k, even + odd);
    write<T>(points, k + distance, times_conjugate(even_difference - turned, roots.at(0)));
    write<T>(points, k + 2 * distance, times_conjugate(even - odd, roots.at(1)));
    write<T>(points, k + 3 * distance, times_conjugate(even_difference + turned, roots.at(2)));
}

template <class T, class Roots>
[[gnu::always_inline]] inline void forward2(Vector<T>* points, int k, int distance, Roots roots) {
    const Complex<T> z0 = read<T>(points, k), z1 = times(read<T>(points, k + distance), roots.at(0));
    write<T>(points, k, z0 + z1);
    write<T>(points, k + distance, z0 - z1);
}

template <class T, class Roots>
[[gnu::always_inline]] inline void backward2(Vector<T>* points, int k, int distance, Roots roots) {
    const Complex<T> y0 = read<T>(points, k), y1 = read<T>(points, k + distance);
    write<T>(points, k, y0 + y1);
    write<T>(points, k + distance, times_conjugate(y0 - y1, roots.at(0)));
}

template <class T>
inline constexpr T sine_of_third = static_cast<T>(0.866025403784438646763723170752936183L);

// The three-point transform of z0, z1, z2: `sum` is its first value, the others are middle ± turned.
template <class T>
struct Three {
    Complex<T> sum, middle, turned;
};

template <class T>
[[gnu::always_inline]] inline Three<T> three(Complex<T> z0, Complex<T> z1, Complex<T> z2) {
    const Vector<T> half = broadcast(T{-0.5}), sine = broadcast(sine_of_third<T>);
    const Complex<T> both = z1 + z2, difference = z1 - z2;
    const Complex<T> middle{multiply_add<T>(both.re, half, z0.re), multiply_add<T>(both.im, half, z0.im)};
    return {z0 + both, middle, times_i(Complex<T>{difference.re * sine, difference.im * sine})};
}

template <class T, class Roots>
[[gnu::always_inline]] inline void forward3(Vector<T>* points, int k, int distance, Roots roots) {
    const Three<T> y = three(read<T>(points, k), times(read<T>(points, k + distance), roots.at(0)),
                             times(read<T>(points, k + 2 * distance), roots.at(1)));
    write<T>(points, k, y.sum);
    write<T>(points, k + distance, y.middle + y.turned);
    write<T>(points, k + 2 * distance, y.middle - y.turned);
}

template <class T, class Roots>
[[gnu::always_inline]] inline void backward3(Vector<T>* points, int k, int distance, Roots roots) {
    const Three<T> z = three(read<T>(points, k), read<T>(points, k + distance), read<T>(points, k + 2 * distance));
    write<T>(points, k, z.sum);
    write<T>(points, k + distance, times_conjugate(z.middle - z.turned, roots.at(0)));
    write<T>(points, k + 2 * distance, times_conjugate(z.middle + z.turned, roots.at(1)));
}

template <class Roots, class T>
inline Roots roots_of(const Stage<T>& stage, int node) {
    return Roots{stage.roots}.from((stage.radix - 1) * static_cast<std::ptrdiff_t>(node));
}

// The places of a stage's butterflies: all, or `width` columns of an axis.
struct Columns {
    int step, width;
};

template <class T>
inline Columns all_of(const Stage<T>& stage) {
    return {stage.distance, stage.distance};
}

[[gnu::always_inline]] inline void each(int distance, Columns columns, auto butterfly) {
    for (int first = 0; first < distance; first += columns.step)
        for (int k = first; k < first + columns.width; ++k) butterfly(k);
}

template <class Roots, class T>
void forward(Vector<T>* points, const Stage<T>& stage, int node, Columns columns) {
    const Roots roots = roots_of<Roots>(stage, node);
    const int distance = stage.distance;
    if (stage.radix == 4)
        each(distance, columns, [=](int k) { forward4<T>(points, k, distance, roots); });
    else if (stage.radix == 3)
        each(distance, columns, [=](int k) { forward3<T>(points, k, distance, roots); });
    else
        each(distance, columns, [=](int k) { forward2<T>(points, k, distance, roots); });
}

template <class Roots, class T>
void backward(Vector<T>* points, const Stage<T>& stage, int node, Columns columns) {
    const Roots roots = roots_of<Roots>(stage, node);
    const int distance = stage.distance;
    if (stage.radix == 4)
        each(distance, columns, [=](int k) { backward4<T>(points, k, distance, roots); });
    else if (stage.radix == 3)
        each(distance, columns, [=](int k) { backward3<T>(points, k, distance, roots); });
    else
        each(distance, columns, [=](int k) { backward2<T>(points, k, distance, roots); });
}

// The last stage of an axis: the next begins another axis, at its first node.
inline bool ends_axis(const auto& stage) { return stage.distance == stage.inner; }

inline int child(const auto& stage, int node, int k) { return ends_axis(stage) ? 0 : node * stage.radix + k; }

// points become their spectrum.
template <class Roots, class T>
void transform(Vector<T>* points, const Stage<T>* stage, int node) {
    forward<Roots, T>(points, *stage, node, all_of(*stage));
    if (stage->distance == 1) return;
    for (int k = 0; k < stage->radix; ++k)
        transform<Roots, T>(points + 2 * k * stage->distance, stage + 1, child(*stage, node, k));
}

// And back, times their number.
template <class Roots, class T>
void transform_back(Vector<T>* points, const Stage<T>* stage, int node) {
    if (stage->distance > 1)
        for (int k = 0; k < stage->radix; ++k)
            transform_back<Roots, T>(points + 2 * k * stage->distance, stage + 1, child(*stage, node, k));
    backward<Roots, T>(points, *stage, node, all_of(*stage));
}

// Four points: there, product, back, all in registers.
template <class T, class Roots, class Spectrum>
[[gnu::always_inline]] inline void correlate4(Vector<T>* points, Spectrum spectrum, Roots roots) {
    const Complex<T> r = roots.at(0), r2 = roots.at(1), r3 = roots.at(2);
    Complex<T> z0 = read<T>(points, 0), z1 = times(read<T>(points, 1), r);
    Complex<T> z2 = times(read<T>(points, 2), r2), z3 = times(read<T>(points, 3), r3);
    Complex<T> even = z0 + z2, even_difference = z0 - z2, odd = z1 + z3, turned = times_i(z1 - z3);
    z0 = times(even + odd, spectrum.at(0));
    z1 = times(even_difference + turned, spectrum.at(1));
    z2 = times(even - odd, spectrum.at(2));
    z3 = times(even_difference - turned, spectrum.at(3));
    even = z0 + z2, even_difference = z0 - z2, odd = z1 + z3, turned = times_i(z1 - z3);
    write<T>(points, 0, even + odd);
    write<T>(points, 1, times_conjugate(even_difference - turned, r));
    write<T>(points, 2, times_conjugate(even - odd, r2));
    write<T>(points, 3, times_conjugate(even_difference + turned, r3));
}

// Sixteen points: both stages of four unrolled, so that they overlap.
template <class T, class Roots, class Spectrum>
void correlate16(Vector<T>* points, Spectrum spectrum, Roots roots, Roots next_roots) {
#pragma GCC unroll 4
    for (int k = 0; k < 4; ++k) forward4<T>(points, k, 4, roots);
    for (int j = 0; j < 4; ++j) correlate4<T>(points + 8 * j, spectrum.from(4 * j), next_roots.from(3 * j));
#pragma GCC unroll 4
    for (int k = 0; k < 4; ++k) backward4<T>(points, k, 4, roots);
}

// Some columns of an axis become their spectra along it, and back.
template <class Roots, class T>
void transform_columns(Vector<T>* points, const Stage<T>* stage, int node, int width) {
    forward<Roots, T>(points, *stage, node, {stage->inner, width});
    if (ends_axis(*stage)) return;
    for (int k = 0; k < stage->radix; ++k)
        transform_columns<Roots, T>(points + 2 * k * stage->distance, stage + 1, child(*stage, node, k), width);
}

template <class Roots, class T>
void transform_columns_back(Vector<T>* points, const Stage<T>* stage, int node, int width) {
    if (!ends_axis(*stage))
        for (int k = 0; k < stage->radix; ++k)
            transform_columns_back<Roots, T>(points + 2 * k * stage->distance, stage + 1, child(*stage, node, k), width);
    backward<Roots, T>(points, *stage, node, {stage->inner, width});
}

template <class Roots, class T, class Spectrum>
void correlate(Vector<T>* points, Spectrum spectrum, const Stage<T>* stage, int node);

// An axis before the last: as many columns at a time as lie in the nearest cache.
template <class Roots, class T, class Spectrum>
void correlate_columns(Vector<T>* points, Spectrum spectrum, const Stage<T>* stage) {
    const int inner = stage->inner, length = stage->radix * (stage->distance / inner), columns = stage->columns;
    const int width = std::max(nearest_cache / (length * 2 * FALTUNG_VECTOR_BYTES), least_columns);
    const Stage<T>* next = stage;
    while (!ends_axis(*next)) ++next;
    for (int k = 0; k < columns; k += width)
        transform_columns<Roots, T>(points + 2 * k, stage, 0, std::min(width, columns - k));
    for (int i = 0; i < length; ++i)
        correlate<Roots, T>(points + 2 * i * inner, spectrum.from(i * inner), next + 1, 0);
    for (int k = 0; k < columns; k += width)
        transform_columns_back<Roots, T>(points + 2 * k, stage, 0, std::min(width, columns - k));
}

// points become their correlation with the kernel of the spectrum.
template <class Roots, class T, class Spectrum>
void correlate(Vector<T>* points, Spectrum spectrum, const Stage<T>* stage, int node) {
    if (stage->inner > 1) return correlate_columns<Roots, T>(points, spectrum, stage);
    if (stage->distance == 1) return correlate4<T>(points, spectrum, roots_of<Roots>(*stage, node));
    if (stage->distance == 4 && stage->radix == 4)
        return correlate16<T>(points, spectrum, roots_of<Roots>(*stage, node), roots_of<Roots>(stage[1], 4 * node));
    forward<Roots, T>(points, *stage, node, all_of(*stage));
    for (int k = 0; k < stage->radix; ++k)
        correlate<Roots, T>(points + 2 * k * stage->distance, spectrum.from(k * stage->distance), stage + 1,
                            child(*stage, node, k));
    backward<Roots, T>(points, *stage, node, all_of(*stage));
}

// One tile whose parts, in order, lie in the lanes is split into polynomials, one in each lane; and
// back, times their number. A square of points at a time: its rows hold points of one part.
template <class T>
void split(Vector<T>* points, int count, const Stage<T>* splitting, bool back) {
    for (int first = 0; first < count; first += lanes<T>) {
        Vector<T> re[lanes<T>], im[lanes<T>], square[2 * lanes<T>];
        for (int k = 0; k < lanes<T>; ++k) {
            re[k] = points[2 * (first + k)];
            im[k] = points[2 * (first + k) + 1];
        }
        transpose<T>(re);
        transpose<T>(im);
        for (int k = 0; k < lanes<T>; ++k) write<T>(square, k, {re[k], im[k]});
        back ? transform_back<Shared<T>, T>(square, splitting, 0) : transform<Shared<T>, T>(square, splitting, 0);
        for (int k = 0; k < lanes<T>; ++k) {
            re[k] = square[2 * k];
            im[k] = square[2 * k + 1];
        }
        transpose<T>(re);
        transpose<T>(im);
        for (int k = 0; k < lanes<T>; ++k) write<T>(points, first + k, {re[k], im[k]});
    }
}

}  // namespace faltung::FALTUNG_LEVEL
