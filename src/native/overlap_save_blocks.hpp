// Blocks into lanes and back: which samples a block reads, how large they are, where its
// outputs go.
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

template <class T>
struct Block {
    const std::byte* line = nullptr;  // the first sample of its line
    std::ptrdiff_t position = 0;      // of its first sample on the continued line
    T* outputs = nullptr;             // `inner` apart
    std::ptrdiff_t count = 0;         // of outputs; 0 where the last group has no more blocks
};

// Samples are loaded and stored in pieces, of a group's real and imaginary parts in turn, while
// the piece is in the nearest cache. A multiple of every vector's lanes.
inline constexpr std::ptrdiff_t piece_length = 64;

template <class T>
using BlockRow = Block<T>[lanes<T>];

// Where dimensions [from, to) of the view lie for a flat index into them.
template <class T>
std::ptrdiff_t byte_offset(const Lines<T>& lines, int from, int to, std::ptrdiff_t index) {
    std::ptrdiff_t bytes = 0;
    for (int d = to - 1; d >= from; --d) {
        bytes += index % lines.shape[d] * lines.strides[d];
        index /= lines.shape[d];
    }
    return bytes;
}

// Neighbouring blocks are neighbouring lines if there are dimensions after the axis, so that
// lanes share cache lines; otherwise they follow one another on a line.
template <class T>
Block<T> locate(const Lines<T>& lines, std::ptrdiff_t outputs_in_block, std::ptrdiff_t index) {
    if (index >= lines.block_count) return {};
    const std::ptrdiff_t inner = index % lines.inner, rest = index / lines.inner;
    const std::ptrdiff_t first = rest % lines.blocks_in_line * outputs_in_block;
    const std::ptrdiff_t outer = rest / lines.blocks_in_line;
    return {lines.input + byte_offset(lines, 0, lines.axis, outer) +
                byte_offset(lines, lines.axis + 1, lines.rank, inner),
            first + lines.offset, lines.output + (outer * lines.output_length + first) * lines.inner + inner,
            std::min(outputs_in_block, lines.output_length - first)};
}

template <class T>
bool stored_as(Element element) {
    return element == (sizeof(T) == 4 ? Element::float32 : Element::float64);
}

// Lanes that are neighbours in memory at every sample need no transpose.
template <class T>
bool adjacent_inputs(const Lines<T>& lines, const BlockRow<T>& blocks) {
    if (!stored_as<T>(lines.element) || lines.shape[lines.axis] == 0) return false;
    for (int l = 0; l < lanes<T>; ++l)
        if (blocks[l].count == 0 || blocks[l].position != blocks[0].position ||
            blocks[l].line - blocks[0].line != l * static_cast<std::ptrdiff_t>(sizeof(T)))
            return false;
    return true;
}

template <class T>
void load_adjacent(const Lines<T>& lines, const Block<T>& first, std::ptrdiff_t begin, std::ptrdiff_t count,
                   Vector<Bits<T>>& peaks, Vector<T>* to) {
    const std::ptrdiff_t n = lines.shape[lines.axis], stride = lines.strides[lines.axis];
    for (std::ptrdiff_t i = begin; i < begin + count; ++i) {
        const std::ptrdiff_t index = source_index(lines.boundary, first.position + i, n);
        Vector<T> v = broadcast(lines.fill);
        if (index >= 0) std::memcpy(&v, first.line + index * stride, sizeof v);
        raise<T>(peaks, v);
        to[2 * i] = v;
    }
}

// Samples that lie in memory as they are needed are read there.
template <class T>
bool lies_in_place(const Lines<T>& lines, const Block<T>& block, std::ptrdiff_t begin, std::ptrdiff_t count) {
    const std::ptrdiff_t position = block.position + begin;
    return stored_as<T>(lines.element) && lines.strides[lines.axis] == static_cast<std::ptrdiff_t>(sizeof(T)) &&
           block.count > 0 && position >= 0 && position + count <= lines.shape[lines.axis];
}

// Others are copied to `row` first.
template <class T>
const std::byte* row_of(const Lines<T>& lines, const Block<T>& block, std::ptrdiff_t begin, std::ptrdiff_t count,
                        T* row) {
    if (lies_in_place(lines, block, begin, count))
        return block.line + (block.position + begin) * static_cast<std::ptrdiff_t>(sizeof(T));
    if (block.count == 0)
        std::fill_n(row, count, T{0});
    else
        gather(lines, block.line, block.position + begin, count, row);
    return reinterpret_cast<const std::byte*>(row);
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

template <class T>
void load_rows(const Lines<T>& lines, const BlockRow<T>& blocks, std::ptrdiff_t begin, std::ptrdiff_t count,
               Vector<Bits<T>>& peaks, Vector<T>* to) {
    alignas(64) T copies[lanes<T>][piece_length];
    const std::byte* from[lanes<T>];
    for (int l = 0; l < lanes<T>; ++l) from[l] = row_of(lines, blocks[l], begin, count, copies[l]);
    for (std::ptrdiff_t i = 0; i < count; i += lanes<T>) load_square<T>(from, i, peaks, to + 2 * (begin + i));
}

// Loads one piece of the blocks' samples into every second vector, and raises `peaks` to each
// lane's largest magnitude, as its bits.
template <class T>
void load_piece(const Lines<T>& lines, const BlockRow<T>& blocks, std::ptrdiff_t begin, std::ptrdiff_t count,
                Vector<Bits<T>>& peaks, Vector<T>* to) {
    if (adjacent_inputs<T>(lines, blocks))
        load_adjacent<T>(lines, blocks[0], begin, count, peaks, to);
    else
        load_rows<T>(lines, blocks, begin, count, peaks, to);
}

template <class T>
bool adjacent_outputs(const BlockRow<T>& blocks) {
    for (int l = 0; l < lanes<T>; ++l)
        if (blocks[l].count != blocks[0].count || blocks[l].count == 0 || blocks[l].outputs != blocks[0].outputs + l)
            return false;
    return true;
}

template <class T>
inline void store_square(const Vector<T>* from, const BlockRow<T>& blocks, std::ptrdiff_t begin, bool whole) {
    Vector<T> rows[lanes<T>];
#pragma GCC unroll 16
    for (int i = 0; i < lanes<T>; ++i) rows[i] = from[2 * (begin + i)];
    transpose<T>(rows);
    if (whole) {
#pragma GCC unroll 16
        for (int l = 0; l < lanes<T>; ++l) store(blocks[l].outputs + begin, rows[l]);
        return;
    }
    for (int l = 0; l < lanes<T>; ++l) {
        const std::ptrdiff_t left = std::min<std::ptrdiff_t>(blocks[l].count - begin, lanes<T>);
        if (left > 0) std::memcpy(blocks[l].outputs + begin, &rows[l], static_cast<std::size_t>(left) * sizeof(T));
    }
}

template <class T>
void store_rows(const Vector<T>* from, const BlockRow<T>& blocks, std::ptrdiff_t begin, std::ptrdiff_t end) {
    std::ptrdiff_t least = blocks[0].count, most = blocks[0].count;
    for (const Block<T>& block : blocks) {
        least = std::min(least, block.count);
        most = std::max(most, block.count);
    }
    for (std::ptrdiff_t i = begin; i < std::min(most, end); i += lanes<T>)
        store_square<T>(from, blocks, i, i + lanes<T> <= least);
}

// Outputs [begin, end) of each block, or as many of them as it has.
template <class T>
void store_piece(const Lines<T>& lines, const Vector<T>* from, const BlockRow<T>& blocks, std::ptrdiff_t begin,
                 std::ptrdiff_t end) {
    if (adjacent_outputs<T>(blocks)) {
        for (std::ptrdiff_t i = begin; i < std::min(end, blocks[0].count); ++i)
            store(blocks[0].outputs + i * lines.inner, from[2 * i]);
    } else if (lines.inner == 1) {
        store_rows<T>(from, blocks, begin, end);
    } else {
        for (int l = 0; l < lanes<T>; ++l) {
            const T* values = reinterpret_cast<const T*>(from) + l;
            for (std::ptrdiff_t i = begin; i < std::min(end, blocks[l].count); ++i)
                blocks[l].outputs[i * lines.inner] = values[2 * lanes<T> * i];
        }
    }
}

}  // namespace faltung::FALTUNG_LEVEL
