// What one call of `direct` prepares, and how its outputs are cut into blocks.
#pragma once

#include "direct.hpp"
#include "direct_scalar.hpp"

namespace faltung {

// The cut depends on the problem and the tile's shape only, so that it is the same for every
// number of threads and every layout in memory.
class Blocks {
public:
    struct Block {
        std::ptrdiff_t leading;
        Rectangle outputs;
    };

    // `cost`: products for each output.
    Blocks(const Geometry& geometry, const TileShape& tile, std::ptrdiff_t element_size, std::ptrdiff_t cost);
    [[nodiscard]] std::ptrdiff_t count() const { return count_; }
    [[nodiscard]] Block operator[](std::ptrdiff_t index) const;

private:
    Cuts rows_, columns_;
    std::ptrdiff_t count_;
};

// The parts of a call that the tile and the wide integer sums share.
template <class T>
struct Prepared {
    const DirectKernel<T>& kernel;
    Geometry geometry;
    TileShape tile;
    PlaneLayout layout;
    Reader<T> reader;
    Blocks blocks;

    explicit Prepared(const DirectCall<T>& call);

    [[nodiscard]] Samples<T> samples(const T* first_plane, const GatheredShape& shape) const {
        const std::ptrdiff_t chain_step = geometry.along_line() ? tile.chain_step : shape.row_step;
        return {first_plane, shape.plane, shape.pitch, chain_step};
    }
    // Where the outputs of the block's row `row` begin, in elements.
    [[nodiscard]] std::ptrdiff_t output_index(const Blocks::Block& block, std::ptrdiff_t row) const {
        return (block.leading * geometry.row.outputs + block.outputs.row + row) * geometry.column.outputs +
               block.outputs.column;
    }
};

}  // namespace faltung
