// What a chain of passes compiles for each instruction set.
#pragma once

#include <cstddef>
#include <cstdint>

#include "dispatch.hpp"

namespace faltung {

// output[r][j] = sum over k of samples[r + k][j] * taps[k], with taps[k] = taps[count - 1 - k]: the
// two samples of a pair are added before they are multiplied, which halves the products. Each
// output's sum runs from the ends to the middle.
template <class T>
struct MirroredSum {
    const T* taps;
    std::ptrdiff_t count;  // at least 2
    const T* samples;
    std::ptrdiff_t pitch;
    T* output;
    std::ptrdiff_t output_pitch;
    std::ptrdiff_t rows, columns;  // at least one tile
};

template <class T>
struct ChainKernel {
    std::ptrdiff_t tile_rows, tile_columns;
    void (*sum_mirrored)(const MirroredSum<T>& sum);
    bool (*all_finite)(const T* values, std::ptrdiff_t count);
};

#ifdef FALTUNG_X86
namespace v2 {
template <class T>
const ChainKernel<T>& chain_kernel();
}
namespace v3 {
template <class T>
const ChainKernel<T>& chain_kernel();
}
namespace v4 {
template <class T>
const ChainKernel<T>& chain_kernel();
}
#else
namespace baseline {
template <class T>
const ChainKernel<T>& chain_kernel();
}
#endif

template <class T>
const ChainKernel<T>& chain_kernel_for(Level level) {
    return FALTUNG_DISPATCH(level, chain_kernel<T>());
}

}  // namespace faltung
