// Where a kernel's samples, weights and sums lie: lines copied as blocks read them, columns that
// become rows and rows that become columns.
#pragma once

#include "channel_product_kernel.hpp"
#include "simd.hpp"
#include "transpose.hpp"

namespace faltung::FALTUNG_LEVEL {
namespace {

template <class T>
[[gnu::always_inline]] inline bool all_zero(Vector<T> v) {
    bool zero = true;
    for (int i = 0; i < lanes<T>; ++i) zero &= v[i] == 0;  // false for NaN
    return zero;
}

template <class T>
[[gnu::always_inline]] inline T interleave_one(const Rows<T>& from, int rows, int width, std::ptrdiff_t column, T* to) {
    T strange = 0;
    for (int row = 0; row < rows; ++row) {
        const T value = from.first[row * from.apart + column * from.step];
        strange += value - value;  // NaN for infinities, too
        to[row] = value;
    }
    for (int row = rows; row < width; ++row) to[row] = 0;
    return strange;
}

template <class T>
bool interleave(const Rows<T>& from, int rows, int width, T* to, std::ptrdiff_t to_step) {
    std::ptrdiff_t column = 0;
    Vector<T> strange{};
    if (from.step == 1 && width % lanes<T> == 0)
        for (; column + lanes<T> <= from.count; column += lanes<T>)
            for (int top = 0; top < width; top += lanes<T>) {
                Vector<T> square[lanes<T>]{};
                for (int i = 0; i < lanes<T> && top + i < rows; ++i) {
                    square[i] = load(from.first + (top + i) * from.apart + column);
                    strange += square[i] - square[i];
                }
                transpose<T>(square);
                for (int i = 0; i < lanes<T>; ++i) store(to + (column + i) * to_step + top, square[i]);
            }
    T rest = 0;
    for (; column < from.count; ++column) rest += interleave_one(from, rows, width, column, to + column * to_step);
    return all_zero<T>(strange) && rest == 0;
}

// All elements, a step apart; between them nothing is written, as another thread may write there.
template <class T, int... i>
[[gnu::always_inline]] inline void store_apart(Vector<T> v, T* to, std::ptrdiff_t step, std::integer_sequence<int, i...>) {
    if (step == 1) return store(to, v);
    if constexpr (has_masks<T>)
        if (step == 2) {
            constexpr int half = lanes<T> / 2;
            store_even<T>(to, __builtin_shufflevector(v, v, (i / 2)...));
            return store_even<T>(to + lanes<T>, __builtin_shufflevector(v, v, (half + i / 2)...));
        }
    ((to[i * step] = v[i]), ...);
}

template <class T>
[[gnu::always_inline]] inline void store_apart(Vector<T> v, T* to, std::ptrdiff_t step) {
    store_apart<T>(v, to, step, std::make_integer_sequence<int, lanes<T>>{});
}

// Few rows at a time, from end to end: rows often lie so that many of them meet in the same place of
// the cache.
template <class T>
void spread(const Rows<T>& from, int columns, T* to, const std::ptrdiff_t* places, std::ptrdiff_t step) {
    for (int left = 0; left < columns; left += lanes<T>) {
        const int some = columns - left < lanes<T> ? columns - left : lanes<T>;
        std::ptrdiff_t i = 0;
        for (; i + lanes<T> <= from.count; i += lanes<T>) {
            Vector<T> square[lanes<T>];
            for (int j = 0; j < lanes<T>; ++j) square[j] = load(from.first + (i + j) * from.step + left);
            transpose<T>(square);
            for (int j = 0; j < some; ++j) store_apart<T>(square[j], to + places[left + j] + i * step, step);
        }
        for (int j = 0; j < some; ++j)
            for (std::ptrdiff_t k = i; k < from.count; ++k)
                to[places[left + j] + k * step] = from.first[k * from.step + left + j];
    }
}

template <class T>
void place(const T* from, std::ptrdiff_t apart, std::ptrdiff_t count, std::ptrdiff_t length, T* to,
           const std::ptrdiff_t* places, std::ptrdiff_t step) {
    // A whole vector is stored also where what exceeds its length is stored again by those after it.
    const std::ptrdiff_t covering = (lanes<T> - 1) / length;
    for (std::ptrdiff_t v = 0; v < count; ++v) {
        T* const line = to + places[v];
        if (step == 1 && v + covering < count && places[v + covering] == places[v] + covering * length)
            store(line, load(from + v * apart));
        else if (step > 1 && length == lanes<T>)
            store_apart<T>(load(from + v * apart), line, step);
        else
            for (std::ptrdiff_t i = 0; i < length; ++i) line[i * step] = from[v * apart + i];
    }
}

template <class T, int size>
struct PieceOf {
    typedef T type __attribute__((vector_size(size * sizeof(T))));
};

// The second vector begins one element early, to end with the last element that is wanted. Chosen
// within each 16 bytes first, which takes one instruction, then halves of these are put in order.
template <class T, int size>
constexpr int alternate_in_part(int lane) {
    constexpr int part = lanes_in_part<T> < size ? lanes_in_part<T> : size;
    const int first = lane / part * part, at = lane % part;
    return at < part / 2 ? first + 2 * at : size + first + 2 * (at - part / 2) + 1;
}

template <class T, int size>
constexpr int in_order(int lane) {
    constexpr int half = (lanes_in_part<T> < size ? lanes_in_part<T> : size) / 2;
    const int from = lane / half;
    return (from < size / half / 2 ? 2 * from : 2 * (from - size / half / 2) + 1) * half + lane % half;
}

// Elements 0, step, 2 step, ... of a line, for a step of a power of two.
template <int step, class T, int... i>
[[gnu::always_inline]] inline auto piece_of(const T* from, std::integer_sequence<int, i...> piece) {
    constexpr int size = sizeof...(i);
    typename PieceOf<T, size>::type low, high;
    if constexpr (step == 1) {
        std::memcpy(&low, from, sizeof low);
        return low;
    } else {
        low = piece_of<step / 2>(from, piece);
        high = piece_of<step / 2>(from + (size - 1) * (step / 2), piece);
        low = __builtin_shufflevector(low, high, alternate_in_part<T, size>(i)...);
        return __builtin_shufflevector(low, low, in_order<T, size>(i)...);
    }
}

// In pieces of a power of two, the last of which ends with the line.
template <int step, int size, class T>
[[gnu::always_inline]] inline void copy_every(const T* from, std::ptrdiff_t count, T* to) {
    if constexpr (size == 1) {
        if (count == 1) *to = *from;
    } else if (count < size) {
        copy_every<step, size / 2>(from, count, to);
    } else {
        const auto copy_piece = [&](std::ptrdiff_t i) __attribute__((always_inline)) {
            const auto piece = piece_of<step>(from + i * step, std::make_integer_sequence<int, size>{});
            std::memcpy(to + i, &piece, sizeof piece);
        };
        std::ptrdiff_t i = 0;
        for (; i + size <= count; i += size) copy_piece(i);
        if (i < count) copy_piece(count - size);
    }
}

// The last piece ends with the line.
template <class T>
[[gnu::always_inline]] inline void copy_inside(const T* from, std::ptrdiff_t step, std::ptrdiff_t count, T* to) {
    if (step == 2) return copy_every<2, lanes<T>>(from, count, to);
    if (step == 4) return copy_every<4, lanes<T>>(from, count, to);
    if (step != 1) {
        for (std::ptrdiff_t i = 0; i < count; ++i) to[i] = from[i * step];
        return;
    }
    if (count < lanes<T>) return copy_short<lanes<T> / 2>(from, count, to);
    std::ptrdiff_t i = 0;
    for (; i + lanes<T> <= count; i += lanes<T>) store(to + i, load(from + i));
    if (i < count) store(to + count - lanes<T>, load(from + count - lanes<T>));
}

template <class T>
void copy(const CopiedLines<T>& given, const Channels& given_channels, const T* from, T* to) {
    const CopiedLines<T> lines = given;  // no copy of an element changes them
    const Channels channels = given_channels;
    const auto each_line = [&](const auto& copy_line) __attribute__((always_inline)) {
        for (std::ptrdiff_t channel = 0; channel < channels.count; ++channel)
            for (std::ptrdiff_t line = 0; line < lines.count; ++line)
                copy_line(from + channel * channels.from_apart + line * lines.from_apart,
                          to + channel * channels.to_apart + line * lines.to_apart);
    };
    const auto copy_each = [&](const T* source, T* line, std::ptrdiff_t first,
                               std::ptrdiff_t end) __attribute__((always_inline)) {
        for (std::ptrdiff_t i = first; i < end; ++i)
            line[i] = lines.sources[i] == absent ? lines.fill : source[lines.sources[i]];
    };
    const std::ptrdiff_t inside = lines.after - lines.inside, start = inside > 0 ? lines.sources[lines.inside] : 0;
    if (lines.length > inside)
        each_line([&](const T* source, T* line) __attribute__((always_inline)) {
            copy_each(source, line, 0, lines.inside);
            copy_inside(source + start, lines.step, inside, line + lines.inside);
            copy_each(source, line, lines.after, lines.length);
        });
    else if (lines.step == 1 && inside < lanes<T>)
        each_line([&](const T* source, T* line) __attribute__((always_inline)) {
            copy_short<lanes<T> / 2>(source + start, inside, line);
        });
    else
        each_line([&](const T* source, T* line) __attribute__((always_inline)) {
            copy_inside(source + start, lines.step, inside, line);
        });
}

}  // namespace
}  // namespace faltung::FALTUNG_LEVEL
