// Where a position beyond an axis's edges reads from: the same index map as
// faltung.meaning.boundary, against which it is tested.
#pragma once

#include <cstddef>

namespace faltung {

enum class Boundary : int { constant, edge, reflect, symmetric, wrap };

// The input index that `position` reads on an axis of length n > 0, or -1 where it reads no
// sample (constant).
inline std::ptrdiff_t source_index(Boundary boundary, std::ptrdiff_t position, std::ptrdiff_t n) {
    if (position >= 0 && position < n) return position;
    const auto modulo = [](std::ptrdiff_t a, std::ptrdiff_t b) { return ((a % b) + b) % b; };
    switch (boundary) {
        case Boundary::constant: return -1;
        case Boundary::edge: return position < 0 ? 0 : n - 1;
        case Boundary::wrap: return modulo(position, n);
        case Boundary::symmetric: {
            const std::ptrdiff_t i = modulo(position, 2 * n);
            return i < n ? i : 2 * n - 1 - i;
        }
        case Boundary::reflect: {
            if (n == 1) return 0;
            const std::ptrdiff_t i = modulo(position, 2 * n - 2);
            return i < n ? i : 2 * n - 2 - i;
        }
    }
    return -1;
}

}  // namespace faltung
