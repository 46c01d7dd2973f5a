#include "kernel_facts.hpp"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace faltung {
namespace {

// As wide as the values, so that the loops below compare whole vectors.
template <class T>
using Flag = std::conditional_t<sizeof(T) == 1, std::uint8_t,
                                std::conditional_t<sizeof(T) == 2, std::uint16_t,
                                                   std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>>>;

template <class T>
class Values {
public:
    explicit Values(const std::byte* data) : data_(data) {}
    T operator[](std::ptrdiff_t i) const {
        T value;
        std::memcpy(&value, data_ + i * std::ptrdiff_t{sizeof(T)}, sizeof(T));
        return value;
    }

private:
    const std::byte* data_;
};

template <class T>
bool all_finite(const Values<T>& values, std::ptrdiff_t count) {
    if constexpr (std::is_integral_v<T>) return true;
    Flag<T> strange = 0;
    for (std::ptrdiff_t i = 0; i < count; ++i) strange |= static_cast<Flag<T>>(!std::isfinite(values[i]));
    return strange == 0;
}

template <class T>
bool any_negative(const Values<T>& values, std::ptrdiff_t count) {
    Flag<T> negative = 0;
    for (std::ptrdiff_t i = 0; i < count; ++i) negative |= static_cast<Flag<T>>(values[i] < T{0});
    return negative != 0;
}

template <class T>
bool all_equal(const Values<T>& values, std::ptrdiff_t count) {
    const T first = values[0];
    Flag<T> other = 0;
    for (std::ptrdiff_t i = 1; i < count; ++i) other |= static_cast<Flag<T>>(values[i] != first);
    return other == 0;
}

// A NaN is symmetric to nothing, not to itself either.
template <class T>
bool is_symmetric(const Values<T>& values, std::ptrdiff_t taps, int parts) {
    Flag<T> other = 0;
    for (std::ptrdiff_t i = 0; i < (taps + 1) / 2; ++i)
        for (int part = 0; part < parts; ++part)
            other |= static_cast<Flag<T>>(values[parts * i + part] != values[parts * (taps - 1 - i) + part]);
    return other == 0;
}

template <class T>
KernelFacts facts(const std::byte* data, int parts, std::ptrdiff_t kernels, std::ptrdiff_t taps) {
    const Values<T> values(data);
    const std::ptrdiff_t count = kernels * taps * parts;
    KernelFacts found;
    if (count == 0) return found;
    const bool real = parts == 1;
    found.finite = all_finite(values, count);
    found.nonnegative = real && found.finite && !any_negative(values, count);
    found.constant = real && found.finite && all_equal(values, count);
    for (std::ptrdiff_t kernel = 0; kernel < kernels && found.symmetric; ++kernel) {
        const std::ptrdiff_t first = kernel * taps * parts * std::ptrdiff_t{sizeof(T)};
        found.symmetric = is_symmetric(Values<T>(data + first), taps, parts);
    }
    return found;
}

}  // namespace

KernelFacts kernel_facts(const std::byte* data, Element element, int parts, std::ptrdiff_t kernels,
                         std::ptrdiff_t taps) {
    switch (element) {
        case Element::boolean:
        case Element::uint8: return facts<std::uint8_t>(data, parts, kernels, taps);
        case Element::int8: return facts<std::int8_t>(data, parts, kernels, taps);
        case Element::int16: return facts<std::int16_t>(data, parts, kernels, taps);
        case Element::int32: return facts<std::int32_t>(data, parts, kernels, taps);
        case Element::int64: return facts<std::int64_t>(data, parts, kernels, taps);
        case Element::uint16: return facts<std::uint16_t>(data, parts, kernels, taps);
        case Element::uint32: return facts<std::uint32_t>(data, parts, kernels, taps);
        case Element::uint64: return facts<std::uint64_t>(data, parts, kernels, taps);
        case Element::float32: return facts<float>(data, parts, kernels, taps);
        case Element::float64: return facts<double>(data, parts, kernels, taps);
        case Element::float16: break;
    }
    return {};
}

}  // namespace faltung
