#include "direct_gather.hpp"

#include <algorithm>

namespace faltung {
namespace {

std::ptrdiff_t round_up(std::ptrdiff_t value, std::ptrdiff_t unit) { return (value + unit - 1) / unit * unit; }

std::ptrdiff_t add_offsets(std::ptrdiff_t a, std::ptrdiff_t b) { return a == absent || b == absent ? absent : a + b; }

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
            end = position >= limit ? begin : std::clamp((limit - position + stride - 1) / stride, begin, span);
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
        reader.run(from + columns.first_offset, columns.step, to + columns.begin, columns.end - columns.begin);
    reader.pick(from, columns.offsets + columns.end, fill, to + columns.end, span - columns.end);
}

}  // namespace

GatheredShape::GatheredShape(const Geometry& geometry, const PlaneLayout& layout, const TileShape& tile,
                             const Rectangle& block, std::ptrdiff_t element_size) {
    const std::ptrdiff_t last_column = layout.last_column(geometry);
    if (geometry.along_line()) {  // rows are strung together, so that short ones fill a tile as well
        rows = block.rows;
        span = pitch = row_step = result_pitch = round_up(block.columns + last_column, tile.lanes);
        result_rows = 1;
        result_columns = round_up(rows * pitch, tile.line_vectors * tile.lanes);
        result_size = result_columns;
        plane = result_columns + last_column;
    } else {
        result_rows = round_up(block.rows, tile.grid_rows);
        result_columns = round_up(block.columns, tile.grid_vectors * tile.lanes);
        result_pitch = spread_rows(result_columns, element_size);
        rows = geometry.row.stride * (result_rows - 1) + geometry.row.reach() + 1;
        span = result_columns + last_column;
        pitch = spread_rows(span, element_size);
        row_step = geometry.row.stride * pitch;
        plane = rows * pitch;
        result_size = result_rows * result_pitch;
    }
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
const T* gather(const Geometry& geometry, const PlaneLayout& layout, const Source& source, const Reader<T>& reader,
                const Fill<T>& fill, const std::ptrdiff_t* leading, const Rectangle& block,
                const GatheredShape& shape, GatherScratch<T>& scratch) {
    T* const samples = scratch.samples.reserve(layout.planes(geometry) * shape.plane);
    std::ptrdiff_t* const table = scratch.columns.reserve(shape.span);
    const std::ptrdiff_t part_size = size_of(source.element);
    const std::ptrdiff_t first_row = geometry.row.first_position(block.row);
    const std::ptrdiff_t first_column = geometry.column.first_position(block.column);
    for (std::ptrdiff_t phase = 0; phase < layout.phases; ++phase) {
        const PhaseColumns columns(geometry.column, first_column + phase * layout.phase_unit, shape.span, table);
        for (std::ptrdiff_t tap = 0; tap < geometry.leading_taps; ++tap) {
            T* const planes = samples + (tap * layout.phases + phase) * layout.parts * shape.plane;
            for (std::ptrdiff_t row = 0; row < shape.rows; ++row) {
                const std::ptrdiff_t offset =
                    add_offsets(leading[tap], geometry.row.byte_offset(first_row + row * layout.row_unit));
                for (int part = 0; part < layout.parts; ++part) {
                    T* const to = planes + part * shape.plane + row * shape.pitch;
                    if (offset == absent)
                        std::fill(to, to + shape.span, fill.part[part]);
                    else
                        read_row(columns, source.data + offset + part * part_size, reader, fill.part[part], to, shape.span);
                }
            }
            for (int part = 0; part < layout.parts; ++part) {
                T* const plane = planes + part * shape.plane;
                std::fill(plane + shape.rows * shape.pitch, plane + shape.plane, T{});
            }
        }
    }
    return samples;
}

template const float* gather(const Geometry&, const PlaneLayout&, const Source&, const Reader<float>&, const Fill<float>&,
                             const std::ptrdiff_t*, const Rectangle&, const GatheredShape&, GatherScratch<float>&);
template const double* gather(const Geometry&, const PlaneLayout&, const Source&, const Reader<double>&,
                              const Fill<double>&, const std::ptrdiff_t*, const Rectangle&, const GatheredShape&,
                              GatherScratch<double>&);
template const std::uint64_t* gather(const Geometry&, const PlaneLayout&, const Source&, const Reader<std::uint64_t>&,
                                     const Fill<std::uint64_t>&, const std::ptrdiff_t*, const Rectangle&,
                                     const GatheredShape&, GatherScratch<std::uint64_t>&);

}  // namespace faltung
