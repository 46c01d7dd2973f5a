// What one look at a kernel's values tells of them.
#pragma once

#include <cstddef>

#include "element.hpp"

namespace faltung {

struct KernelFacts {
    bool finite = true;
    // Of finite real kernels alone.
    bool nonnegative = true, constant = true;
    // Each equals its flip.
    bool symmetric = true;
};

// Of so many kernels of so many taps, all contiguous, at any alignment; a complex tap has two
// parts. Not for float16.
[[nodiscard]] KernelFacts kernel_facts(const std::byte* data, Element element, int parts, std::ptrdiff_t kernels,
                                       std::ptrdiff_t taps);

}  // namespace faltung
