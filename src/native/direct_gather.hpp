// Copying a block's samples to scratch: converted to the compute type, continued beyond the
// edges, complex parts and strides sorted into planes, rounded up to whole tiles. What a tile
// computes in the excess is never looked at; the boundary makes every position readable.
#pragma once

#include "buffer.hpp"
#include "direct_program.hpp"

namespace faltung {

struct Source {
    const std::byte* data;
    Element element;
    int parts;  // 2: complex
};

// A block of outputs.
struct Rectangle {
    std::ptrdiff_t row, rows, column, columns;
};

// What outside samples are where the boundary is constant.
template <class T>
struct Fill {
    T part[2] = {};
};

// How a gathered block lies in scratch, in elements.
struct GatheredShape {
    std::ptrdiff_t rows, span, pitch, plane;     // rows of a plane, each filled; to the next row, plane
    std::ptrdiff_t row_step;                     // from one output row's samples to the next one's
    std::ptrdiff_t result_rows, result_columns;  // what the tiles compute
    std::ptrdiff_t result_pitch, result_size;    // from one output row to the next; in all
    bool strung_together = false;                // all rows are one line, with gaps between their outputs

    GatheredShape(const Geometry& geometry, const PlaneLayout& layout, const TileShape& tile,
                  const Rectangle& block, std::ptrdiff_t element_size);

private:
    void lay_lines(const Rectangle& block, const TileShape& tile, std::ptrdiff_t last_column);
    void lay_grid(const Axis& row, const Rectangle& block, const TileShape& tile, std::ptrdiff_t last_column,
                  std::ptrdiff_t element_size);
};

// Byte offsets of the planes that the leading kernel axes select, `absent` among them.
void leading_offsets(const Geometry& geometry, std::ptrdiff_t leading_output, std::ptrdiff_t* offsets);

template <class T>
struct GatherScratch {
    GatherScratch() {}  // leaves the buffers' bytes as they are
    Buffer<T, 2048> samples;
    Buffer<std::ptrdiff_t, 2048> columns;
};

// Returns the first plane; the others follow `shape.plane` elements apart.
template <class T>
const T* gather(const Geometry& geometry, const PlaneLayout& layout, const Source& source,
                const Reader<T>& reader, const Fill<T>& fill, const std::ptrdiff_t* leading,
                const Rectangle& block, const GatheredShape& shape, GatherScratch<T>& scratch);

}  // namespace faltung
