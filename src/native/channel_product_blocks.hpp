// How a layer is cut: outputs into blocks, channels into sections, and where a block's samples lie
// in a copy of what it reads. All of it follows from the problem alone.
#pragma once

#include <vector>

#include "channel_product_kernel.hpp"
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
    // `lanes`: of vectors along the axis, each of whose neighbours lie side by side.
    CopiedAxis(const Axis& axis, std::ptrdiff_t lanes);

    // Elements from the first sample of the first of some outputs to the last sample of the last.
    [[nodiscard]] std::ptrdiff_t extent(std::ptrdiff_t some) const {
        return some == outputs ? phases * extent_of_phase : (some - 1) * stride + (taps - 1) * dilation + 1;
    }
    [[nodiscard]] std::ptrdiff_t extent() const { return extent(outputs); }
    // Where output p's first sample lies; and from there its k-th.
    [[nodiscard]] std::ptrdiff_t base(std::ptrdiff_t p) const { return phases > 1 ? p : p * stride; }
    [[nodiscard]] std::ptrdiff_t offset(std::ptrdiff_t k) const {
        return k * dilation % phases * extent_of_phase + k * dilation / phases;
    }

    // Taps from one that reads a sample for an output to the one that reads it for the output before;
    // all of them, if none does.
    [[nodiscard]] std::ptrdiff_t chain_gap() const { return dilation == 1 && stride < taps ? stride : taps; }

    std::ptrdiff_t outputs, taps;
    bool fills;   // positions beyond the edges read no sample
    bool within;  // none is read
    std::ptrdiff_t phases, extent_of_phase;  // one phase, or as many as the stride
    std::ptrdiff_t step;                  // elements between neighbours within the input
    std::vector<std::ptrdiff_t> sources;  // the element that each position reads, or `absent`
    struct Inside {
        std::ptrdiff_t from, to;  // in the copy: these read the input itself
    };
    std::vector<Inside> inside;  // of each phase

private:
    std::ptrdiff_t stride, dilation;
};

// How many strips a block's outputs are, and how many vectors lie below each other in one.
struct StripCount {
    std::ptrdiff_t strips, rows;
};

class LayerBlocks {
public:
    // Axes with their steps in elements, at least one. `lanes`: positions along the last axis that
    // make a vector; with more than one, the first axis must be another than the last.
    LayerBlocks(const std::vector<Axis>& axes, std::ptrdiff_t batch, std::ptrdiff_t channels, bool one_filter,
                std::ptrdiff_t element_size, std::ptrdiff_t lanes);

    [[nodiscard]] std::ptrdiff_t count() const { return static_cast<std::ptrdiff_t>(blocks_.size()); }
    [[nodiscard]] const OutputBlock& operator[](std::ptrdiff_t index) const {
        return blocks_[static_cast<std::size_t>(index)];
    }
    // Vectors of positions, the last one of a line filled up.
    [[nodiscard]] std::ptrdiff_t vectors(const OutputBlock& block) const {
        return block.images * block.rows * vectors_in_row_;
    }
    [[nodiscard]] std::ptrdiff_t most_vectors() const { return images_ * rows_ * vectors_in_row_; }
    // Whether taps of a column share samples between the rows of a strip; else a strip is one vector.
    [[nodiscard]] bool chained() const { return chained_; }
    [[nodiscard]] StripCount strips(const OutputBlock& block) const {
        if (!chained_) return {vectors(block), 1};
        if (row_axis() == 0) return {block.images * strips_in_row_, block.rows};
        return {block.images * block.rows * strips_in_row_, copied_[row_axis()].outputs};
    }
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

    // From a block's first sample: each strip's first sample.
    [[nodiscard]] std::vector<std::ptrdiff_t> bases(const Layout& layout) const;
    // From a position's first sample: those of all terms of a section.
    [[nodiscard]] std::vector<std::ptrdiff_t> offsets(const Layout& layout) const;
    // The same terms as chains.
    [[nodiscard]] std::vector<Chain> chains(const Layout& layout) const;
    // From a tap of a chain to the next: weights; from a row of a strip to the next: samples.
    [[nodiscard]] std::ptrdiff_t chain_step() const { return copied_[row_axis()].chain_gap() * copied_.back().taps; }
    [[nodiscard]] std::ptrdiff_t row_step(const Layout& layout) const {
        return copied_[row_axis()].base(1) * layout.axes[row_axis()];
    }
    // From a block's first output: the first of each strip.
    [[nodiscard]] std::vector<std::ptrdiff_t> places(std::ptrdiff_t batch_step,
                                                     const std::vector<std::ptrdiff_t>& steps) const;

private:
    void choose_block(std::ptrdiff_t channels, bool one_filter, std::ptrdiff_t element_size);
    [[nodiscard]] std::vector<std::ptrdiff_t> starts(std::size_t axis) const;

    // The axis whose positions lie below each other.
    [[nodiscard]] std::size_t row_axis() const { return copied_.size() - 2; }

    std::ptrdiff_t batch_, lanes_;
    bool chained_ = false;
    std::vector<CopiedAxis> copied_;
    std::vector<OutputBlock> blocks_;
    std::ptrdiff_t vectors_in_row_ = 1, strips_in_row_ = 1, images_ = 1, rows_ = 1;
    std::ptrdiff_t channel_pitch_ = 1, section_ = 1;
};

}  // namespace faltung
