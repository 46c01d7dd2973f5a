// Cyclic correlation by complex Fourier transforms, one transform in each lane.
//
// Radix-4 decimation in frequency forward, the product with the kernel's spectrum at the
// recursion's end, radix-4 decimation in time back: each sub-transform goes there and back
// while it lies in the cache, and nothing is ever put into order, because the spectrum is kept
// in the same (digit-reversed) order. The accuracy is derived in docs/accuracy-fft.md.
//
// A transform of n points lies in `points`: real parts at even, imaginary parts at odd places.
// `twiddles` holds for each size, largest first, w, w², w³ (real, imaginary) of w = e^(-2πik/n)
// for k < n/4.
#pragma once

#include "simd.hpp"

namespace faltung::FALTUNG_LEVEL {

template <class T>
struct Complex {
    Vector<T> re, im;
};

template <class T>
[[gnu::always_inline]] inline Complex<T> read(const Vector<T>* points, int k) {
    return {points[2 * k], points[2 * k + 1]};
}

template <class T>
[[gnu::always_inline]] inline Complex<T> read_once(const Vector<T>* points, int k) {
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
[[gnu::always_inline]] inline Complex<T> times_minus_i(Complex<T> z) {
    return {z.im, -z.re};
}

// z · w for one w = (re, im) in every lane
template <class T>
[[gnu::always_inline]] inline Complex<T> times(Complex<T> z, const T* w) {
    const Vector<T> re = broadcast(w[0]), im = broadcast(w[1]);
    return {multiply_add<T>(z.re, re, -(z.im * im)), multiply_add<T>(z.re, im, z.im * re)};
}

// z · conj(w)
template <class T>
[[gnu::always_inline]] inline Complex<T> times_conjugate(Complex<T> z, const T* w) {
    const Vector<T> re = broadcast(w[0]), im = broadcast(w[1]);
    return {multiply_add<T>(z.re, re, z.im * im), multiply_add<T>(z.im, re, -(z.re * im))};
}

// The four-point transform: frequency j comes to lie in place j.
template <class T>
struct Four {
    Complex<T> z0, z1, z2, z3;
};

template <class T>
[[gnu::always_inline]] inline Four<T> forward4(Four<T> x) {
    const Complex<T> even = x.z0 + x.z2, odd = x.z1 + x.z3;
    const Complex<T> even_difference = x.z0 - x.z2, turned = times_minus_i(x.z1 - x.z3);
    return {even + odd, even_difference + turned, even - odd, even_difference - turned};
}

template <class T>
[[gnu::always_inline]] inline Four<T> backward4(Four<T> x) {
    const Complex<T> even = x.z0 + x.z2, odd = x.z1 + x.z3;
    const Complex<T> even_difference = x.z0 - x.z2, turned = times_minus_i(x.z1 - x.z3);
    return {even + odd, even_difference - turned, even - odd, even_difference + turned};
}

// One butterfly of a stage. Sixteen registers just hold it in the order written here, which is
// the compiler's too.
template <class T>
[[gnu::always_inline]] inline void forward_butterfly(Vector<T>* points, int k, int quarter, const T* twiddles) {
    const Complex<T> z0 = read_once<T>(points, k), z2 = read_once<T>(points, k + 2 * quarter);
    const Complex<T> even = z0 + z2, even_difference = z0 - z2;
    const Complex<T> z1 = read_once<T>(points, k + quarter), z3 = read_once<T>(points, k + 3 * quarter);
    const Complex<T> odd = z1 + z3, turned = times_minus_i(z1 - z3);
    write<T>(points, k, even + odd);
    write<T>(points, k + quarter, times(even_difference + turned, twiddles));
    write<T>(points, k + 2 * quarter, times(even - odd, twiddles + 2));
    write<T>(points, k + 3 * quarter, times(even_difference - turned, twiddles + 4));
}

template <class T>
[[gnu::always_inline]] inline void backward_butterfly(Vector<T>* points, int k, int quarter, const T* twiddles) {
    const Complex<T> z1 = times_conjugate(read_once<T>(points, k + quarter), twiddles);
    const Complex<T> z3 = times_conjugate(read_once<T>(points, k + 3 * quarter), twiddles + 4);
    const Complex<T> odd = z1 + z3, turned = times_minus_i(z1 - z3);
    const Complex<T> z2 = times_conjugate(read_once<T>(points, k + 2 * quarter), twiddles + 2);
    const Complex<T> z0 = read_once<T>(points, k);
    const Complex<T> even = z0 + z2, even_difference = z0 - z2;
    write<T>(points, k, even + odd);
    write<T>(points, k + 2 * quarter, even - odd);
    write<T>(points, k + quarter, even_difference - turned);
    write<T>(points, k + 3 * quarter, even_difference + turned);
}

// Four points: there, product, back, all in registers.
template <class T>
[[gnu::always_inline]] inline void correlate4(Vector<T>* points, const T* spectrum) {
    const Four<T> y = forward4<T>({read_once<T>(points, 0), read_once<T>(points, 1), read_once<T>(points, 2),
                                   read_once<T>(points, 3)});
    const Four<T> z = backward4<T>({times(y.z0, spectrum), times(y.z1, spectrum + 2), times(y.z2, spectrum + 4),
                                    times(y.z3, spectrum + 6)});
    write<T>(points, 0, z.z0);
    write<T>(points, 1, z.z1);
    write<T>(points, 2, z.z2);
    write<T>(points, 3, z.z3);
}

// Eight points, where the length is an odd power of two: one radix-2 stage around two fours.
template <class T>
[[gnu::always_inline]] inline void correlate8(Vector<T>* points, const T* spectrum) {
    constexpr T h = static_cast<T>(0.707106781186547524400844362104849039L);
    static constexpr T twiddles[8] = {1, 0, h, -h, 0, -1, -h, -h};
    for (int k = 0; k < 4; ++k) {
        const Complex<T> a = read<T>(points, k), b = read<T>(points, k + 4);
        write<T>(points, k, a + b);
        write<T>(points, k + 4, times(a - b, twiddles + 2 * k));
    }
    correlate4(points, spectrum);
    correlate4(points + 8, spectrum + 8);
    for (int k = 0; k < 4; ++k) {
        const Complex<T> a = read<T>(points, k);
        const Complex<T> b = times_conjugate(read<T>(points, k + 4), twiddles + 2 * k);
        write<T>(points, k, a + b);
        write<T>(points, k + 4, a - b);
    }
}

// Sixteen points: both stages of four unrolled, so that they overlap.
template <class T>
void correlate16(Vector<T>* points, const T* twiddles, const T* spectrum) {
#pragma GCC unroll 4
    for (int k = 0; k < 4; ++k) forward_butterfly(points, k, 4, twiddles + 6 * k);
    for (int j = 0; j < 4; ++j) correlate4(points + 8 * j, spectrum + 8 * j);
#pragma GCC unroll 4
    for (int k = 0; k < 4; ++k) backward_butterfly(points, k, 4, twiddles + 6 * k);
}

// points becomes its cyclic correlation with the kernel of `spectrum` (scaled by 1/length).
template <class T>
void correlate(Vector<T>* points, int length, const T* twiddles, const T* spectrum) {
    if (length == 16) return correlate16(points, twiddles, spectrum);
    if (length == 8) return correlate8(points, spectrum);
    const int quarter = length / 4;
    for (int k = 0; k < quarter; ++k) forward_butterfly(points, k, quarter, twiddles + 6 * k);
    for (int j = 0; j < 4; ++j)
        correlate(points + 2 * j * quarter, quarter, twiddles + 6 * quarter, spectrum + 2 * j * quarter);
    for (int k = 0; k < quarter; ++k) backward_butterfly(points, k, quarter, twiddles + 6 * k);
}

}  // namespace faltung::FALTUNG_LEVEL
