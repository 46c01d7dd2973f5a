#include "channel_product_blocks.hpp"

#include <algorithm>
#include <numeric>

namespace faltung {
namespace {

// Enough positions that a panel's weights, once in the first-level cache, are worth loading, and
// few enough that a block's sums stay there, too.
constexpr std::ptrdiff_t usual_positions = 192;
// Vectors of positions whose samples and sums stay in the first-level cache.
constexpr std::ptrdiff_t usual_vectors = 448;
// The samples of a section: in the second-level cache, or little beyond it.
constexpr std::ptrdiff_t most_bytes = std::ptrdiff_t{1} << 20;

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

template <class Step>
std::vector<std::ptrdiff_t> steps(std::ptrdiff_t count, const Step& step) {
    std::vector<std::ptrdiff_t> all(static_cast<std::size_t>(count));
    for (std::ptrdiff_t i = 0; i < count; ++i) all[static_cast<std::size_t>(i)] = step(i);
    return all;
}

}  // namespace

CopiedAxis::CopiedAxis(const Axis& axis, bool neighbours_side_by_side) : outputs(axis.outputs), taps(axis.taps) {
    const std::ptrdiff_t unit = unit_of(axis);
    stride = axis.stride / unit;
    dilation = axis.dilation / unit;
    phases = neighbours_side_by_side ? stride : 1;
    step = axis.step * unit * phases;
    const std::ptrdiff_t positions = (outputs - 1) * stride + (taps - 1) * dilation + 1;
    extent_of_phase = quotient_up(positions, phases);
    sources.reserve(static_cast<std::size_t>(phases * extent_of_phase));
    for (std::ptrdiff_t phase = 0; phase < phases; ++phase) {
        const auto position = [&](std::ptrdiff_t i) { return axis.offset + (phase + i * phases) * unit; };
        const auto lies_inside = [&](std::ptrdiff_t i) { return position(i) >= 0 && position(i) < axis.length; };
        const std::ptrdiff_t start = phase * extent_of_phase;
        std::ptrdiff_t from = 0, to = extent_of_phase;
        while (from < to && !lies_inside(from)) ++from;
        while (to > from && !lies_inside(to - 1)) --to;
        inside.push_back({start + from, start + to});
        for (std::ptrdiff_t i = 0; i < extent_of_phase; ++i) {
            const std::ptrdiff_t source = source_index(axis.boundary, position(i), axis.length);
            sources.push_back(source < 0 ? absent : source * axis.step);
        }
    }
}

std::ptrdiff_t CopiedAxis::extent(std::ptrdiff_t some) const {
    return phases > 1 ? phases * extent_of_phase : (some - 1) * stride + (taps - 1) * dilation + 1;
}

LayerBlocks::LayerBlocks(const std::vector<Axis>& axes, std::ptrdiff_t batch, std::ptrdiff_t channels,
                         std::ptrdiff_t element_size, std::ptrdiff_t lanes)
    : batch_(batch), lanes_(lanes) {
    for (const Axis& axis : axes) copied_.emplace_back(axis, lanes > 1 && &axis == &axes.back());
    choose_block();
    channel_pitch_ = copied_[0].extent(rows_);
    for (std::size_t i = 1; i < copied_.size(); ++i) channel_pitch_ *= copied_[i].extent();
    channel_pitch_ += lanes - 1;  // the last vector may reach beyond
    // Channels a multiple of 1024 bytes apart would meet in the same places of the cache.
    if (channel_pitch_ * element_size % 1024 == 0) channel_pitch_ += 64 / element_size;
    section_ = std::clamp(most_bytes / (images_ * channel_pitch_ * element_size), std::ptrdiff_t{1}, channels);
    section_ = quotient_up(channels, quotient_up(channels, section_));
}

void LayerBlocks::choose_block() {
    for (std::size_t i = 1; i < copied_.size(); ++i) vectors_in_row_ *= copied_[i].outputs;
    if (lanes_ > 1) vectors_in_row_ = vectors_in_row_ / copied_.back().outputs * quotient_up(copied_.back().outputs, lanes_);
    const std::ptrdiff_t usual = lanes_ > 1 ? usual_vectors : usual_positions;
    const std::ptrdiff_t rows = copied_[0].outputs, in_image = rows * vectors_in_row_;
    if (in_image <= usual) {
        rows_ = rows;
        images_ = std::min(batch_, usual / in_image);
    } else {
        const std::ptrdiff_t most_rows = std::max<std::ptrdiff_t>(usual / vectors_in_row_, 1);
        rows_ = quotient_up(rows, quotient_up(rows, most_rows));
    }
    image_blocks_ = quotient_up(batch_, images_);
    row_blocks_ = quotient_up(rows, rows_);
}

OutputBlock LayerBlocks::operator[](std::ptrdiff_t index) const {
    const std::ptrdiff_t image = index / row_blocks_ * images_, row = index % row_blocks_ * rows_;
    return {image, std::min(images_, batch_ - image), row, std::min(rows_, copied_[0].outputs - row)};
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
               return axis.inside[0].from == 0 && axis.inside[0].to == axis.extent();
           });
}

LayerBlocks::Layout LayerBlocks::input_layout(std::ptrdiff_t batch_step, std::ptrdiff_t channel_step) const {
    std::vector<std::ptrdiff_t> axes;
    for (const CopiedAxis& axis : copied_) axes.push_back(axis.step);
    return {batch_step, channel_step, axes};
}

std::vector<std::ptrdiff_t> LayerBlocks::starts(std::size_t axis) const {
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
