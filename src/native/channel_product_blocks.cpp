#include "channel_product_blocks.hpp"

#include <algorithm>
#include <numeric>

namespace faltung {
namespace {

// Enough positions that a panel's weights, once in the first-level cache, are worth loading, and
// few enough that a block's sums stay in the second.
constexpr std::ptrdiff_t usual_positions = 384;
// The samples of a section: in the second-level cache, or little beyond it.
constexpr std::ptrdiff_t most_bytes = std::ptrdiff_t{1} << 20;

std::ptrdiff_t quotient_up(std::ptrdiff_t a, std::ptrdiff_t b) { return (a + b - 1) / b; }

// Positions that are read lie a multiple of this apart.
std::ptrdiff_t unit_of(const Axis& axis) {
    if (axis.taps == 1) return axis.stride;
    return axis.outputs == 1 ? axis.dilation : std::gcd(axis.stride, axis.dilation);
}

// Indices of all points of a grid with these counts, the last axis fastest, each times its steps.
std::vector<std::ptrdiff_t> grid(const std::vector<std::ptrdiff_t>& counts, const std::vector<std::ptrdiff_t>& steps) {
    std::vector<std::ptrdiff_t> points{0};
    for (std::size_t axis = 0; axis < counts.size(); ++axis) {
        std::vector<std::ptrdiff_t> next;
        next.reserve(points.size() * static_cast<std::size_t>(counts[axis]));
        for (const std::ptrdiff_t point : points)
            for (std::ptrdiff_t i = 0; i < counts[axis]; ++i) next.push_back(point + i * steps[axis]);
        points = std::move(next);
    }
    return points;
}

}  // namespace

CopiedAxis::CopiedAxis(const Axis& axis) : outputs(axis.outputs), taps(axis.taps) {
    const std::ptrdiff_t unit = unit_of(axis);
    stride = axis.stride / unit;
    dilation = axis.dilation / unit;
    step = axis.step * unit;
    const std::ptrdiff_t extent = reach(outputs);
    sources.resize(static_cast<std::size_t>(extent));
    for (std::ptrdiff_t i = 0; i < extent; ++i) {
        const std::ptrdiff_t source = source_index(axis.boundary, axis.offset + i * unit, axis.length);
        sources[static_cast<std::size_t>(i)] = source < 0 ? absent : source * axis.step;
    }
    inside_from = std::clamp(quotient_up(std::max<std::ptrdiff_t>(-axis.offset, 0), unit), std::ptrdiff_t{0}, extent);
    const std::ptrdiff_t room = axis.length - axis.offset;
    inside_to = std::clamp(room > 0 ? quotient_up(room, unit) : 0, inside_from, extent);
}

LayerBlocks::LayerBlocks(const std::vector<Axis>& axes, std::ptrdiff_t batch, std::ptrdiff_t channels,
                         std::ptrdiff_t element_size)
    : batch_(batch), copied_(axes.begin(), axes.end()) {
    for (std::size_t i = 1; i < copied_.size(); ++i) positions_in_row_ *= copied_[i].outputs;
    const std::ptrdiff_t rows = copied_[0].outputs, in_image = rows * positions_in_row_;
    if (in_image <= usual_positions) {
        rows_ = rows;
        images_ = std::min(batch, usual_positions / in_image);
    } else {
        const std::ptrdiff_t most_rows = std::max<std::ptrdiff_t>(usual_positions / positions_in_row_, 1);
        rows_ = quotient_up(rows, quotient_up(rows, most_rows));
    }
    image_blocks_ = quotient_up(batch, images_);
    row_blocks_ = quotient_up(rows, rows_);
    channel_pitch_ = copied_rows(rows_);
    for (std::size_t i = 1; i < copied_.size(); ++i) channel_pitch_ *= copied_[i].reach(copied_[i].outputs);
    // Channels a multiple of 1024 bytes apart would meet in the same places of the cache.
    if (channel_pitch_ * element_size % 1024 == 0) channel_pitch_ += 64 / element_size;
    section_ = std::clamp(most_bytes / (images_ * channel_pitch_ * element_size), std::ptrdiff_t{1}, channels);
    section_ = quotient_up(channels, quotient_up(channels, section_));
}

OutputBlock LayerBlocks::operator[](std::ptrdiff_t index) const {
    const std::ptrdiff_t image = index / row_blocks_ * images_, row = index % row_blocks_ * rows_;
    return {image, std::min(images_, batch_ - image), row, std::min(rows_, copied_[0].outputs - row)};
}

std::vector<std::ptrdiff_t> LayerBlocks::pitches() const {
    std::vector<std::ptrdiff_t> pitch(copied_.size(), 1);
    for (std::size_t i = copied_.size() - 1; i > 0; --i) pitch[i - 1] = pitch[i] * copied_[i].reach(copied_[i].outputs);
    return pitch;
}

std::vector<std::ptrdiff_t> LayerBlocks::bases() const {
    std::vector<std::ptrdiff_t> counts{images_}, steps{section_ * channel_pitch_};
    const auto pitch = pitches();
    for (std::size_t i = 0; i < copied_.size(); ++i) {
        counts.push_back(i == 0 ? rows_ : copied_[i].outputs);
        steps.push_back(copied_[i].stride * pitch[i]);
    }
    return grid(counts, steps);
}

std::vector<std::ptrdiff_t> LayerBlocks::offsets() const {
    std::vector<std::ptrdiff_t> counts{section_}, steps{channel_pitch_};
    const auto pitch = pitches();
    for (std::size_t i = 0; i < copied_.size(); ++i) {
        counts.push_back(copied_[i].taps);
        steps.push_back(copied_[i].dilation * pitch[i]);
    }
    return grid(counts, steps);
}

std::vector<std::ptrdiff_t> LayerBlocks::places(std::ptrdiff_t batch_step,
                                                const std::vector<std::ptrdiff_t>& steps) const {
    std::vector<std::ptrdiff_t> counts{images_}, all_steps{batch_step};
    for (std::size_t i = 0; i < copied_.size(); ++i) {
        counts.push_back(i == 0 ? rows_ : copied_[i].outputs);
        all_steps.push_back(steps[i]);
    }
    return grid(counts, all_steps);
}

}  // namespace faltung
