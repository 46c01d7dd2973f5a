// A kernel's spectrum and the roots of unity, computed once per kernel.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "overlap_save.hpp"

namespace faltung {
namespace {

struct Root {
    double re, im;
};

Root operator*(Root a, Root b) {
    return {std::fma(a.re, b.re, -(a.im * b.im)), std::fma(a.re, b.im, a.im * b.re)};
}

Root operator+(Root a, Root b) { return {a.re + b.re, a.im + b.im}; }
Root operator-(Root a, Root b) { return {a.re - b.re, a.im - b.im}; }

// e^(-2πi k/n), n a multiple of 8. Only angles up to π/4 are given to sine and cosine, in the
// widest type, so that rounding to double is correct but for rare double rounding (80-bit
// long double: half an ulp and 2^-11 of one).
Root root(int k, int n) {
    const int octant = static_cast<int>(8LL * k / n);
    const int within = k - octant * (n / 8);
    const bool mirrored = octant % 2 != 0;  // odd octants are measured back from their end
    const long double angle = 2 * std::numbers::pi_v<long double> * (mirrored ? n / 8 - within : within) / n;
    const auto near = static_cast<double>(std::cos(angle)), far = static_cast<double>(std::sin(angle));
    switch (octant % 8) {
        case 0: return {near, -far};
        case 1: return {far, -near};
        case 2: return {-far, -near};
        case 3: return {-near, -far};
        case 4: return {-near, far};
        case 5: return {-far, near};
        case 6: return {far, near};
        default: return {near, far};
    }
}

std::vector<Root> roots_of_unity(int n) {
    std::vector<Root> roots(static_cast<std::size_t>(n));
    for (int k = 0; k < n; ++k) roots[static_cast<std::size_t>(k)] = root(k, n);
    return roots;
}

// Sizes that the recursion of transform.hpp visits above its ends of 4 or 8 points.
template <class T>
std::vector<T> stage_twiddles(const std::vector<Root>& roots) {
    const auto length = static_cast<int>(roots.size());
    std::vector<T> twiddles;
    for (int n = length; n > 8; n /= 4)
        for (int k = 0; k < n / 4; ++k)
            for (int power = 1; power <= 3; ++power) {
                const Root w = roots[static_cast<std::size_t>(power * k) * static_cast<std::size_t>(length / n)];
                twiddles.push_back(static_cast<T>(w.re));
                twiddles.push_back(static_cast<T>(w.im));
            }
    return twiddles;
}

// The forward half of transform.hpp's recursion for one sequence: same stages, same order.
// Roots of size n are every `step`-th of `roots`.
void transform(Root* z, int n, const Root* roots, int step) {
    if (n == 1) return;
    if (n == 8) {
        for (int k = 0; k < 4; ++k) {
            const Root a = z[k], b = z[k + 4];
            z[k] = a + b;
            z[k + 4] = (a - b) * roots[k * step];
        }
        transform(z, 4, roots, 2 * step);
        transform(z + 4, 4, roots, 2 * step);
        return;
    }
    const int quarter = n / 4;
    for (int k = 0; k < quarter; ++k) {
        const Root a = z[k], b = z[k + quarter], c = z[k + 2 * quarter], d = z[k + 3 * quarter];
        const Root even = a + c, odd = b + d, difference = a - c, turned{b.im - d.im, d.re - b.re};
        z[k] = even + odd;
        z[k + quarter] = (difference + turned) * roots[k * step];
        z[k + 2 * quarter] = (even - odd) * roots[2 * k * step];
        z[k + 3 * quarter] = (difference - turned) * roots[3 * k * step];
    }
    for (int j = 0; j < 4; ++j) transform(z + j * quarter, quarter, roots, 4 * step);
}

// The least e with Σ|w| < 2^e, found without overflow.
template <class T>
int sum_exponent(const std::vector<T>& taps) {
    double largest = 0;
    for (const T tap : taps) largest = std::max(largest, std::abs(static_cast<double>(tap)));
    if (largest == 0) return 0;
    const int top = std::ilogb(largest);
    double sum = 0;
    for (const T tap : taps) sum += std::ldexp(std::abs(static_cast<double>(tap)), -top);
    return top + std::ilogb(sum) + 1;
}

// Correlation: the spectrum of w(-k mod n). Scaled by a power of two, hence exactly, by 1/n and
// to a Σ|w| near 1 if that is extreme.
template <class T>
std::vector<T> spectrum_of(const std::vector<T>& taps, const std::vector<Root>& roots, int exponent) {
    const auto length = static_cast<int>(roots.size());
    std::vector<Root> z(roots.size(), Root{0, 0});
    for (std::size_t k = 0; k < taps.size(); ++k)
        z[(roots.size() - k) % roots.size()].re = std::ldexp(static_cast<double>(taps[k]), -exponent);
    transform(z.data(), length, roots.data(), 1);
    std::vector<T> spectrum;
    spectrum.reserve(2 * roots.size());
    for (const Root value : z) {
        spectrum.push_back(static_cast<T>(value.re / length));
        spectrum.push_back(static_cast<T>(value.im / length));
    }
    return spectrum;
}

}  // namespace

template <class T>
BlockFilter<T>::BlockFilter(const T* kernel, int count, int block_length)
    : taps(kernel, kernel + count), length(block_length), spectrum_exponent(0), sum_exponent(0) {
    sum_exponent = faltung::sum_exponent(taps);
    if (std::abs(sum_exponent) > moderate_exponent<T>) spectrum_exponent = sum_exponent;
    const std::vector<Root> roots = roots_of_unity(length);
    twiddles = stage_twiddles<T>(roots);
    spectrum = spectrum_of(taps, roots, spectrum_exponent);
}

template struct BlockFilter<float>;
template struct BlockFilter<double>;

}  // namespace faltung
