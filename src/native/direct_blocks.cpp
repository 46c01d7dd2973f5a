#include "direct_blocks.hpp"

#include <algorithm>

namespace faltung {
namespace {

// A block's samples and outputs stay in the second-level cache, a tile row's in the first. Half
// or double these make no measurable difference.
constexpr std::ptrdiff_t block_bytes = 64 * 1024;
constexpr std::ptrdiff_t grid_row_bytes = 2048;
// Up to so many outputs, gathering everything takes less time than blocks for the edges would.
constexpr std::ptrdiff_t small_line = 1024, small_grid = 4096;
// A block takes a few milliseconds at most, so that an interruption is noticed soon.
constexpr std::ptrdiff_t most_block_products = 1 << 24;

std::ptrdiff_t at_least_one_tile(std::ptrdiff_t size, std::ptrdiff_t tile) {
    return std::max(size / tile, std::ptrdiff_t{1}) * tile;
}

template <class T>
const TileShape& shape_of(const DirectKernel<T>& kernel, Tile tile) {
    return kernel.shapes[static_cast<int>(tile)];
}

// A tall tile loads least; but its output rows must not all meet in the same places of the
// first-level cache, unless each of them takes so many products that it hardly matters.
template <class T>
Tile grid_tile(const Geometry& geometry, const TileShape& wide) {
    const bool collide = rows_collide(geometry.column.outputs * std::ptrdiff_t{sizeof(T)});
    return collide && geometry.row.taps <= wide.most_taps ? Tile::wide : Tile::tall;
}

template <class T>
const TileShape& choose_tile(const DirectCall<T>& call, const DirectKernel<T>& kernel, const Geometry& geometry) {
    if (!geometry.along_line()) return shape_of(kernel, grid_tile<T>(geometry, shape_of(kernel, Tile::wide)));
    const Axis& axis = geometry.column;
    const TileShape& few = shape_of(kernel, Tile::neighbours);
    const bool one_step = geometry.leading_taps == 1 && std::min(call.source.parts, call.kernel.parts) == 1;
    const bool neighbours = one_step && axis.stride == 1 && axis.dilation == 1 && axis.taps <= few.most_taps;
    return shape_of(kernel, neighbours ? Tile::neighbours : Tile::line);
}

}  // namespace

Blocks::Blocks(const Geometry& geometry, const TileShape& tile, std::ptrdiff_t element_size,
               std::ptrdiff_t cost) {
    const bool line = geometry.along_line();
    const std::ptrdiff_t tile_rows = tile.rows, tile_columns = tile.columns;
    const std::ptrdiff_t area =
        std::max(std::min(block_bytes / element_size, most_block_products / cost), tile_rows * tile_columns);
    const std::ptrdiff_t widest = line ? area : std::min(area / tile_rows, grid_row_bytes / element_size);
    const std::ptrdiff_t width = at_least_one_tile(widest, tile_columns);
    const std::ptrdiff_t height =
        at_least_one_tile(area / std::min(width, geometry.column.outputs), tile_rows);
    const bool edges_apart = geometry.row.outputs * geometry.column.outputs > (line ? small_line : small_grid);
    columns_ = cut(geometry.column, tile_columns, width, edges_apart);
    rows_ = cut(geometry.row, tile_rows, height, edges_apart);
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
      geometry(make_geometry(call.axes, shape_of(kernel, Tile::tall).columns)),
      tile(choose_tile(call, kernel, geometry)),
      layout(geometry, call.source.parts),
      reader(kernel.reader(call.source.element)),
      blocks(geometry, tile, sizeof(T),
             geometry.leading_taps * geometry.row.taps * geometry.column.taps * call.source.parts *
                 call.kernel.parts) {}

template struct Prepared<float>;
template struct Prepared<double>;
template struct Prepared<std::uint64_t>;

}  // namespace faltung
