// Tiles into lanes and back: which samples a tile reads, how large they are, where its outputs go.
#pragma once

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

// One row of a tile, along `row_axis`, in one lane.
template <class T>
struct Row {
    const std::byte* line = nullptr;  // the line's first sample; null where all of it is fill
    std::ptrdiff_t position = 0;      // of the row's first sample on the continued line
    T* outputs = nullptr;
    std::ptrdiff_t count = 0;         // of outputs; 0 where there is no tile
};

template <class T>
using Rows = Row<T>[lanes<T>];

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
Row<T> input_row(const Tiles<T>& tiles, const Tile& tile, const Odometer& odometer) {
    if (!tile.exists) return {};
    Row<T> row{tile.map, tile.first[tiles.row_axis], nullptr, 1};
    for (int a = 0; a < tiles.rank; ++a) {
        if (a == tiles.row_axis) continue;
        const TileAxis& axis = tiles.axes[a];
        const std::ptrdiff_t position = tile.first[a] + (a < tiles.row_axis ? odometer.at[a] : 0);
        const std::ptrdiff_t index = axis.input_length > 0 ? source_index(axis.boundary, position, axis.input_length) : -1;
        if (index < 0) return {nullptr, 0, nullptr, 1};
        row.line += index * axis.input_stride;
    }
    return row;
}

template <class T>
Row<T> output_row(const Tiles<T>& tiles, const Tile& tile, const Odometer& odometer) {
    if (!tile.exists) return {};
    T* outputs = tiles.output + tile.output;
    for (int a = 0; a < tiles.row_axis; ++a) {
        if (odometer.at[a] >= tile.outputs[a]) return {};
        outputs += odometer.at[a] * tiles.axes[a].output_stride;
    }
    return {nullptr, 0, outputs, tile.outputs[tiles.row_axis]};
}

// Samples are loaded and stored in pieces, the real and the imaginary parts in turn, while the
// piece is in the nearest cache. A multiple of every vector's lanes.
inline constexpr std::ptrdiff_t piece_length = 64;

template <class T>
bool stored_as(Element element) {
    return element == (sizeof(T) == 4 ? Element::float32 : Element::float64);
}

// Lanes that are neighbours in memory at every sample need no transpose.
template <class T>
bool adjacent_inputs(const Tiles<T>& tiles, const Rows<T>& rows) {
    if (!stored_as<T>(tiles.element) || tiles.axes[tiles.row_axis].input_length == 0) return false;
    for (int l = 0; l < lanes<T>; ++l)
        if (!rows[l].line || rows[l].position != rows[0].position ||
            rows[l].line - rows[0].line != l * static_cast<std::ptrdiff_t>(sizeof(T)))
            return false;
    return true;
}

template <class T>
void load_adjacent(const TileAxis& axis, const Row<T>& first, T fill, std::ptrdiff_t begin, std::ptrdiff_t count,
                   Vector<Bits<T>>& peaks, Vector<T>* to) {
    for (std::ptrdiff_t i = begin; i < begin + count; ++i) {
        const std::ptrdiff_t index = source_index(axis.boundary, first.position + i, axis.input_length);
        Vector<T> v = broadcast(fill);
        if (index >= 0) std::memcpy(&v, first.line + index * axis.input_stride, sizeof v);
        raise<T>(peaks, v);
        to[2 * i] = v;
    }
}

// Samples that lie in memory as they are needed are read there, others are copied to `room` first.
template <class T>
const std::byte* samples_of(const Tiles<T>& tiles, const Row<T>& row, T fill, std::ptrdiff_t begin,
                            std::ptrdiff_t count, T* room) {
    const TileAxis& axis = tiles.axes[tiles.row_axis];
    const std::ptrdiff_t position = row.position + begin;
    if (!row.line)
        std::fill_n(room, count, row.count == 0 ? T{0} : fill);
    else if (stored_as<T>(tiles.element) && axis.input_stride == static_cast<std::ptrdiff_t>(sizeof(T)) &&
             position >= 0 && position + count <= axis.input_length)
        return row.line + position * axis.input_stride;
    else
        gather(tiles.element, axis, fill, row.line, position, count, room);
    return reinterpret_cast<const std::byte*>(room);
}

template <class T>
inline void load_square(const std::byte* const* from, std::ptrdiff_t begin, Vector<Bits<T>>& peaks, Vector<T>* to) {
    Vector<T> rows[lanes<T>];
#pragma GCC unroll 16
    for (int l = 0; l < lanes<T>; ++l)
        std::memcpy(&rows[l], from[l] + begin * static_cast<std::ptrdiff_t>(sizeof(T)), sizeof rows[l]);
    transpose<T>(rows);
#pragma GCC unroll 16
    for (int i = 0; i < lanes<T>; ++i) {
        raise<T>(peaks, rows[i]);
        to[2 * i] = rows[i];
    }
}

// Loads one piece of the rows' samples into every second vector, and raises `peaks` to each lane's
// largest magnitude, as its bits.
template <class T>
void load_piece(const Tiles<T>& tiles, const Rows<T>& rows, T fill, std::ptrdiff_t begin, std::ptrdiff_t count,
                Vector<Bits<T>>& peaks, Vector<T>* to) {
    if (adjacent_inputs<T>(tiles, rows))
        return load_adjacent<T>(tiles.axes[tiles.row_axis], rows[0], fill, begin, count, peaks, to);
    alignas(64) T copies[lanes<T>][piece_length];
    const std::byte* from[lanes<T>];
    for (int l = 0; l < lanes<T>; ++l) from[l] = samples_of(tiles, rows[l], fill, begin, count, copies[l]);
    for (std::ptrdiff_t i = 0; i < count; i += lanes<T>) load_square<T>(from, i, peaks, to + 2 * (begin + i));
}

// Loads the tiles, and finds each lane's largest magnitude: infinity or NaN if any sample is.
template <class T>
void load_tiles(const Tiles<T>& tiles, const Tile* lane_tiles, Vector<T>* points, T* largest) {
    Vector<Bits<T>> peaks{};
    Odometer odometer;
    do {
        Rows<T> real, imaginary;
        for (int l = 0; l < lanes<T>; ++l) {
            real[l] = imaginary[l] = input_row(tiles, lane_tiles[l], odometer);
            real[l].position += l * tiles.part_positions;
            imaginary[l].position = real[l].position;
            if (real[l].line) imaginary[l].line += tiles.imaginary_bytes;
            imaginary[l].position += tiles.imaginary_positions;
        }
        Vector<T>* row = points + 2 * odometer.row * tiles.row_points;
        for (std::ptrdiff_t begin = 0; begin < tiles.row_points; begin += piece_length) {
            const std::ptrdiff_t count = std::min(piece_length, tiles.row_points - begin);
            load_piece<T>(tiles, real, tiles.fill[0], begin, count, peaks, row);
            load_piece<T>(tiles, imaginary, tiles.fill[1], begin, count, peaks, row + 1);
        }
    } while (advance(tiles, odometer, [&](int a) { return tiles.axes[a].samples; }));
    std::memcpy(largest, &peaks, sizeof peaks);
}

template <class T>
bool adjacent_outputs(const Rows<T>& rows) {
    for (int l = 0; l < lanes<T>; ++l)
        if (rows[l].count != rows[0].count || rows[l].count <= 0 || rows[l].outputs != rows[0].outputs + l)
            return false;
    return true;
}

template <class T>
inline void store_square(const Vector<T>* from, const Rows<T>& rows, std::ptrdiff_t begin, bool whole) {
    Vector<T> values[lanes<T>];
#pragma GCC unroll 16
    for (int i = 0; i < lanes<T>; ++i) values[i] = from[2 * (begin + i)];
    transpose<T>(values);
    if (whole) {
#pragma GCC unroll 16
        for (int l = 0; l < lanes<T>; ++l) store(rows[l].outputs + begin, values[l]);
        return;
    }
    for (int l = 0; l < lanes<T>; ++l) {
        const std::ptrdiff_t left = std::min<std::ptrdiff_t>(rows[l].count - begin, lanes<T>);
        if (left > 0) std::memcpy(rows[l].outputs + begin, &values[l], static_cast<std::size_t>(left) * sizeof(T));
    }
}

template <class T>
void store_squares(const Vector<T>* from, const Rows<T>& rows, std::ptrdiff_t begin, std::ptrdiff_t end) {
    std::ptrdiff_t least = rows[0].count, most = rows[0].count;
    for (const Row<T>& row : rows) {
        least = std::min(least, row.count);
        most = std::max(most, row.count);
    }
    for (std::ptrdiff_t i = begin; i < std::min(most, end); i += lanes<T>)
        store_square<T>(from, rows, i, i + lanes<T> <= least);
}

// Outputs [begin, end) of each row, `stride` apart, or as many of them as it has.
template <class T>
void store_piece(const Vector<T>* from, const Rows<T>& rows, std::ptrdiff_t stride, std::ptrdiff_t begin,
                 std::ptrdiff_t end) {
    if (adjacent_outputs<T>(rows)) {
        for (std::ptrdiff_t i = begin; i < std::min(end, rows[0].count); ++i)
            store(rows[0].outputs + i * stride, from[2 * i]);
    } else if (stride == 1) {
        store_squares<T>(from, rows, begin, end);
    } else {
        for (int l = 0; l < lanes<T>; ++l) {
            const T* values = reinterpret_cast<const T*>(from) + l;
            for (std::ptrdiff_t i = begin; i < std::min(end, rows[l].count); ++i)
                rows[l].outputs[i * stride] = values[2 * lanes<T> * i];
        }
    }
}

// Stores what is output of the tiles that `kept` names.
template <class T>
void store_tiles(const Tiles<T>& tiles, const Tile* lane_tiles, const bool* kept, const Vector<T>* points) {
    const std::ptrdiff_t stride = tiles.axes[tiles.row_axis].output_stride;
    Odometer odometer;
    do {
        Rows<T> real, imaginary;
        for (int l = 0; l < lanes<T>; ++l) {
            if (kept[l]) real[l] = output_row(tiles, lane_tiles[l], odometer);
            if (real[l].count == 0) continue;
            real[l].outputs += l * tiles.part_positions * stride;
            real[l].count -= l * tiles.part_positions;
            imaginary[l].outputs = real[l].outputs + tiles.imaginary_positions * stride + tiles.imaginary_numbers;
            imaginary[l].count = real[l].count - tiles.imaginary_positions;
        }
        const Vector<T>* row = points + 2 * odometer.row * tiles.row_points;
        for (std::ptrdiff_t begin = 0; begin < tiles.row_points; begin += piece_length) {
            const std::ptrdiff_t end = std::min(begin + piece_length, tiles.row_points);
            store_piece<T>(row, real, stride, begin, end);
            store_piece<T>(row + 1, imaginary, stride, begin, end);
        }
    } while (advance(tiles, odometer, [&](int a) { return tiles.axes[a].outputs; }));
}

}  // namespace faltung::FALTUNG_LEVEL
