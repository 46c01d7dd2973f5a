// Overlap-save: a correlation cut into tiles that short cyclic correlations compute.
//
//     y[b, f, p] = Σ_k x̃[b, c, p + offset + k] · w[f, k]        c = f / (filters in a channel)
//
// Along an axis a tile of N samples yields N − K + 1 outputs; along an axis on which the kernel has
// length 1, one. A group, what the lanes of a vector hold, is one task: tiles of one kernel, one tile
// of each of several kernels, or the parts of one tile. The problem's shape and the tile's fix the
// groups, so neither the number of threads nor the memory layout can change a bit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "boundary.hpp"
#include "dispatch.hpp"
#include "element.hpp"
#include "threads.hpp"
#include "transform_stages.hpp"

namespace faltung {

// Samples and kernels below 2^moderate_exponent and not far below its inverse are transformed as
// they are: no step can overflow or lose digits to underflow. Others are scaled first.
template <class T>
inline constexpr int moderate_exponent = sizeof(T) == 4 ? 32 : 256;

// What the lanes of a vector hold: tiles of one kernel, of several kernels, or parts of one tile.
enum class Hold : int { tiles, kernels, parts };

struct Free {
    void operator()(void* memory) const;
};

// Vectors of any width: lines of the cache are 64 bytes, so are the widest vectors.
using Aligned = std::unique_ptr<void, Free>;
[[nodiscard]] Aligned allocate_aligned(std::size_t bytes);

// Kernels, (filters, *shape), and their spectra, which the first run computes. Complex numbers are
// pairs of T.
template <class T>
class Kernels {
public:
    // Extents of the kernels along the transformed axes, none longer than the tile; and which output
    // stands at each tile's first sample.
    Kernels(std::shared_ptr<const Transform<T>> transform, const T* taps, std::ptrdiff_t filters,
            std::vector<std::ptrdiff_t> shape, std::vector<std::ptrdiff_t> origin, Hold hold, Level level);

    [[nodiscard]] bool transform_once(int threads, const Interrupted& interrupted) const;

    const Transform<T>& transform() const { return *transform_; }
    const std::vector<std::ptrdiff_t>& shape() const { return shape_; }
    std::ptrdiff_t filters() const { return filters_; }
    Hold hold() const { return hold_; }
    Level level() const { return level_; }
    const T* spectra() const { return static_cast<const T*>(spectra_.get()); }
    const int* exponents() const { return exponents_.data(); }

private:
    bool compute(int threads, const Interrupted& interrupted) const;

    std::shared_ptr<const Transform<T>> transform_;
    std::ptrdiff_t filters_;
    std::vector<std::ptrdiff_t> shape_, origin_;
    Hold hold_;
    Level level_;
    std::vector<int> exponents_;  // 0 unless a kernel's size is extreme
    mutable std::vector<T> taps_;
    mutable Aligned spectra_;  // of w · 2^-exponent over the number of points, in the stages' order
    mutable std::mutex computing_;
    mutable bool computed_ = false;
};

// One axis of space.
struct TileAxis {
    std::ptrdiff_t input_length, input_stride;  // in bytes
    Boundary boundary;
    std::ptrdiff_t offset;
    std::ptrdiff_t output_length, output_stride;  // in numbers of the computation's type
    std::ptrdiff_t samples, outputs;              // of a tile
    std::ptrdiff_t tiles() const { return output_length / outputs + (output_length % outputs != 0); }
};

inline constexpr int most_axes = 64;

// What to correlate: a view of the input, and the contiguous output.
template <class T>
struct Tiles {
    const std::byte* input;
    Element element;
    T fill[2];  // real and imaginary part
    T* output;
    std::ptrdiff_t batch, filters, filters_in_channel;
    std::ptrdiff_t input_batch_stride, input_channel_stride;    // in bytes
    std::ptrdiff_t output_batch_stride, output_filter_stride;  // in numbers
    const TileAxis* axes;
    int rank;
    int row_axis;                                  // the last transformed axis: tiles are made of rows along it
    std::ptrdiff_t row_points, row_pitch;          // of a tile, and to its next row
    std::ptrdiff_t part_positions;                 // between the parts in neighbouring lanes: 0 for whole tiles
    std::ptrdiff_t imaginary_bytes, imaginary_positions;  // from a real to the imaginary part of a point: input
    std::ptrdiff_t imaginary_numbers;                     // output

    std::ptrdiff_t instances() const;  // tiles of each filter, all batches'
};

// Computes every output but those of the tiles that hold NaN or infinity, whose `left_out` is set:
// one for each filter, batch and tile. False if interrupted.
template <class T>
[[nodiscard]] bool overlap_save(const Kernels<T>& kernels, const Tiles<T>& tiles, int threads,
                                const Interrupted& interrupted, unsigned char* left_out);

// What the instruction sets' code sees of Kernels: no standard-library code is compiled for each.
template <class T>
struct SpectraView {
    const Stage<T>*stages, *splitting;
    int points;
    Hold hold;
    const T* spectra;
    const int* exponents;
};

template <class T>
struct TapsView {
    const Stage<T>*stages, *splitting;
    const int* samples;
    bool is_real;
    int axes, points, row_points, row_pitch, parts;
    const std::ptrdiff_t *shape, *origin;
    std::ptrdiff_t count;  // taps of a kernel
    const T* taps;
    std::ptrdiff_t kernels;  // up to one in each lane, or one
    const int* exponents;
};

// In each instruction set's namespace:
//   vector_bytes()                                            the width of its vectors
//   transform_kernels(taps, points)                           spectra in lanes (overlap_save_spectra.cpp)
//   overlap_save_group(spectra, tiles, group, points, left)   (overlap_save_kernel.cpp)
// `points` has room for 2 · points vectors.
#define FALTUNG_DECLARE_OVERLAP_SAVE(level)                                                              \
    namespace level {                                                                                    \
    int vector_bytes();                                                                                  \
    void transform_kernels(const TapsView<float>&, void*);                                               \
    void transform_kernels(const TapsView<double>&, void*);                                              \
    void overlap_save_group(const SpectraView<float>&, const Tiles<float>&, std::ptrdiff_t, void*,       \
                            unsigned char*);                                                             \
    void overlap_save_group(const SpectraView<double>&, const Tiles<double>&, std::ptrdiff_t, void*,     \
                            unsigned char*);                                                             \
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
