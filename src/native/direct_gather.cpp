#include "direct_gather.hpp"

#include <algorithm>

namespace faltung {
namespace {

std::ptrdiff_t add_offsets(std::ptrdiff_t a, std::ptrdiff_t b) {
    return a == absent || b == absent ? absent : a + b;
}

// An odd number of cache lines, so that rows do not meet in the same cache sets.
std::ptrdiff_t spread_rows(std::ptrdiff_t columns, std::ptrdiff_t element_size) {
    const std::ptrdiff_t line = 64 / element_size;
    return ((columns + line - 1) / line | 1) * line;
}

// The columns of one phase: [begin, end) lie inside the axis, evenly spaced; the others are read
// by their byte offsets.
struct PhaseColumns {
    std::ptrdiff_t begin, end;
    std::ptrdiff_t first_offset, step;
    std::ptrdiff_t* offsets;

    PhaseColumns(const Axis& axis, std::ptrdiff_t position, std::ptrdiff_t span, std::ptrdiff_t* table)
        : begin(0), end(0), first_offset(0), step(axis.stride * axis.position_step()), offsets(table) {
        if (axis.uniform()) {
            const std::ptrdiff_t stride = axis.stride, limit = axis.positions();
            begin = position >= 0 ? 0 : std::min(span, (-position + stride - 1) / stride);
            end =
                position >= limit ? begin : std::clamp((limit - position + stride - 1) / stride, begin, span);
            if (begin < end) first_offset = (position + begin * stride) * axis.position_step();
        }
        for (std::ptrdiff_t j = 0; j < begin; ++j) offsets[j] = axis.byte_offset(position + j * axis.stride);
        for (std::ptrdiff_t j = end; j < span; ++j) offsets[j] = axis.byte_offset(position + j * axis.stride);
    }
};

template <class T>
void read_row(const PhaseColumns& columns, const std::byte* from, const Reader<T>& reader, T fill, T* to,
              std::ptrdiff_t span) {
    reader.pick(from, columns.offsets, fill, to, columns.begin);
    if (columns.begin < columns.end)
        reader.run(from + columns.first_offset, columns.step, to + columns.begin,
                   columns.end - columns.begin);
    reader.pick(from, columns.offsets + columns.end, fill, to + columns.end, span - columns.end);
}

// Where one plane's rows come from.
struct PlaneSource {
    const std::byte* data;
    std::ptrdiff_t offset;  // of the plane, or `absent`
    std::ptrdiff_t first_row, row_unit;
};

template <class T>
void fill_plane(const Axis& rows, const PlaneSource& source, const PhaseColumns& columns,
                const Reader<T>& reader, T fill, T* plane, const GatheredShape& shape) {
    for (std::ptrdiff_t row = 0; row < shape.rows; ++row) {
        T* const to = plane + row * shape.pitch;
        const std::ptrdiff_t offset =
            add_offsets(source.offset, rows.byte_offset(source.first_row + row * source.row_unit));
        if (offset == absent)
            std::fill(to, to + shape.span, fill);
        else
            read_row(columns, source.data + offset, reader, fill, to, shape.span);
    }
    std::fill(plane + shape.rows * shape.pitch, plane + shape.plane, T{});
}

}  // namespace

GatheredShape::GatheredShape(const Geometry& geometry, const PlaneLayout& layout, const TileShape& tile,
                             const Rectangle& block, std::ptrdiff_t element_size) {
    const std::ptrdiff_t last_column = layout.last_column(geometry);
    if (geometry.along_line())
        lay_lines(block, tile, last_column);
    else
        lay_grid(geometry.row, block, tile, last_column, element_size);
    plane = std::max(rows * pitch, result_columns + last_column);
    result_size = std::max(result_rows * result_pitch, result_columns);
}

// Short rows are strung together and computed as one line, the gaps between their outputs
// included, where that is less work than whole tiles for every row.
void GatheredShape::lay_lines(const Rectangle& block, const TileShape& tile, std::ptrdiff_t last_column) {
    const std::ptrdiff_t width = tile.columns;
    const std::ptrdiff_t together = round_up(block.columns + last_column, tile.lanes);
    const std::ptrdiff_t apart = round_up(block.columns, width);
    rows = block.rows;
    if (round_up(rows * together, width) < rows * apart) {
        span = pitch = row_step = together;
        result_rows = 1;
        strung_together = true;
        result_columns = round_up(rows * together, width);
        result_pitch = together;
    } else {
        span = pitch = row_step = apart + last_column;
        result_rows = rows;
        result_columns = result_pitch = apart;
    }
}

void GatheredShape::lay_grid(const Axis& row, const Rectangle& block, const TileShape& tile,
                             std::ptrdiff_t last_column, std::ptrdiff_t element_size) {
    result_rows = round_up(block.rows, tile.rows);
    result_columns = round_up(block.columns, tile.columns);
    result_pitch = spread_rows(result_columns, element_size);
    rows = row.stride * (result_rows - 1) + row.reach() + 1;
    span = result_columns + last_column;
    pitch = spread_rows(span, element_size);
    row_step = row.stride * pitch;
}

void leading_offsets(const Geometry& geometry, std::ptrdiff_t leading_output, std::ptrdiff_t* offsets) {
    offsets[0] = 0;
    std::ptrdiff_t filled = geometry.leading_taps;
    std::fill(offsets, offsets + filled, 0);
    std::ptrdiff_t repeat = 1;  // taps of the axes behind this one
    for (auto axis = geometry.leading.rbegin(); axis != geometry.leading.rend(); ++axis) {
        const std::ptrdiff_t first = axis->first_position(leading_output % axis->outputs);
        leading_output /= axis->outputs;
        for (std::ptrdiff_t i = 0; i < filled; ++i) {
            const std::ptrdiff_t tap = i / repeat % axis->taps;
            offsets[i] = add_offsets(offsets[i], axis->byte_offset(first + axis->dilation * tap));
        }
        repeat *= axis->taps;
    }
}

template <class T>
const T* gather(const Geometry& geometry, const PlaneLayout& layout, const Source& source,
                const Reader<T>& reader, const Fill<T>& fill, const std::ptrdiff_t* leading,
                const Rectangle& block, const GatheredShape& shape, GatherScratch<T>& scratch) {
    T* const samples = scratch.samples.reserve(layout.planes(geometry) * shape.plane);
    std::ptrdiff_t* const table = scratch.columns.reserve(shape.span);
    const std::ptrdiff_t first_column = geometry.column.first_position(block.column);
    for (std::ptrdiff_t phase = 0; phase < layout.phases; ++phase) {
        const PhaseColumns columns(geometry.column, first_column + layout.position_of(phase), shape.span,
                                   table);
        for (std::ptrdiff_t tap = 0; tap < geometry.leading_taps; ++tap)
            for (int part = 0; part < layout.parts; ++part) {
                const PlaneSource from{source.data + part * size_of(source.element), leading[tap],
                                       geometry.row.first_position(block.row), layout.row_unit};
                const std::ptrdiff_t plane = (tap * layout.phases + phase) * layout.parts + part;
                fill_plane(geometry.row, from, columns, reader, fill.part[part],
                           samples + plane * shape.plane, shape);
            }
    }
    return samples;
}

template const float* gather(const Geometry&, const PlaneLayout&, const Source&, const Reader<float>&,
                             const Fill<float>&, const std::ptrdiff_t*, const Rectangle&,
                             const GatheredShape&, GatherScratch<float>&);
template const double* gather(const Geometry&, const PlaneLayout&, const Source&, const Reader<double>&,
                              const Fill<double>&, const std::ptrdiff_t*, const Rectangle&,
                              const GatheredShape&, GatherScratch<double>&);
template const std::uint64_t* gather(const Geometry&, const PlaneLayout&, const Source&,
                                     const Reader<std::uint64_t>&, const Fill<std::uint64_t>&,
                                     const std::ptrdiff_t*, const Rectangle&, const GatheredShape&,
                                     GatherScratch<std::uint64_t>&);

}  // namespace faltung
