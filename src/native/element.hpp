// The scalar types that arrays come in. A complex array is two interleaved arrays of its parts.
#pragma once

#include <cstddef>

namespace faltung {

enum class Element : int {
    boolean,
    int8,
    int16,
    int32,
    int64,
    uint8,
    uint16,
    uint32,
    uint64,
    float16,
    float32,
    float64
};

inline std::ptrdiff_t size_of(Element element) {
    switch (element) {
        case Element::boolean:
        case Element::int8:
        case Element::uint8: return 1;
        case Element::int16:
        case Element::uint16:
        case Element::float16: return 2;
        case Element::int32:
        case Element::uint32:
        case Element::float32: return 4;
        case Element::int64:
        case Element::uint64:
        case Element::float64: return 8;
    }
    return 0;
}

inline bool is_integer(Element element) { return element <= Element::uint64; }

}  // namespace faltung
