#include "channel_product_blocks.hpp"

#include <algorithm>
#include <numeric>

namespace faltung {
namespace {

// Enough positions that a panel's weights, once in the first-level cache, are worth loading, and
// few enough that a block's sums stay there, too.
constexpr std::ptrdiff_t usual_positions = 196;
// Vectors of positions whose samples and sums stay in the first-level cache.
constexpr std::ptrdiff_t usual_vectors = 448;
// The samples of a section: in the second-level cache, or little beyond it.
constexpr std::ptrdiff_t most_bytes = std::ptrdiff_t{1} << 20;
// Samples that vectors of positions are read from, again for every few filters and each term from another
// page: no more pages than a core translates without delay, 64 to 96 of 4 KiB.
constexpr std::ptrdiff_t most_bytes_read_again = std::ptrdiff_t{1} << 18;

std::ptrdiff_t quotient_up(std::ptrdiff_t a, std::ptrdiff_t b) { return (a + b - 1) / b; }

// Positions that are read lie a multiple of this apart.
std::ptrdiff_t unit_of(const Axis& axis) {
    if (axis.taps == 1) return axis.stride;
    return axis.outputs == 1 ? axis.dilation : std::gcd(axis.stride, axis.dilation);
}

// All sums of one step of each axis, the last axis fastest.
std::vector<std::ptrdiff_t> grid(const std::vector<std::vector<std::ptrdiff_t>>& axes) {
    std::vector<std::ptrdiff_t> points{0};
    for (const auto& steps : axes) {
        std::vector<std::ptrdiff_t> next;
        next.reserve(points.size() * steps.size());
        for (const std::ptrdiff_t point : points)
            for (const std::ptrdiff_t step : steps) next.push_back(point + step);
        points = std::move(next);
    }
    return points;
}

// The first position of each vector; the last one of a line steps back to end with it, if it can.
std::vector<std::ptrdiff_t> vector_starts(std::ptrdiff_t outputs, std::ptrdiff_t lanes) {
    std::vector<std::ptrdiff_t> starts;
    for (std::ptrdiff_t start = 0; start < outputs; start += lanes)
        starts.push_back(std::max(std::min(start, outputs - lanes), std::ptrdiff_t{0}));
    return starts;
}

// A column's taps as chains, each `gap` apart; those of one column differ by at most one tap.
struct Piece {
    std::ptrdiff_t first;
    int taps;
};
std::vector<Piece> cut_column(std::ptrdiff_t taps, std::ptrdiff_t gap) {
    std::vector<Piece> pieces;
    for (std::ptrdiff_t start = 0; start < gap; ++start) {
        const std::ptrdiff_t length = quotient_up(taps - start, gap), count = quotient_up(length, most_chained);
        for (std::ptrdiff_t piece = 0; piece < count; ++piece) {
            const std::ptrdiff_t first = piece * length / count, next = (piece + 1) * length / count;
            pieces.push_back({start + first * gap, static_cast<int>(next - first)});
        }
    }
    return pieces;
}

template <class Step>
std::vector<std::ptrdiff_t> steps(std::ptrdiff_t count, const Step& step) {
    std::vector<std::ptrdiff_t> all(static_cast<std::size_t>(count));
    for (std::ptrdiff_t i = 0; i < count; ++i) all[static_cast<std::size_t>(i)] = step(i);
    return all;
}

}  // namespace

CopiedAxis::CopiedAxis(const Axis& axis, std::ptrdiff_t lanes)
    : outputs(axis.outputs), taps(axis.taps), fills(axis.boundary == Boundary::constant), within(true) {
    const std::ptrdiff_t unit = unit_of(axis);
    stride = outputs == 1 ? 1 : axis.stride / unit;  // a single output has no next
    dilation = axis.dilation / unit;
    phases = lanes > 1 ? stride : 1;
    step = axis.step * unit * phases;
    const std::ptrdiff_t positions = (outputs - 1) * stride + (taps - 1) * dilation + 1;
    const std::ptrdiff_t in_phase = quotient_up(positions, phases);
    extent_of_phase = round_up(in_phase, lanes);  // a vector that starts with a line crosses no line of the cache
    sources.reserve(static_cast<std::size_t>(phases * extent_of_phase));
    for (std::ptrdiff_t phase = 0; phase < phases; ++phase) {
        const auto position = [&](std::ptrdiff_t i) { return axis.offset + (phase + i * phases) * unit; };
        const auto lies_inside = [&](std::ptrdiff_t i) { return position(i) >= 0 && position(i) < axis.length; };
        const std::ptrdiff_t start = phase * extent_of_phase;
        std::ptrdiff_t from = 0, to = in_phase;
        while (from < to && !lies_inside(from)) ++from;
        while (to > from && !lies_inside(to - 1)) --to;
        inside.push_back({start + from, start + to});
        within = from == 0 && to == in_phase && within;
        for (std::ptrdiff_t i = 0; i < extent_of_phase; ++i) {
            const std::ptrdiff_t source = source_index(axis.boundary, position(i), axis.length);
            sources.push_back(source < 0 || i >= in_phase ? absent : source * axis.step);
        }
    }
}

LayerBlocks::LayerBlocks(const std::vector<Axis>& axes, std::ptrdiff_t batch, std::ptrdiff_t channels, bool one_filter,
                         std::ptrdiff_t element_size, std::ptrdiff_t lanes)
    : batch_(batch), lanes_(lanes) {
    for (const Axis& axis : axes) copied_.emplace_back(axis, &axis == &axes.back() ? lanes : 1);
    chained_ = lanes > 1 && one_filter && copied_[row_axis()].chain_gap() < copied_[row_axis()].taps;
    choose_block(channels, one_filter, element_size);
    channel_pitch_ = copied_[0].extent(rows_);
    for (std::size_t i = 1; i < copied_.size(); ++i) channel_pitch_ *= copied_[i].extent();
    if (lanes > 1) channel_pitch_ = round_up(channel_pitch_, lanes) + lanes;  // the last vector may reach beyond
    // Channels a multiple of 1024 bytes apart would meet in the same places of the cache.
    if (channel_pitch_ * element_size % 1024 == 0) channel_pitch_ += 64 / element_size;
    section_ = std::clamp(most_bytes / (images_ * channel_pitch_ * element_size), std::ptrdiff_t{1}, channels);
    section_ = quotient_up(channels, quotient_up(channels, section_));
}

void LayerBlocks::choose_block(std::ptrdiff_t channels, bool one_filter, std::ptrdiff_t element_size) {
    for (std::size_t i = 1; i < copied_.size(); ++i) vectors_in_row_ *= copied_[i].outputs;
    if (lanes_ > 1) vectors_in_row_ = vectors_in_row_ / copied_.back().outputs * quotient_up(copied_.back().outputs, lanes_);
    strips_in_row_ = chained_ && row_axis() > 0 ? vectors_in_row_ / copied_[row_axis()].outputs : vectors_in_row_;
    // With strides a vector of sums takes as many of samples.
    const std::ptrdiff_t read = lanes_ > 1 ? copied_[0].base(1) * copied_.back().phases : 1;
    const std::ptrdiff_t most =
        one_filter ? usual_vectors : most_bytes_read_again / (channels * lanes_ * element_size);
    const std::ptrdiff_t usual =
        lanes_ > 1 ? std::max<std::ptrdiff_t>(std::min(usual_vectors, most) / read, 1) : usual_positions;
    const std::ptrdiff_t rows = copied_[0].outputs, in_image = rows * vectors_in_row_;
    if (in_image <= usual) {
        rows_ = rows;
        images_ = std::min(batch_, usual / in_image);
    } else {
        const std::ptrdiff_t most_rows = std::max<std::ptrdiff_t>(usual / vectors_in_row_, 1);
        rows_ = quotient_up(rows, quotient_up(rows, most_rows));
    }
    for (std::ptrdiff_t image = 0; image < batch_; image += images_)
        for (std::ptrdiff_t row = 0; row < rows; row += rows_)
            blocks_.push_back({image, std::min(images_, batch_ - image), row, std::min(rows_, rows - row)});
}

LayerBlocks::Layout LayerBlocks::copy_layout() const {
    std::vector<std::ptrdiff_t> pitch(copied_.size(), 1);
    for (std::size_t i = copied_.size() - 1; i > 0; --i) pitch[i - 1] = pitch[i] * copied_[i].extent();
    return {section_ * channel_pitch_, channel_pitch_, pitch};
}

bool LayerBlocks::readable_in_place() const {
    const CopiedAxis& last = copied_.back();
    const bool side_by_side = lanes_ == 1 || (last.step == 1 && last.phases == 1 && last.outputs >= lanes_);
    return side_by_side && std::all_of(copied_.begin(), copied_.end(), [](const CopiedAxis& axis) {
               return axis.within;
           });
}

LayerBlocks::Layout LayerBlocks::input_layout(std::ptrdiff_t batch_step, std::ptrdiff_t channel_step) const {
    std::vector<std::ptrdiff_t> axes;
    for (const CopiedAxis& axis : copied_) axes.push_back(axis.step);
    return {batch_step, channel_step, axes};
}

std::vector<std::ptrdiff_t> LayerBlocks::starts(std::size_t axis) const {
    if (chained_ && axis == row_axis()) return {0};
    return vector_starts(axis == 0 ? rows_ : copied_[axis].outputs, axis + 1 == copied_.size() ? lanes_ : 1);
}

std::vector<std::ptrdiff_t> LayerBlocks::bases(const Layout& layout) const {
    std::vector<std::vector<std::ptrdiff_t>> axes{steps(images_, [&](std::ptrdiff_t i) { return i * layout.image; })};
    for (std::size_t axis = 0; axis < copied_.size(); ++axis) {
        axes.push_back(starts(axis));
        for (std::ptrdiff_t& start : axes.back()) start = copied_[axis].base(start) * layout.axes[axis];
    }
    return grid(axes);
}

std::vector<std::ptrdiff_t> LayerBlocks::offsets(const Layout& layout) const {
    std::vector<std::vector<std::ptrdiff_t>> axes{steps(section_, [&](std::ptrdiff_t i) { return i * layout.channel; })};
    for (std::size_t axis = 0; axis < copied_.size(); ++axis)
        axes.push_back(
            steps(copied_[axis].taps, [&](std::ptrdiff_t k) { return copied_[axis].offset(k) * layout.axes[axis]; }));
    return grid(axes);
}

std::vector<Chain> LayerBlocks::chains(const Layout& layout) const {
    const CopiedAxis &row = copied_[row_axis()], &column = copied_.back();
    std::vector<std::vector<std::ptrdiff_t>> outer{steps(section_, [&](std::ptrdiff_t i) { return i * layout.channel; })};
    for (std::size_t axis = 0; axis < row_axis(); ++axis)
        outer.push_back(
            steps(copied_[axis].taps, [&](std::ptrdiff_t k) { return copied_[axis].offset(k) * layout.axes[axis]; }));
    std::vector<Chain> all;
    std::ptrdiff_t weight = 0;
    for (const std::ptrdiff_t sample : grid(outer)) {
        for (const auto& [first, taps] : cut_column(row.taps, row.chain_gap()))
            for (std::ptrdiff_t k = 0; k < column.taps; ++k)
                all.push_back({sample + row.offset(first) * layout.axes[row_axis()] + column.offset(k), 
                               weight + first * column.taps + k, taps});
        weight += row.taps * column.taps;
    }
    return all;
}

std::vector<std::ptrdiff_t> LayerBlocks::places(std::ptrdiff_t batch_step,
                                                const std::vector<std::ptrdiff_t>& output_steps) const {
    std::vector<std::vector<std::ptrdiff_t>> axes{steps(images_, [&](std::ptrdiff_t i) { return i * batch_step; })};
    for (std::size_t axis = 0; axis < copied_.size(); ++axis) {
        axes.push_back(starts(axis));
        for (std::ptrdiff_t& start : axes.back()) start *= output_steps[axis];
    }
    return grid(axes);
}

}  // namespace faltung
