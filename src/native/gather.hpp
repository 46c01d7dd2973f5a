// Samples of any type and stride, continued beyond the line's ends, as contiguous numbers.
#pragma once

#include <algorithm>
#include <cstring>

#include "overlap_save.hpp"

namespace faltung::FALTUNG_LEVEL {

// A boolean is a byte, of which NumPy may hold other values than 0 and 1.
struct Truth {
    unsigned char byte;
    template <class T>
    explicit operator T() const { return static_cast<T>(byte != 0); }
};

template <class From, class T>
void convert_as(const std::byte* from, std::ptrdiff_t stride, std::ptrdiff_t count, T* to) {
    for (std::ptrdiff_t i = 0; i < count; ++i) {
        From value;
        std::memcpy(&value, from + i * stride, sizeof value);
        to[i] = static_cast<T>(value);
    }
}

// Contiguous samples have a stride that the compiler knows, so that it can vectorise.
template <class From, class T>
void convert_from(const std::byte* from, std::ptrdiff_t stride, std::ptrdiff_t count, T* to) {
    if (stride == static_cast<std::ptrdiff_t>(sizeof(From)))
        convert_as<From>(from, sizeof(From), count, to);
    else
        convert_as<From>(from, stride, count, to);
}

template <class T>
void convert(Element element, const std::byte* from, std::ptrdiff_t stride, std::ptrdiff_t count, T* to) {
    switch (element) {
        case Element::boolean: return convert_from<Truth>(from, stride, count, to);
        case Element::uint8: return convert_from<std::uint8_t>(from, stride, count, to);
        case Element::uint16: return convert_from<std::uint16_t>(from, stride, count, to);
        case Element::uint32: return convert_from<std::uint32_t>(from, stride, count, to);
        case Element::uint64: return convert_from<std::uint64_t>(from, stride, count, to);
        case Element::int8: return convert_from<std::int8_t>(from, stride, count, to);
        case Element::int16: return convert_from<std::int16_t>(from, stride, count, to);
        case Element::int32: return convert_from<std::int32_t>(from, stride, count, to);
        case Element::int64: return convert_from<std::int64_t>(from, stride, count, to);
        case Element::float16: return convert_from<_Float16>(from, stride, count, to);
        case Element::float32: return convert_from<float>(from, stride, count, to);
        case Element::float64: return convert_from<double>(from, stride, count, to);
    }
}

// Samples position … position + count − 1 of the continued line that begins at `line`.
template <class T>
void gather(Element element, const TileAxis& axis, T fill, const std::byte* line, std::ptrdiff_t position,
            std::ptrdiff_t count, T* to) {
    const std::ptrdiff_t n = axis.input_length, stride = axis.input_stride, end = position + count;
    while (position < end) {
        std::ptrdiff_t here = 1;
        if (position >= 0 && position < n) {
            here = std::min(end, n) - position;
            convert(element, line + position * stride, stride, here, to);
        } else if (axis.boundary == Boundary::constant || n == 0) {
            here = (position < 0 ? std::min(end, std::ptrdiff_t{0}) : end) - position;
            std::fill_n(to, here, fill);
        } else {
            convert(element, line + source_index(axis.boundary, position, n) * stride, stride, 1, to);
        }
        position += here;
        to += here;
    }
}

}  // namespace faltung::FALTUNG_LEVEL
