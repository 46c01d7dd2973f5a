// Overlap-save: a long correlation along one axis, cut into blocks that short cyclic
// correlations compute.
//
//     y[p] = Σ_{k<K} x̃[p + offset + k] · w[k]      on every line along the axis
//
// A block of N samples yields S = N − K + 1 outputs. One group of blocks, two in each lane of a
// vector (as real and imaginary part), is one task: the problem's shape and N fix the groups,
// so neither the number of threads nor the memory layout can change a bit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "boundary.hpp"
#include "dispatch.hpp"
#include "element.hpp"
#include "threads.hpp"

namespace faltung {

inline constexpr int shortest_block = 16;
inline constexpr int longest_block = 1 << 24;

// Samples and kernels below 2^moderate_exponent and not far below its inverse are transformed as
// they are: no step can overflow or lose digits to underflow. Others are scaled first.
template <class T>
inline constexpr int moderate_exponent = sizeof(T) == 4 ? 32 : 256;

// A kernel prepared for blocks of one length. Immutable once built.
template <class T>
struct BlockFilter {
    std::vector<T> taps;
    int length;               // samples in a block, a power of two
    std::vector<T> twiddles;  // as transform.hpp wants them
    std::vector<T> spectrum;  // of w · 2^-spectrum_exponent, over length, in digit-reversed order
    int spectrum_exponent;    // 0 unless the kernel's size is extreme
    int sum_exponent;         // Σ|w| < 2^sum_exponent

    BlockFilter(const T* kernel, int count, int block_length);
};

// What to correlate: a view of the input, strides in bytes, and the contiguous output.
template <class T>
struct Lines {
    const std::byte* input;
    Element element;
    const std::ptrdiff_t* shape;
    const std::ptrdiff_t* strides;
    int rank;
    int axis;
    std::ptrdiff_t offset;
    Boundary boundary;
    T fill;
    T* output;
    std::ptrdiff_t output_length;  // along the axis

    // Derived by `count_blocks`: lines are (outer, inner), dimensions before and after the axis.
    std::ptrdiff_t inner = 1;
    std::ptrdiff_t blocks_in_line = 0;
    std::ptrdiff_t block_count = 0;

    void count_blocks(std::ptrdiff_t outputs_in_block);
};

// What the kernels see of a BlockFilter: no standard-library code is compiled per instruction set.
template <class T>
struct FilterView {
    const T* taps;
    int count;
    int length;
    const T* twiddles;
    const T* spectrum;
    int spectrum_exponent;
    int sum_exponent;
};

// Computes every output. False if interrupted.
template <class T>
[[nodiscard]] bool overlap_save(const BlockFilter<T>& filter, Lines<T> lines, Level level, int threads,
                                const Interrupted& interrupted);

// In each instruction set's namespace (overlap_save_kernel.cpp):
//   vector_bytes()                                     the width of its vectors
//   overlap_save_group(filter, lines, group, scratch)  one group of 2 · vector_bytes / sizeof(T)
//                                                      blocks; scratch: 2 · length vectors
#define FALTUNG_DECLARE_OVERLAP_SAVE(level)                                                           \
    namespace level {                                                                                 \
    int vector_bytes();                                                                               \
    void overlap_save_group(const FilterView<float>&, const Lines<float>&, std::ptrdiff_t, void*);    \
    void overlap_save_group(const FilterView<double>&, const Lines<double>&, std::ptrdiff_t, void*);  \
    }
#ifdef FALTUNG_X86
FALTUNG_DECLARE_OVERLAP_SAVE(v2)
FALTUNG_DECLARE_OVERLAP_SAVE(v3)
FALTUNG_DECLARE_OVERLAP_SAVE(v4)
#else
FALTUNG_DECLARE_OVERLAP_SAVE(baseline)
#endif
#undef FALTUNG_DECLARE_OVERLAP_SAVE

}  // namespace faltung
