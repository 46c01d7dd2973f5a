// Exact scaling: numbers too large or too small to transform as they are.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

namespace faltung::FALTUNG_LEVEL {

// The least e with |value| < 2^e, kept where 2^-e has a reciprocal; 0 for 0.
template <class T>
inline int exponent_above(T value) {
    if (value == 0) return 0;
    return std::max(std::ilogb(static_cast<double>(value)) + 1, std::numeric_limits<T>::min_exponent);
}

template <class T>
inline T power_of_two(int exponent) {
    return static_cast<T>(std::ldexp(1.0, exponent));
}

// 2^exponent as two factors: the exponents of a product of two numbers reach beyond one.
template <class T>
struct PowerOfTwo {
    T first = 1, second = 1;

    PowerOfTwo() = default;
    explicit PowerOfTwo(int exponent) {
        constexpr int least = std::numeric_limits<T>::min_exponent, most = std::numeric_limits<T>::max_exponent - 1;
        const int half = std::clamp(exponent, least, most);
        first = power_of_two<T>(half);
        second = power_of_two<T>(std::clamp(exponent - half, least, most));
    }
};

}  // namespace faltung::FALTUNG_LEVEL
