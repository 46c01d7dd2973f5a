// Tiles into lanes and back: which samples a tile reads, how large they are, where its outputs go.
#pragma once

#include <limits>

#include "gather.hpp"
#include "overlap_save.hpp"
#include "simd.hpp"
#include "transpose.hpp"

namespace faltung::FALTUNG_LEVEL {

template <class T>
using Bits = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;

// Exponent and mantissa, without the sign: as integers these are ordered like magnitudes, with
// infinity and NaN above every number.
template <class T>
inline constexpr Bits<T> magnitude_mask = static_cast<Bits<T>>(~Bits<T>{0} ^ (Bits<T>{1} << (8 * sizeof(T) - 1)));

template <class T>
inline Vector<Bits<T>> magnitude(Vector<T> v) {
    return reinterpret_cast<Vector<Bits<T>>>(v) & magnitude_mask<T>;
}

template <class T>
inline void raise(Vector<Bits<T>>& peaks, Vector<T> v) {
    const Vector<Bits<T>> bits = magnitude<T>(v);
    peaks = bits > peaks ? bits : peaks;
}

// A tile's place; `filter` is the kernel that it meets.
struct Tile {
    std::ptrdiff_t filter = 0, instance = 0;
    const std::byte* map = nullptr;      // the input's first sample of its batch and channel
    std::ptrdiff_t output = 0;           // the first of its outputs
    std::ptrdiff_t first[most_axes];     // position of its first sample along each axis
    std::ptrdiff_t outputs[most_axes];   // how many it has along each axis
    bool exists = false;
};

template <class T>
void locate(const Tiles<T>& tiles, std::ptrdiff_t filter, std::ptrdiff_t instance, Tile& tile) {
    tile.filter = filter;
    tile.instance = instance;
    tile.exists = filter < tiles.filters && instance < tiles.instances();
    if (!tile.exists) return;
    tile.output = filter * tiles.output_filter_stride;
    for (int a = tiles.rank - 1; a >= 0; --a) {
        const TileAxis& axis = tiles.axes[a];
        const std::ptrdiff_t start = instance % axis.tiles() * axis.outputs;
        instance /= axis.tiles();
        tile.first[a] = start + axis.offset;
        tile.outputs[a] = std::min(axis.outputs, axis.output_length - start);
        tile.output += start * axis.output_stride;
    }
    tile.map = tiles.input + instance * tiles.input_batch_stride +
               filter / tiles.filters_in_channel * tiles.input_channel_stride;
    tile.output += instance * tiles.output_batch_stride;
}

// Counts through indices below the limits of the axes before `row_axis`, the last one fastest.
struct Odometer {
    std::ptrdiff_t at[most_axes] = {};
    std::ptrdiff_t row = 0;  // of the tile
};

// The next index, or false at the end; `limit(axis)` is at most its samples.
template <class T>
bool advance(const Tiles<T>& tiles, Odometer& odometer, auto limit) {
    std::ptrdiff_t rows = 1;
    for (int a = tiles.row_axis - 1; a >= 0; --a) {
        odometer.row += rows;
        if (++odometer.at[a] < limit(a)) return true;
        odometer.row -= odometer.at[a] * rows;
        odometer.at[a] = 0;
        rows *= tiles.axes[a].samples;
    }
    return false;
}

template <class T>
bool stored_as(Element element) {
    return element == (sizeof(T) == 4 ? Element::float32 : Element::float64);
}

// Samples and outputs of imaginary parts lie so far from those of the real ones.
struct Shift {
    std::ptrdiff_t memory = 0, positions = 0;
};

// One row along `row_axis` of each lane's tile.
template <class T>
struct InputRows {
    const std::byte* line[lanes<T>];    // the line's first sample; null where all of it is fill
    std::ptrdiff_t position[lanes<T>];  // of the row's first sample on the continued line
    std::ptrdiff_t least, most;         // of the positions
    bool any;                           // of the lines is not null
    bool in_memory;                     // all samples, as they are needed
    bool adjacent;                      // neighbours in memory at every sample

    InputRows(const Tiles<T>& tiles, const Tile* lane_tiles) {
        for (int l = 0; l < lanes<T>; ++l)
            position[l] = lane_tiles[lane_tiles[l].exists ? l : 0].first[tiles.row_axis] + l * tiles.part_positions;
        least = *std::min_element(position, position + lanes<T>);
        most = *std::max_element(position, position + lanes<T>);
        for (int l = 1; l < lanes<T>; ++l)
            if (lane_tiles[l].exists)
                alike = alike && std::equal(lane_tiles[l].first, lane_tiles[l].first + tiles.rank, lane_tiles[0].first);
    }

    void find(const Tiles<T>& tiles, const Tile* lane_tiles, const Odometer& odometer) {
        bool all = true;
        any = false;
        std::ptrdiff_t offset = 0;
        for (int l = 0; l < lanes<T>; ++l) {
            const Tile& tile = lane_tiles[l];
            if (l == 0 || !alike) offset = tile.exists ? line_offset(tiles, tile, odometer) : nowhere;
            line[l] = tile.exists && offset != nowhere ? tile.map + offset : nullptr;
            any = any || line[l];
            all = all && line[l];
        }
        const TileAxis& row = tiles.axes[tiles.row_axis];
        const bool stored = all && stored_as<T>(tiles.element) && row.input_length > 0;
        in_memory = stored && row.input_stride == static_cast<std::ptrdiff_t>(sizeof(T));
        adjacent = stored && least == most;
        for (int l = 1; adjacent && l < lanes<T>; ++l)
            adjacent = line[l] - line[0] == l * static_cast<std::ptrdiff_t>(sizeof(T));
    }

private:
    static constexpr std::ptrdiff_t nowhere = std::numeric_limits<std::ptrdiff_t>::min();

    // In bytes, from the first sample of the tile's map.
    static std::ptrdiff_t line_offset(const Tiles<T>& tiles, const Tile& tile, const Odometer& odometer) {
        std::ptrdiff_t offset = 0;
        for (int a = 0; a < tiles.rank; ++a) {
            if (a == tiles.row_axis) continue;
            const TileAxis& axis = tiles.axes[a];
            const std::ptrdiff_t position = tile.first[a] + (a < tiles.row_axis ? odometer.at[a] : 0);
            const std::ptrdiff_t index =
                axis.input_length > 0 ? source_index(axis.boundary, position, axis.input_length) : -1;
            if (index < 0) return nowhere;
            offset += index * axis.input_stride;
        }
        return offset;
    }

    bool alike = true;  // the tiles lie at the same place of their maps
};

// The outputs of one row of each lane's tile.
template <class T>
struct OutputRows {
    T* outputs[lanes<T>];
    std::ptrdiff_t count[lanes<T>];  // 0 or less where there are none

    void find(const Tiles<T>& tiles, const Tile* lane_tiles, const bool* kept, const Odometer& odometer, Shift shift) {
        const TileAxis& row = tiles.axes[tiles.row_axis];
        std::ptrdiff_t offset = shift.memory + shift.positions * row.output_stride;
        for (int a = 0; a < tiles.row_axis; ++a) offset += odometer.at[a] * tiles.axes[a].output_stride;
        for (int l = 0; l < lanes<T>; ++l) {
            const Tile& tile = lane_tiles[l];
            const std::ptrdiff_t part = l * tiles.part_positions;
            bool there = kept[l];
            for (int a = 0; a < tiles.row_axis; ++a) there = there && odometer.at[a] < tile.outputs[a];
            count[l] = there ? tile.outputs[tiles.row_axis] - part - shift.positions : 0;
            outputs[l] = tiles.output + tile.output + offset + part * row.output_stride;
        }
    }
};

// Samples are loaded and stored in pieces, the real and the imaginary parts in turn, while the
// piece is in the nearest cache. A multiple of every vector's lanes.
inline constexpr std::ptrdiff_t piece_length = 64;

// Lanes that are neighbours in memory at every sample need no transpose.
template <class T>
void load_adjacent(const TileAxis& axis, const std::byte* line, std::ptrdiff_t position, Vector<T> fill,
                   std::ptrdiff_t count, Vector<Bits<T>>& peaks, Vector<T>* to) {
    for (std::ptrdiff_t i = 0; i < count; ++i) {
        const std::ptrdiff_t index = source_index(axis.boundary, position + i, axis.input_length);
        Vector<T> v = fill;
        if (index >= 0) std::memcpy(&v, line + index * axis.input_stride, sizeof v);
        raise<T>(peaks, v);
        to[2 * i] = v;
    }
}

// Samples [begin, end) of rows.
struct Span {
    std::ptrdiff_t begin, end;
};

// Those squares of a piece that not all rows merely fill.
template <class T>
Span touched(const TileAxis& axis, const InputRows<T>& rows, std::ptrdiff_t shift, Span piece) {
    if (!rows.any) return {piece.begin, piece.begin};
    if (axis.boundary != Boundary::constant) return piece;
    const std::ptrdiff_t begin = std::max(-rows.most - shift - piece.begin, std::ptrdiff_t{0});
    const std::ptrdiff_t end = std::min(axis.input_length - rows.least - shift, piece.end) - piece.begin;
    if (begin >= end) return {piece.begin, piece.begin};
    const std::ptrdiff_t last = piece.begin + (end - 1) / lanes<T> * lanes<T> + lanes<T>;
    return {piece.begin + begin / lanes<T> * lanes<T>, std::min(last, piece.end)};
}

// The first `columns` of a square.
template <class T>
[[gnu::always_inline]] inline void write_columns(const Vector<T>* samples, int columns, Vector<Bits<T>>& peaks,
                                                 Vector<T>* to) {
#pragma GCC unroll 16
    for (int i = 0; i < columns; ++i) {
        raise<T>(peaks, samples[i]);
        to[2 * i] = samples[i];
    }
}

template <class T>
inline void write_square(Vector<T>* samples, std::ptrdiff_t columns, Vector<Bits<T>>& peaks, Vector<T>* to) {
    transpose<T>(samples);
    if (columns >= lanes<T>) return write_columns<T>(samples, lanes<T>, peaks, to);
    write_columns<T>(samples, static_cast<int>(columns), peaks, to);
}

// `columns` of a square whose samples lie in memory as they are needed, or only the first `count` of each
// row, the others being fill.
template <class T>
void load_square(const InputRows<T>& rows, std::ptrdiff_t at, std::ptrdiff_t byte, std::ptrdiff_t count,
                 std::ptrdiff_t columns, Vector<T> fill, Vector<Bits<T>>& peaks, Vector<T>* to) {
    const auto from = [&](int l) {
        const std::ptrdiff_t offset = (rows.position[l] + at) * static_cast<std::ptrdiff_t>(sizeof(T));
        return reinterpret_cast<const T*>(rows.line[l] + byte + offset);
    };
    Vector<T> samples[lanes<T>];
    if (count >= lanes<T>) {
#pragma GCC unroll 16
        for (int l = 0; l < lanes<T>; ++l) samples[l] = load<T>(from(l));
        return write_square<T>(samples, columns, peaks, to);
    }
    for (int l = 0; l < lanes<T>; ++l) samples[l] = load_first<T>(from(l), count);
    write_square<T>(samples, std::min(count, columns), peaks, to);
    if (count < columns) raise<T>(peaks, fill);
    for (std::ptrdiff_t i = count; i < columns; ++i) to[2 * i] = fill;
}

// Any other square: one row after the other is copied.
template <class T>
void gather_squares(const Tiles<T>& tiles, const InputRows<T>& rows, Shift shift, Vector<T> fill, Span span,
                    Vector<Bits<T>>& peaks, Vector<T>* to) {
    alignas(64) T copies[lanes<T>][piece_length];
    const TileAxis& axis = tiles.axes[tiles.row_axis];
    const std::ptrdiff_t count = span.end - span.begin, copied = (count + lanes<T> - 1) / lanes<T> * lanes<T>;
    for (int l = 0; l < lanes<T>; ++l) {
        const std::ptrdiff_t position = rows.position[l] + shift.positions + span.begin;
        if (rows.line[l])
            gather(tiles.element, axis, T{fill[l]}, rows.line[l] + shift.memory, position, copied, copies[l]);
        else
            std::fill_n(copies[l], copied, T{fill[l]});
    }
    for (std::ptrdiff_t i = 0; i < count; i += lanes<T>) {
        Vector<T> samples[lanes<T>];
        for (int l = 0; l < lanes<T>; ++l) samples[l] = load<T>(copies[l] + i);
        write_square<T>(samples, count - i, peaks, to + 2 * (span.begin + i));
    }
}

// Loads one piece of the rows' samples into every second vector, and raises `peaks` to each lane's
// largest magnitude, as its bits.
template <class T>
void load_piece(const Tiles<T>& tiles, const InputRows<T>& rows, Shift shift, Vector<T> fill, Span piece,
                Vector<Bits<T>>& peaks, Vector<T>* to) {
    const TileAxis& axis = tiles.axes[tiles.row_axis];
    if (rows.adjacent)
        return load_adjacent<T>(axis, rows.line[0] + shift.memory, rows.position[0] + shift.positions + piece.begin, fill,
                                piece.end - piece.begin, peaks, to + 2 * piece.begin);
    const Span read = touched(axis, rows, shift.positions, piece);
    if (read.end - read.begin < piece.end - piece.begin) raise<T>(peaks, fill);
    for (std::ptrdiff_t i = piece.begin; i < read.begin; ++i) to[2 * i] = fill;
    for (std::ptrdiff_t i = read.end; i < piece.end; ++i) to[2 * i] = fill;
    if (!rows.in_memory) return gather_squares<T>(tiles, rows, shift, fill, read, peaks, to);
    for (std::ptrdiff_t i = read.begin; i < read.end; i += lanes<T>) {
        const std::ptrdiff_t columns = std::min<std::ptrdiff_t>(read.end - i, lanes<T>);
        const std::ptrdiff_t at = shift.positions + i, inside = axis.input_length - rows.most - at;
        const bool ends = axis.boundary == Boundary::constant && rows.least == rows.most;
        if (rows.least + at >= 0 && (ends || inside >= lanes<T>))
            load_square<T>(rows, at, shift.memory, inside, columns, fill, peaks, to + 2 * i);
        else
            gather_squares<T>(tiles, rows, shift, fill, {i, i + columns}, peaks, to);
    }
}

// Loads the tiles, and finds each lane's largest magnitude: infinity or NaN if any sample is.
template <class T>
void load_tiles(const Tiles<T>& tiles, const Tile* lane_tiles, Vector<T>* points, T* largest) {
    const Shift imaginary{tiles.imaginary_bytes, tiles.imaginary_positions};
    Vector<T> fill[2]{};
    for (int l = 0; l < lanes<T>; ++l)
        for (int part = 0; part < 2; ++part) fill[part][l] = lane_tiles[l].exists ? tiles.fill[part] : T{0};
    Vector<Bits<T>> peaks{};
    InputRows<T> rows(tiles, lane_tiles);
    Odometer odometer;
    do {
        rows.find(tiles, lane_tiles, odometer);
        Vector<T>* row = points + 2 * odometer.row * tiles.row_pitch;
        for (std::ptrdiff_t begin = 0; begin < tiles.row_points; begin += piece_length) {
            const Span piece{begin, std::min(begin + piece_length, tiles.row_points)};
            load_piece<T>(tiles, rows, {}, fill[0], piece, peaks, row);
            load_piece<T>(tiles, rows, imaginary, fill[1], piece, peaks, row + 1);
        }
        for (std::ptrdiff_t i = tiles.row_points; i < tiles.row_pitch; ++i) row[2 * i] = row[2 * i + 1] = Vector<T>{};
    } while (advance(tiles, odometer, [&](int a) { return tiles.axes[a].samples; }));
    std::memcpy(largest, &peaks, sizeof peaks);
}

template <class T>
bool adjacent_outputs(const OutputRows<T>& rows) {
    for (int l = 0; l < lanes<T>; ++l)
        if (rows.count[l] != rows.count[0] || rows.count[l] <= 0 || rows.outputs[l] != rows.outputs[0] + l) return false;
    return true;
}

// Every second vector from the `begin`-th on becomes as many outputs of each row, or those before `end` that
// it has.
template <class T>
inline void store_square(const Vector<T>* from, const OutputRows<T>& rows, std::ptrdiff_t begin, std::ptrdiff_t end,
                         bool whole) {
    Vector<T> values[lanes<T>];
    if (whole) {
#pragma GCC unroll 16
        for (int i = 0; i < lanes<T>; ++i) values[i] = from[2 * (begin + i)];
        transpose<T>(values);
#pragma GCC unroll 16
        for (int l = 0; l < lanes<T>; ++l) store(rows.outputs[l] + begin, values[l]);
        return;
    }
    for (int i = 0; i < lanes<T>; ++i) values[i] = begin + i < end ? from[2 * (begin + i)] : Vector<T>{};
    transpose<T>(values);
    for (int l = 0; l < lanes<T>; ++l) {
        const std::ptrdiff_t left = std::min(rows.count[l], end) - begin;
        if (left >= lanes<T>)
            store(rows.outputs[l] + begin, values[l]);
        else if (left > 0)
            store_first<T>(rows.outputs[l] + begin, values[l], left);
    }
}

// The outputs of one piece of the rows, `stride` apart, or as many of them as each has.
template <class T>
void store_piece(const Vector<T>* from, const OutputRows<T>& rows, std::ptrdiff_t stride, Span piece) {
    const auto [least, most] = std::minmax_element(rows.count, rows.count + lanes<T>);
    const std::ptrdiff_t end = std::min(piece.end, *most);
    if (piece.begin >= end) return;
    if (adjacent_outputs<T>(rows)) {
        for (std::ptrdiff_t i = piece.begin; i < end; ++i) store(rows.outputs[0] + i * stride, from[2 * i]);
    } else if (stride == 1) {
        for (std::ptrdiff_t i = piece.begin; i < end; i += lanes<T>)
            store_square<T>(from, rows, i, end, i + lanes<T> <= std::min(*least, end));
    } else {
        for (int l = 0; l < lanes<T>; ++l) {
            const T* values = reinterpret_cast<const T*>(from) + l;
            for (std::ptrdiff_t i = piece.begin; i < std::min(end, rows.count[l]); ++i)
                rows.outputs[l][i * stride] = values[2 * lanes<T> * i];
        }
    }
}

// Stores what is output of the tiles that `kept` names.
template <class T>
void store_tiles(const Tiles<T>& tiles, const Tile* lane_tiles, const bool* kept, const Vector<T>* points) {
    const std::ptrdiff_t stride = tiles.axes[tiles.row_axis].output_stride;
    const Shift imaginary{tiles.imaginary_numbers, tiles.imaginary_positions};
    OutputRows<T> real_rows, imaginary_rows;
    Odometer odometer;
    do {
        real_rows.find(tiles, lane_tiles, kept, odometer, {});
        imaginary_rows.find(tiles, lane_tiles, kept, odometer, imaginary);
        const Vector<T>* row = points + 2 * odometer.row * tiles.row_pitch;
        for (std::ptrdiff_t begin = 0; begin < tiles.row_points; begin += piece_length) {
            const Span piece{begin, std::min(begin + piece_length, tiles.row_points)};
            store_piece<T>(row, real_rows, stride, piece);
            store_piece<T>(row + 1, imaginary_rows, stride, piece);
        }
    } while (advance(tiles, odometer, [&](int a) { return tiles.axes[a].outputs; }));
}

}  // namespace faltung::FALTUNG_LEVEL
