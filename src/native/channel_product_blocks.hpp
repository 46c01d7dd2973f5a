// How a layer is cut: outputs into blocks, channels into sections, and where a block's samples lie
// in a copy of what it reads. All of it follows from the problem alone.
#pragma once

#include <vector>

#include "direct_geometry.hpp"

namespace faltung {

// Whole images, or rows (positions along the first axis) of a single one.
struct OutputBlock {
    std::ptrdiff_t image, images, row, rows;
};

// An axis of a copy, which holds only positions that may be read. In positions of the copy:
struct CopiedAxis {
    CopiedAxis(const Axis& axis);
    // From the first sample of the first of some outputs to the last sample of the last one.
    [[nodiscard]] std::ptrdiff_t reach(std::ptrdiff_t some) const { return (some - 1) * stride + (taps - 1) * dilation + 1; }

    std::ptrdiff_t outputs, stride, taps, dilation;
    std::vector<std::ptrdiff_t> sources;  // the input's element that each reads, or `absent`
    std::ptrdiff_t inside_from, inside_to, step;  // these lie in the input itself, `step` apart
};

class LayerBlocks {
public:
    // Axes with their steps in elements; at least one.
    LayerBlocks(const std::vector<Axis>& axes, std::ptrdiff_t batch, std::ptrdiff_t channels,
                std::ptrdiff_t element_size);

    [[nodiscard]] std::ptrdiff_t count() const { return image_blocks_ * row_blocks_; }
    [[nodiscard]] OutputBlock operator[](std::ptrdiff_t index) const;
    [[nodiscard]] std::ptrdiff_t positions(const OutputBlock& block) const {
        return block.images * block.rows * positions_in_row_;
    }
    [[nodiscard]] std::ptrdiff_t most_positions() const { return images_ * rows_ * positions_in_row_; }
    // Channels whose samples are copied and summed before the next ones.
    [[nodiscard]] std::ptrdiff_t channels_in_section() const { return section_; }

    // The copy: for each image, channels of a section, each with these axes.
    [[nodiscard]] const std::vector<CopiedAxis>& copied_axes() const { return copied_; }
    [[nodiscard]] std::ptrdiff_t copied_rows(std::ptrdiff_t rows) const { return copied_[0].reach(rows); }
    [[nodiscard]] std::ptrdiff_t channel_pitch() const { return channel_pitch_; }
    [[nodiscard]] std::ptrdiff_t copied_elements() const { return images_ * section_ * channel_pitch_; }

    // From the start of a block's copy: each position's first sample.
    [[nodiscard]] std::vector<std::ptrdiff_t> bases() const;
    // From a position's first sample: those of all terms of a section.
    [[nodiscard]] std::vector<std::ptrdiff_t> offsets() const;
    // From a block's first output: all of its outputs.
    [[nodiscard]] std::vector<std::ptrdiff_t> places(std::ptrdiff_t batch_step,
                                                     const std::vector<std::ptrdiff_t>& steps) const;

private:
    [[nodiscard]] std::vector<std::ptrdiff_t> pitches() const;

    std::ptrdiff_t batch_;
    std::vector<CopiedAxis> copied_;
    std::ptrdiff_t positions_in_row_ = 1, images_ = 1, rows_ = 1, image_blocks_ = 1, row_blocks_ = 1;
    std::ptrdiff_t channel_pitch_ = 1, section_ = 1;
};

}  // namespace faltung
