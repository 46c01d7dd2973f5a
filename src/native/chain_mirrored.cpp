#include "chain_mirrored.hpp"

#include <algorithm>

namespace faltung {
namespace {

// Columns that are gathered together: long enough to be copied fast, and in the second-level cache.
constexpr std::ptrdiff_t gathered_row_bytes = 2048;
// So many pairs of products keep the error bound of a sum in blocks.
constexpr std::ptrdiff_t most_taps = 255;

}  // namespace

template <class T>
bool suits_mirrored(const Geometry& geometry, const T* taps, const ChainKernel<T>& kernel) {
    const Axis &row = geometry.row, &column = geometry.column;
    if (!geometry.leading.empty() || row.taps < 3 || row.taps > most_taps || column.taps > 1) return false;
    if (row.stride > 1 || row.dilation > 1 || row.inner > 1 || column.stride > 1) return false;
    if (row.outputs < kernel.tile_rows || column.outputs < kernel.tile_columns) return false;
    return std::equal(taps, taps + row.taps / 2, std::reverse_iterator(taps + row.taps));
}

template <class T>
void run_mirrored(const MirroredPass<T>& pass, GatherScratch<T>& scratch) {
    const Axis &row = pass.geometry.row, &column = pass.geometry.column;
    const PlaneLayout layout(pass.geometry, 1);
    const std::ptrdiff_t widest = gathered_row_bytes / std::ptrdiff_t{sizeof(T)};
    const std::ptrdiff_t strips = (column.outputs + widest - 1) / widest, leading = 0;
    for (std::ptrdiff_t strip = 0; strip < strips; ++strip) {
        const std::ptrdiff_t first = column.outputs * strip / strips;
        const std::ptrdiff_t columns = column.outputs * (strip + 1) / strips - first;
        const Rectangle block{0, row.outputs, first, columns};
        const TileShape one_by_one{Tile::tall, 1, 1, 1, 1, 1, 1};
        const GatheredShape shape(pass.geometry, layout, one_by_one, block, sizeof(T));
        const T* const samples =
            gather(pass.geometry, layout, pass.source, pass.reader, {}, &leading, block, shape, scratch);
        pass.kernel.sum_mirrored({pass.taps, row.taps, samples, shape.pitch, pass.destination + first,
                                  column.outputs, row.outputs, columns});
    }
}

template bool suits_mirrored(const Geometry&, const float*, const ChainKernel<float>&);
template bool suits_mirrored(const Geometry&, const double*, const ChainKernel<double>&);
template void run_mirrored(const MirroredPass<float>&, GatherScratch<float>&);
template void run_mirrored(const MirroredPass<double>&, GatherScratch<double>&);

}  // namespace faltung
