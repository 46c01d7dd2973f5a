#include "direct_geometry.hpp"

#include <unistd.h>

#include <algorithm>
#include <utility>

namespace faltung {
namespace {

std::ptrdiff_t floor_divide(std::ptrdiff_t a, std::ptrdiff_t b) { return a / b - (a % b < 0 ? 1 : 0); }

// A narrow last batch axis (colour channels) would leave most of a tile empty, and one beside
// another batch axis only shortens the rows.
bool merges(const Axis& before, const Axis& last, std::ptrdiff_t tile_columns) {
    return last.is_batch() && before.stride == 1 && (last.length < tile_columns || before.taps == 1);
}

Axis merge(Axis axis, const Axis& last) {
    axis.inner = last.length;
    axis.inner_step = last.step;
    axis.outputs *= axis.inner;
    axis.offset *= axis.inner;
    axis.dilation *= axis.inner;
    return axis;
}

void append_pieces(Cuts& cuts, std::ptrdiff_t end, std::ptrdiff_t piece) {
    const std::ptrdiff_t start = cuts.back(), length = end - start;
    const std::ptrdiff_t pieces = (length + piece - 1) / piece;
    for (std::ptrdiff_t i = 1; i <= pieces; ++i)
        cuts.push_back(start + length / pieces * i + std::min(i, length % pieces));
}

}  // namespace

std::ptrdiff_t most_colliding_rows() {
#ifdef _SC_LEVEL1_DCACHE_ASSOC
    static const std::ptrdiff_t ways = sysconf(_SC_LEVEL1_DCACHE_ASSOC);
    if (ways >= 12) return ways;
#endif
    return 0;
}

std::ptrdiff_t Axis::byte_offset(std::ptrdiff_t position) const {
    const std::ptrdiff_t sample = inner == 1 ? position : floor_divide(position, inner);
    const std::ptrdiff_t source = source_index(boundary, sample, length);
    if (source < 0) return absent;
    return source * step + (position - sample * inner) * inner_step;
}

Geometry make_geometry(std::vector<Axis> axes, std::ptrdiff_t tile_columns) {
    Geometry geometry;
    geometry.column = axes.back();
    axes.pop_back();
    if (!axes.empty() && merges(axes.back(), geometry.column, tile_columns)) {
        geometry.column = merge(axes.back(), geometry.column);
        axes.pop_back();
    }
    if (!axes.empty()) {
        geometry.row = axes.back();
        axes.pop_back();
    }
    for (const Axis& axis : axes) {
        geometry.leading_outputs *= axis.outputs;
        geometry.leading_taps *= axis.taps;
    }
    geometry.leading = std::move(axes);
    return geometry;
}

Cuts cut(const Axis& axis, std::ptrdiff_t tile, std::ptrdiff_t piece, bool edges_apart) {
    const std::ptrdiff_t outputs = axis.outputs;
    const std::ptrdiff_t room = axis.positions() - 1 - axis.reach() - axis.offset;
    const std::ptrdiff_t low = axis.offset < 0 ? (-axis.offset + axis.stride - 1) / axis.stride : 0;
    const std::ptrdiff_t high = room < 0 ? 0 : std::min(outputs, room / axis.stride + 1);
    const std::ptrdiff_t first = round_up(low, tile);
    const std::ptrdiff_t last = outputs - round_up(outputs - high, tile);
    Cuts cuts;
    cuts.reserve(static_cast<std::size_t>(outputs / piece) + 4);
    cuts.push_back(0);
    if (edges_apart && last - first >= 2 * tile) {
        append_pieces(cuts, first, piece);
        append_pieces(cuts, last, piece);
    }
    append_pieces(cuts, outputs, piece);
    return cuts;
}

}  // namespace faltung
