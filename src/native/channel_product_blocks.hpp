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

// An axis of a copy, which holds only positions that may be read, `phases` of them apart side by
// side: first every phases-th one from the first on, then from the second, and so on.
class CopiedAxis {
public:
    CopiedAxis(const Axis& axis, bool neighbours_side_by_side);

    // Elements from the first sample of the first of some outputs to the last sample of the last.
    [[nodiscard]] std::ptrdiff_t extent(std::ptrdiff_t some) const;
    [[nodiscard]] std::ptrdiff_t extent() const { return extent(outputs); }
    // Where output p's first sample lies; and from there its k-th.
    [[nodiscard]] std::ptrdiff_t base(std::ptrdiff_t p) const { return p * stride / phases; }
    [[nodiscard]] std::ptrdiff_t offset(std::ptrdiff_t k) const {
        return k * dilation % phases * extent_of_phase + k * dilation / phases;
    }

    std::ptrdiff_t outputs, taps;
    std::ptrdiff_t phases, extent_of_phase;
    std::ptrdiff_t step;                  // elements between neighbours within the input
    std::vector<std::ptrdiff_t> sources;  // the element that each position reads, or `absent`
    struct Inside {
        std::ptrdiff_t from, to;  // in the copy: these read the input itself
    };
    std::vector<Inside> inside;  // of each phase

private:
    std::ptrdiff_t stride, dilation;
};

class LayerBlocks {
public:
    // Axes with their steps in elements, at least one. `lanes`: positions along the last axis that
    // make a vector; with more than one, the first axis must be another than the last.
    LayerBlocks(const std::vector<Axis>& axes, std::ptrdiff_t batch, std::ptrdiff_t channels,
                std::ptrdiff_t element_size, std::ptrdiff_t lanes);

    [[nodiscard]] std::ptrdiff_t count() const { return image_blocks_ * row_blocks_; }
    [[nodiscard]] OutputBlock operator[](std::ptrdiff_t index) const;
    // Vectors of positions, the last one of a line filled up.
    [[nodiscard]] std::ptrdiff_t vectors(const OutputBlock& block) const {
        return block.images * block.rows * vectors_in_row_;
    }
    [[nodiscard]] std::ptrdiff_t most_vectors() const { return images_ * rows_ * vectors_in_row_; }
    // Channels whose samples are copied and summed before the next ones.
    [[nodiscard]] std::ptrdiff_t channels_in_section() const { return section_; }

    // The copy: for each image, channels of a section, each with these axes.
    [[nodiscard]] const std::vector<CopiedAxis>& copied_axes() const { return copied_; }
    [[nodiscard]] std::ptrdiff_t channel_pitch() const { return channel_pitch_; }
    [[nodiscard]] std::ptrdiff_t copied_elements() const { return images_ * section_ * channel_pitch_; }

    // How far apart neighbours lie, in a copy or in the input itself.
    struct Layout {
        std::ptrdiff_t image, channel;
        std::vector<std::ptrdiff_t> axes;
    };
    [[nodiscard]] Layout copy_layout() const;
    // Of an input in which every position that is read lies, and vectors side by side.
    [[nodiscard]] bool readable_in_place() const;
    [[nodiscard]] Layout input_layout(std::ptrdiff_t batch_step, std::ptrdiff_t channel_step) const;

    // From a block's first sample: each vector's first sample.
    [[nodiscard]] std::vector<std::ptrdiff_t> bases(const Layout& layout) const;
    // From a position's first sample: those of all terms of a section.
    [[nodiscard]] std::vector<std::ptrdiff_t> offsets(const Layout& layout) const;
    // From a block's first output: the first of each vector.
    [[nodiscard]] std::vector<std::ptrdiff_t> places(std::ptrdiff_t batch_step,
                                                     const std::vector<std::ptrdiff_t>& steps) const;

private:
    void choose_block();
    [[nodiscard]] std::vector<std::ptrdiff_t> starts(std::size_t axis) const;

    std::ptrdiff_t batch_, lanes_;
    std::vector<CopiedAxis> copied_;
    std::ptrdiff_t vectors_in_row_ = 1, images_ = 1, rows_ = 1, image_blocks_ = 1, row_blocks_ = 1;
    std::ptrdiff_t channel_pitch_ = 1, section_ = 1;
};

}  // namespace faltung
