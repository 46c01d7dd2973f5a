// One group of blocks: load, decide what may be transformed together, correlate, store, and
// compute by the definition what no transform should.
#include <cmath>
#include <limits>

#include "overlap_save_blocks.hpp"
#include "power_of_two.hpp"
#include "transform.hpp"
#include "windowed_sums.hpp"

namespace faltung::FALTUNG_LEVEL {
namespace {

// Blocks that share a complex transform share its rounding errors, so their sizes may differ by
// this factor at most.
constexpr int largest_ratio = 16;

// The blocks in the real (or imaginary) parts of a group's lanes.
template <class T>
struct Half {
    BlockRow<T> blocks;
    T peaks[lanes<T>] = {};  // largest magnitude; infinity or NaN if any sample is

    bool finite(int lane) const { return std::isfinite(peaks[lane]); }
    bool live(int lane) const { return finite(lane) && peaks[lane] != 0; }
};

template <class T>
Half<T> locate_half(const FilterView<T>& filter, const Lines<T>& lines, std::ptrdiff_t first) {
    Half<T> half;
    for (int l = 0; l < lanes<T>; ++l) half.blocks[l] = locate(lines, filter.length - filter.count + 1, first + l);
    return half;
}

// Loads the half's samples into the real parts of `points`, and the partner's, if there is one,
// into the imaginary parts, which are else zero.
template <class T>
void load_halves(const FilterView<T>& filter, const Lines<T>& lines, Half<T>& half, Half<T>* partner,
                 Vector<T>* points) {
    const std::ptrdiff_t step = std::min<std::ptrdiff_t>(filter.length, piece_length);
    Vector<Bits<T>> peaks{}, partner_peaks{};
    for (std::ptrdiff_t begin = 0; begin < filter.length; begin += step) {
        load_piece<T>(lines, half.blocks, begin, step, peaks, points);
        if (partner)
            load_piece<T>(lines, partner->blocks, begin, step, partner_peaks, points + 1);
        else
            for (std::ptrdiff_t i = begin; i < begin + step; ++i) points[2 * i + 1] = Vector<T>{};
    }
    std::memcpy(half.peaks, &peaks, sizeof peaks);
    if (partner) std::memcpy(partner->peaks, &partner_peaks, sizeof partner_peaks);
}

template <class T>
void store_halves(const FilterView<T>& filter, const Lines<T>& lines, const Half<T>& half, const Half<T>* partner,
                  const Vector<T>* points) {
    const std::ptrdiff_t outputs = filter.length - filter.count + 1;
    for (std::ptrdiff_t begin = 0; begin < outputs; begin += piece_length) {
        store_piece<T>(lines, points, half.blocks, begin, begin + piece_length);
        if (partner) store_piece<T>(lines, points + 1, partner->blocks, begin, begin + piece_length);
    }
}

template <class T>
bool may_share(const Half<T>& a, const Half<T>& b) {
    for (int l = 0; l < lanes<T>; ++l) {
        if (!a.live(l) || !b.live(l)) continue;  // zeros disturb nobody, and are not disturbed
        const T less = std::min(a.peaks[l], b.peaks[l]), more = std::max(a.peaks[l], b.peaks[l]);
        if (less * largest_ratio < more) return false;
    }
    return true;
}

// Non-finite blocks take no part in a transform.
template <class T>
void silence_nonfinite(const Half<T>& half, Vector<T>* points, int length) {
    Vector<Bits<T>> keep{};
    bool all = true;
    for (int l = 0; l < lanes<T>; ++l) {
        keep[l] = half.finite(l) ? -1 : 0;
        all = all && half.finite(l);
    }
    if (all) return;
    for (int i = 0; i < length; ++i)
        points[2 * i] = reinterpret_cast<Vector<T>>(reinterpret_cast<Vector<Bits<T>>>(points[2 * i]) & keep);
}

// The exponent that a lane is scaled down by: 0 for moderate samples.
template <class T>
int scaling_exponent(T peak) {
    const int exponent = exponent_above(peak);
    return std::abs(exponent) > moderate_exponent<T> ? exponent : 0;
}

template <class T>
void scale(Vector<T>* points, int length, const T* factors) {
    const Vector<T> by = load<T>(factors);
    for (int i = 0; i < 2 * length; ++i) points[i] *= by;
}

// Scales each lane so that nothing can overflow or underflow, correlates, scales back.
template <class T>
void correlate_scaled(const FilterView<T>& filter, const int* exponents, Vector<T>* points) {
    T down[lanes<T>], up_first[lanes<T>], up_second[lanes<T>];
    for (int l = 0; l < lanes<T>; ++l) {
        const PowerOfTwo<T> up(exponents[l] + filter.spectrum_exponent);
        down[l] = power_of_two<T>(-exponents[l]);
        up_first[l] = up.first;
        up_second[l] = up.second;
    }
    scale(points, filter.length, down);
    correlate(points, filter.length, filter.twiddles, filter.spectrum);
    scale(points, filter.length, up_first);
    scale(points, filter.length, up_second);
}

// `partner` is null where the imaginary parts are zero.
template <class T>
void correlate_group(const FilterView<T>& filter, const Half<T>& half, const Half<T>* partner, Vector<T>* points) {
    silence_nonfinite(half, points, filter.length);
    if (partner) silence_nonfinite(*partner, points + 1, filter.length);
    int exponents[lanes<T>];
    bool moderate = filter.spectrum_exponent == 0;
    for (int l = 0; l < lanes<T>; ++l) {
        T peak = half.live(l) ? half.peaks[l] : T{0};
        if (partner && partner->live(l)) peak = std::max(peak, partner->peaks[l]);
        exponents[l] = scaling_exponent(peak);
        moderate = moderate && exponents[l] == 0;
    }
    if (moderate)
        correlate(points, filter.length, filter.twiddles, filter.spectrum);
    else
        correlate_scaled(filter, exponents, points);
}

// How far a block's sums can reach beyond the largest number, as an exponent: 0 if they cannot.
template <class T>
int excess(const FilterView<T>& filter, T peak) {
    return std::max(0, exponent_above(peak) + filter.sum_exponent - (std::numeric_limits<T>::max_exponent - 2));
}

template <class T>
T finite_peak(const T* samples, int count) {
    T peak = 0;
    for (int i = 0; i < count; ++i)
        if (std::isfinite(samples[i])) peak = std::max(peak, std::abs(samples[i]));
    return peak;
}

// A block's outputs by the definition, into the second half of `room`. Partial sums may be
// larger than the result: if they could overflow, they are computed scaled.
template <class T>
const T* defined_outputs(const FilterView<T>& filter, const Lines<T>& lines, const Block<T>& block, T* room) {
    T* outputs = room + filter.length + windowed_sums_padding<T>;
    gather(lines, block.line, block.position, filter.length, room);
    std::fill_n(room + filter.length, windowed_sums_padding<T>, T{0});
    const int beyond = excess(filter, finite_peak(room, filter.length));
    if (beyond > 0) {
        const T down = power_of_two<T>(-beyond);
        for (int i = 0; i < filter.length; ++i) room[i] *= down;
    }
    windowed_sums(room, filter.taps, filter.count, block.count, outputs);
    if (beyond > 0) {
        const PowerOfTwo<T> up(beyond);
        for (std::ptrdiff_t i = 0; i < block.count; ++i) outputs[i] = outputs[i] * up.first * up.second;
    }
    return outputs;
}

template <class T>
bool all_finite(const Block<T>& block, std::ptrdiff_t inner) {
    for (std::ptrdiff_t i = 0; i < block.count; ++i)
        if (!std::isfinite(block.outputs[i * inner])) return false;
    return true;
}

// Replaces a block's outputs by the definition's: all of them, or those that overflowed.
template <class T>
void redo(const FilterView<T>& filter, const Lines<T>& lines, const Block<T>& block, bool whole, T* room) {
    const T* outputs = defined_outputs(filter, lines, block, room);
    for (std::ptrdiff_t i = 0; i < block.count; ++i) {
        T& output = block.outputs[i * lines.inner];
        if (whole || !std::isfinite(output)) output = outputs[i];
    }
}

// After its outputs are stored, `points` is free to be used as room.
template <class T>
void finish(const FilterView<T>& filter, const Lines<T>& lines, const Half<T>& half, Vector<T>* points) {
    T* room = reinterpret_cast<T*>(points);
    for (int l = 0; l < lanes<T>; ++l) {
        const Block<T>& block = half.blocks[l];
        if (block.count == 0) continue;
        if (!half.finite(l))
            redo(filter, lines, block, true, room);
        else if (half.peaks[l] == 0)
            for (std::ptrdiff_t i = 0; i < block.count; ++i) block.outputs[i * lines.inner] = 0;
        else if (excess(filter, half.peaks[l]) > 0 && !all_finite(block, lines.inner))
            redo(filter, lines, block, false, room);
    }
}

// Correlates what is loaded and stores it.
template <class T>
void correlate_and_store(const FilterView<T>& filter, const Lines<T>& lines, const Half<T>& half,
                         const Half<T>* partner, Vector<T>* points) {
    correlate_group(filter, half, partner, points);
    store_halves(filter, lines, half, partner, points);
    finish(filter, lines, half, points);
    if (partner) finish(filter, lines, *partner, points);
}

template <class T>
void group_of_blocks(const FilterView<T>& filter, const Lines<T>& lines, std::ptrdiff_t group, Vector<T>* points) {
    Half<T> real = locate_half(filter, lines, group * 2 * lanes<T>);
    Half<T> imaginary = locate_half(filter, lines, group * 2 * lanes<T> + lanes<T>);
    load_halves(filter, lines, real, &imaginary, points);
    if (may_share(real, imaginary)) {
        correlate_and_store(filter, lines, real, &imaginary, points);
        return;
    }
    for (Half<T>* alone : {&real, &imaginary}) {
        load_halves<T>(filter, lines, *alone, nullptr, points);
        correlate_and_store<T>(filter, lines, *alone, nullptr, points);
    }
}

}  // namespace

int vector_bytes() { return FALTUNG_VECTOR_BYTES; }

void overlap_save_group(const FilterView<float>& filter, const Lines<float>& lines, std::ptrdiff_t group,
                        void* scratch) {
    group_of_blocks(filter, lines, group, static_cast<Vector<float>*>(scratch));
}

void overlap_save_group(const FilterView<double>& filter, const Lines<double>& lines, std::ptrdiff_t group,
                        void* scratch) {
    group_of_blocks(filter, lines, group, static_cast<Vector<double>*>(scratch));
}

}  // namespace faltung::FALTUNG_LEVEL
