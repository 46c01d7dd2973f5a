// Conversion loops between arrays and scratch. Loads and stores go through memcpy: elements of
// an array need not be aligned.
#pragma once

#include <cstring>
#include <type_traits>

#include "direct_kernel.hpp"
#include "simd.hpp"

namespace faltung::FALTUNG_LEVEL {

template <class T, class Source>
inline T read_one(const std::byte* from) {
    if constexpr (std::is_same_v<Source, bool>) {
        return static_cast<T>(*from != std::byte{0});  // NumPy's bytes may hold other than 0 and 1
    } else {
        Source value;
        std::memcpy(&value, from, sizeof value);
        return static_cast<T>(value);
    }
}

template <class T, class Source>
void read_run(const std::byte* from, std::ptrdiff_t step, T* to, std::ptrdiff_t count) {
    constexpr std::ptrdiff_t size = sizeof(Source);
    if (std::is_same_v<T, Source> && step == size)
        std::memcpy(to, from, static_cast<std::size_t>(count * size));
    else if (step == size)  // a constant step lets the compiler use vectors
        for (std::ptrdiff_t i = 0; i < count; ++i) to[i] = read_one<T, Source>(from + i * size);
    else
        for (std::ptrdiff_t i = 0; i < count; ++i) to[i] = read_one<T, Source>(from + i * step);
}

template <class T, class Source>
void read_picked(const std::byte* from, const std::ptrdiff_t* offsets, T fill, T* to, std::ptrdiff_t count) {
    for (std::ptrdiff_t i = 0; i < count; ++i)
        to[i] = offsets[i] == absent ? fill : read_one<T, Source>(from + offsets[i]);
}

template <class T, class Destination>
void write_run(const T* from, std::byte* to, std::ptrdiff_t step, std::ptrdiff_t count) {
    constexpr std::ptrdiff_t size = sizeof(Destination);
    if (std::is_same_v<T, Destination> && step == size) {
        std::memcpy(to, from, static_cast<std::size_t>(count * size));
        return;
    }
    for (std::ptrdiff_t i = 0; i < count; ++i) {
        const auto value = static_cast<Destination>(from[i]);
        std::memcpy(to + i * step, &value, sizeof value);
    }
}

template <class T, class Source>
Reader<T> reader_of() {
    if constexpr (std::is_integral_v<T> && !std::is_integral_v<Source>)
        return {nullptr, nullptr};
    else
        return {read_run<T, Source>, read_picked<T, Source>};
}

template <class T>
Reader<T> reader(Element source) {
    switch (source) {
        case Element::boolean: return reader_of<T, bool>();
        case Element::int8: return reader_of<T, std::int8_t>();
        case Element::int16: return reader_of<T, std::int16_t>();
        case Element::int32: return reader_of<T, std::int32_t>();
        case Element::int64: return reader_of<T, std::int64_t>();
        case Element::uint8: return reader_of<T, std::uint8_t>();
        case Element::uint16: return reader_of<T, std::uint16_t>();
        case Element::uint32: return reader_of<T, std::uint32_t>();
        case Element::uint64: return reader_of<T, std::uint64_t>();
        case Element::float16: return reader_of<T, _Float16>();
        case Element::float32: return reader_of<T, float>();
        case Element::float64: return reader_of<T, double>();
    }
    return {nullptr, nullptr};
}

template <class T>
Writer<T> writer(Element destination) {
    if (destination == Element::int64) return write_run<T, std::int64_t>;
    if (destination == Element::uint64) return write_run<T, std::uint64_t>;
    if constexpr (std::is_same_v<T, float>) {
        if (destination == Element::float16) return write_run<float, _Float16>;
        if (destination == Element::float32) return write_run<float, float>;
    } else if constexpr (std::is_same_v<T, double>) {
        if (destination == Element::float64) return write_run<double, double>;
    }
    return nullptr;
}

}  // namespace faltung::FALTUNG_LEVEL
