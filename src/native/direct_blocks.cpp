#include "direct_blocks.hpp"

#include <algorithm>

namespace faltung {
namespace {

// A block's samples and outputs stay in the second-level cache, a tile row's in the first. Half
// or double these make no measurable difference.
constexpr std::ptrdiff_t block_bytes = 64 * 1024;
constexpr std::ptrdiff_t grid_row_bytes = 2048;
// A block takes a few milliseconds at most, so that an interruption is noticed soon.
constexpr std::ptrdiff_t most_block_products = 1 << 24;

std::ptrdiff_t at_least_one_tile(std::ptrdiff_t size, std::ptrdiff_t tile) {
    return std::max(size / tile, std::ptrdiff_t{1}) * tile;
}

}  // namespace

Blocks::Blocks(const Geometry& geometry, const TileShape& tile, std::ptrdiff_t element_size,
               std::ptrdiff_t cost) {
    const bool line = geometry.along_line();
    const std::ptrdiff_t tile_rows = line ? 1 : tile.grid_rows;
    const std::ptrdiff_t tile_columns = (line ? tile.line_vectors : tile.grid_vectors) * tile.lanes;
    const std::ptrdiff_t area =
        std::max(std::min(block_bytes / element_size, most_block_products / cost), tile_rows * tile_columns);
    const std::ptrdiff_t widest = line ? area : std::min(area / tile_rows, grid_row_bytes / element_size);
    const std::ptrdiff_t width = at_least_one_tile(widest, tile_columns);
    const std::ptrdiff_t height =
        at_least_one_tile(area / std::min(width, geometry.column.outputs), tile_rows);
    columns_ = cut(geometry.column, tile_columns, width);
    rows_ = cut(geometry.row, tile_rows, height);
    count_ =
        geometry.leading_outputs * static_cast<std::ptrdiff_t>((rows_.size() - 1) * (columns_.size() - 1));
}

Blocks::Block Blocks::operator[](std::ptrdiff_t index) const {
    const auto columns = static_cast<std::ptrdiff_t>(columns_.size()) - 1;
    const auto rows = static_cast<std::ptrdiff_t>(rows_.size()) - 1;
    const auto column = static_cast<std::size_t>(index % columns);
    const auto row = static_cast<std::size_t>(index / columns % rows);
    return {
        index / columns / rows,
        {rows_[row], rows_[row + 1] - rows_[row], columns_[column], columns_[column + 1] - columns_[column]}};
}

template <class T>
Prepared<T>::Prepared(const DirectCall<T>& call)
    : kernel(direct_kernel_for<T>(call.level)),
      geometry(make_geometry(call.axes, kernel.shape.grid_vectors * kernel.shape.lanes)),
      layout(geometry, call.source.parts),
      reader(kernel.reader(call.source.element)),
      blocks(geometry, kernel.shape, sizeof(T),
             geometry.leading_taps * geometry.row.taps * geometry.column.taps * call.source.parts *
                 call.kernel.parts) {}

template struct Prepared<float>;
template struct Prepared<double>;
template struct Prepared<std::uint64_t>;

}  // namespace faltung
