// The border between what is compiled once (blocks, copies, stretches) and what is compiled for each
// instruction set: sums whose lanes are taps that lie side by side.
#pragma once

#include <cstddef>

#include "direct_kernel.hpp"

namespace faltung {

// Vectors of products summed from zero. With the lanes, what compensation leaves and the parts of a
// sum, the rounding error stays below (128 + log2 n) units in the last place of the magnitudes' sum.
inline constexpr std::ptrdiff_t most_steps = 96;

// Taps side by side, where their samples lie side by side, too: the first one's weight from the
// filter's first, and its sample from the output's first.
struct Stretch {
    std::ptrdiff_t weight, sample, count;
};

// Where filters or outputs begin; memory may be read up to `end`.
template <class T>
struct Operands {
    const T* const* first;
    std::ptrdiff_t count;
    const T* end;
};

// The sum of filter f for output p at f * outputs + p, and what its rounding lost.
template <class T>
struct CompensatedSums {
    T *total, *lost;
};

template <class T>
struct InnerProductKernel {
    int lanes;
    // sums += those over all stretches, each filter with each output; at most `most_steps` vectors.
    void (*add_products)(const Stretch* stretches, std::ptrdiff_t count, const Operands<T>& filters,
                         const Operands<T>& outputs, const CompensatedSums<T>& sums);
};

#ifdef FALTUNG_X86
namespace v2 {
template <class T>
const InnerProductKernel<T>& inner_product_kernel();
}
namespace v3 {
template <class T>
const InnerProductKernel<T>& inner_product_kernel();
}
namespace v4 {
template <class T>
const InnerProductKernel<T>& inner_product_kernel();
}
#else
namespace baseline {
template <class T>
const InnerProductKernel<T>& inner_product_kernel();
}
#endif

template <class T>
const InnerProductKernel<T>& inner_product_kernel_for(Level level) {
    return FALTUNG_DISPATCH(level, inner_product_kernel<T>());
}

}  // namespace faltung
