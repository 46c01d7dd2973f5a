// The border between Winograd's blocks, compiled once, and its transforms, compiled for each
// instruction set. The products between the transforms are the channel product's register tile.
//
// F(m, 3) gives m outputs of a line from m + 2 samples by m + 2 products instead of 3 m: samples,
// taps and outputs are values, at as many points, of polynomials whose product is sought (Toom
// and Cook; Winograd 1980). Along two axes the transforms are taken one after the other.
#pragma once

#include <cstddef>

#include "dispatch.hpp"

namespace faltung {

// Samples are lifted by this before they are transformed, and outputs lowered, so that the smallest
// numbers lose no digits on the way.
inline constexpr float lift = 0x1p24F;

struct WinogradKernel {
    int outputs, points;  // along one axis
    // Nine taps of `width` filters, channel by channel, become the values at each point of the
    // plane: those of point i from to + i * apart on, channel by channel.
    void (*transform_taps)(const float* taps, std::ptrdiff_t channels, int width, float* to, std::ptrdiff_t apart);
    // `points` lines of `outputs * count` samples, of which a tile begins at every outputs-th and ends
    // in the next one, become the values of each tile at each point of the plane. `count`: whole
    // vectors. `scratch` holds as many floats as the lines, and one more.
    void (*transform_samples)(const float* lines, std::ptrdiff_t line_apart, std::ptrdiff_t count, float* scratch,
                              float* to, std::ptrdiff_t apart);
    // The values at each point, for `width` filters of `count` tiles one after another, become
    // `outputs` lines of outputs, each with these filters. Whether all of them are finite.
    bool (*transform_sums)(const float* sums, std::ptrdiff_t apart, int width, std::ptrdiff_t count, float* to,
                           std::ptrdiff_t line_apart);
};

#ifdef FALTUNG_X86
namespace v2 {
const WinogradKernel& winograd_kernel(int outputs);
}
namespace v3 {
const WinogradKernel& winograd_kernel(int outputs);
}
namespace v4 {
const WinogradKernel& winograd_kernel(int outputs);
}
#else
namespace baseline {
const WinogradKernel& winograd_kernel(int outputs);
}
#endif

// Outputs of a tile along one axis: 2 or 4.
inline const WinogradKernel& winograd_kernel_for(Level level, int outputs) {
    return FALTUNG_DISPATCH(level, winograd_kernel(outputs));
}

}  // namespace faltung
