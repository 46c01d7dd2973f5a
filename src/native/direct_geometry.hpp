// Which samples an output reads: the correlation sum's parameters on each axis, and the cut of
// the outputs into blocks.
#pragma once

#include <cstddef>
#include <vector>

#include "boundary.hpp"
#include "direct_kernel.hpp"

namespace faltung {

inline std::ptrdiff_t round_up(std::ptrdiff_t value, std::ptrdiff_t unit) {
    return (value + unit - 1) / unit * unit;
}

// Rows a multiple of this apart meet in the same few places of the first-level cache.
inline bool rows_collide(std::ptrdiff_t bytes_apart) { return bytes_apart % 2048 == 0; }

// How many such rows are read where they lie all the same. Measured: as many as the cache has ways, if
// these are twelve; with eight, copying the rows of any kernel costs less.
std::ptrdiff_t most_colliding_rows();

// Output p reads positions stride * p + offset + dilation * k, for k in [0, taps).
struct Axis {
    std::ptrdiff_t taps = 1, outputs = 1, offset = 0, stride = 1, dilation = 1;
    Boundary boundary = Boundary::constant;
    std::ptrdiff_t length = 1;  // samples
    std::ptrdiff_t step = 0;    // bytes from one sample to the next
    // A batch axis merged into this one: every sample is `inner` elements, `inner_step` bytes apart.
    std::ptrdiff_t inner = 1, inner_step = 0;

    [[nodiscard]] std::ptrdiff_t first_position(std::ptrdiff_t output) const {
        return stride * output + offset;
    }
    [[nodiscard]] std::ptrdiff_t reach() const { return dilation * (taps - 1); }
    [[nodiscard]] std::ptrdiff_t positions() const { return length * inner; }

    // Byte offset of the sample that a position reads, or `absent`.
    [[nodiscard]] std::ptrdiff_t byte_offset(std::ptrdiff_t position) const;
    // Whether neighbouring positions inside the axis are the same number of bytes apart: this many.
    [[nodiscard]] bool uniform() const { return inner == 1 || step == inner * inner_step; }
    [[nodiscard]] std::ptrdiff_t position_step() const { return inner == 1 ? step : inner_step; }

    // Whether outputs first..first+count-1 read only positions within the axis.
    [[nodiscard]] bool interior(std::ptrdiff_t first, std::ptrdiff_t count) const {
        const std::ptrdiff_t low = first_position(first);
        return low >= 0 && low + stride * (count - 1) + reach() < positions();
    }
    // Every position is a sample of its own: one tap, nothing skipped, nothing beyond the edges.
    [[nodiscard]] bool is_batch() const {
        return taps == 1 && offset == 0 && stride == 1 && inner == 1 && outputs == length;
    }
};

// The last two axes are cut into blocks; the leading ones are walked through one output at a time.
struct Geometry {
    std::vector<Axis> leading;
    Axis row, column;
    std::ptrdiff_t leading_outputs = 1, leading_taps = 1;
    // A kernel of one row has no rows to share loads between: it runs along the line.
    [[nodiscard]] bool along_line() const { return row.taps == 1; }
};

// From one entry for each axis, all of them checked; at least one. `tile_columns`: a last batch
// axis narrower than this is merged into the axis before it.
Geometry make_geometry(std::vector<Axis> axes, std::ptrdiff_t tile_columns);

// How an axis is cut: piece i is [edges[i], edges[i + 1]).
using Cuts = std::vector<std::ptrdiff_t>;

// Pieces of at most about `piece` outputs. With `edges_apart`, outputs that read beyond the edges
// are cut off in pieces that are whole tiles, so that the interior can be read in place.
Cuts cut(const Axis& axis, std::ptrdiff_t tile, std::ptrdiff_t piece, bool edges_apart);

}  // namespace faltung
